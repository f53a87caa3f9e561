"""The periodic plans of this app, as named in ispbilling/schedule.py."""

from notifications.announce import announce
from notifications.deliver import deliver

__all__ = ["announce", "deliver"]
