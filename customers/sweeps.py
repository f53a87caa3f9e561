"""The periodic plans of this app, as the schedule names them."""

from customers.files.attaching import purge as purge_files
from customers.imports.forgetting import due as forget_imports
from customers.imports.work import waiting as import_customers

__all__ = ["forget_imports", "import_customers", "purge_files"]
