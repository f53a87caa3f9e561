"""When an invoice is due, and from which day it is overdue (D-7, D-8).

Due is the invoice date plus the days till due, which the payer has itself, else its customer group, else the
billing settings. Overdue is one day later than due plus the days till overdue of the billing settings. A due
date is printed and never changes; the day from which paper is overdue follows the settings.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from billing.recurring.models import BillingSettings
from customers.models import Customer
from groups.models import CustomerGroup

#: A year to pay is the longest that is agreed with anybody.
LONGEST = 365


@dataclass(frozen=True, slots=True)
class Days:
    """Days till an invoice is due, and who decided them, as people say it."""

    days: int
    because: str

    def due_on(self, issued_on: date) -> date:
        """When an invoice of that day is due."""
        return issued_on + timedelta(days=self.days)


def default(group: CustomerGroup, settings: BillingSettings) -> Days:
    """What holds for a customer of the group that has no days of its own. Pure."""
    if group.due_days is not None:
        return Days(group.due_days, f"customer group {group}")
    return Days(settings.due_days, "billing settings")


def days_of(payer: Customer, settings: BillingSettings) -> Days:
    """The days till due of what this customer pays. Pure where its group is loaded."""
    if payer.due_days is not None:
        return Days(payer.due_days, "its own")
    return default(payer.group, settings)


def overdue_from(due_on: date, settings: BillingSettings) -> date:
    """The first day on which what was due then is overdue. Pure."""
    return due_on + timedelta(days=settings.overdue_days + 1)
