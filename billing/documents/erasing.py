"""Blanks who issued documents were made out to; numbers, amounts and the hash stay. The one way a party changes."""

from datetime import datetime

from billing.documents.models import Party
from customers.models import Customer
from ispbilling.core.events import ERASED


def erase(customer: Customer, now: datetime) -> dict[str, int]:
    """Blank the parties of a customer; rows per kind."""
    rows = Party.objects.filter(customer=customer, erased_at__isnull=True)
    return {
        "names and addresses on documents": rows.update(name=ERASED, address="", vat_number="", erased_at=now)
    }
