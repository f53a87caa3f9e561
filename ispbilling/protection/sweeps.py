"""The periodic plan of data protection, as the schedule names it."""

from ispbilling.protection.exporting import plan as subject_exports

__all__ = ["subject_exports"]
