"""The only writer of the access log: one insert, which does nothing the second time within a quarter of an hour."""

from datetime import datetime

from customers.accounts.models import Customer
from customers.protection.models import Visit
from ispbilling.core.models import User

SLOT = 15 * 60


def note(customer: Customer, user: User, now: datetime) -> None:
    """Write down that this person opened the profile."""
    visit = Visit(customer=customer, user=user, at=now, slot=int(now.timestamp()) // SLOT)
    Visit.objects.bulk_create([visit], ignore_conflicts=True)
