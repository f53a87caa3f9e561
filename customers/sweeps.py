"""The periodic plans of this app, as the schedule names them."""

from customers.files.attaching import purge as purge_files

__all__ = ["purge_files"]
