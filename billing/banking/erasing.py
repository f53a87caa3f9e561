"""Blanks what lines of bank statements say of a person whose payments they became."""

from billing.banking.models import BankLine
from customers.models import Customer
from ispbilling.core.events import ERASED


def erase(customer: Customer) -> dict[str, int]:
    """Blank the references of a customer's lines; rows per kind."""
    rows = BankLine.objects.filter(payment__payer=customer).exclude(reference__in=("", ERASED))
    return {"references on bank statements": rows.update(reference=ERASED)}
