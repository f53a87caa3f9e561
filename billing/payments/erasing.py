"""Blanks what payments say of a person: the bank's reference and our note; numbers, days and amounts stay."""

from billing.payments.models import Payment
from customers.models import Customer
from ispbilling.core.events import ERASED


def erase(customer: Customer) -> dict[str, int]:
    """Blank the texts of a customer's payments; rows per kind."""
    rows = Payment.objects.filter(payer=customer)
    return {
        "references on payments": rows.exclude(reference__in=("", ERASED)).update(reference=ERASED),
        "notes on payments": rows.exclude(note__in=("", ERASED)).update(note=ERASED),
    }
