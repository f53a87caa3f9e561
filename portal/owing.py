"""What a customer owes and by when, read from the ledger's balance and the invoices."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.documents import dues
from billing.documents.models import DocumentKind
from billing.models import Balance, BillingSettings, Document
from customers.merging.models import records_of
from customers.models import Customer
from ispbilling.core.money import ZERO


@dataclass(frozen=True, slots=True)
class Debt:
    """`amount` above zero is owed, below zero is credit; `due_on` is the earliest day something of it is
    due."""

    amount: Decimal
    due_on: date | None = None

    def overdue(self, today: date) -> bool:
        """Whether the days that the provider waits after the due date are over, too (D-8)."""
        return self.due_on is not None and dues.overdue_from(self.due_on, BillingSettings.get()) <= today

    @property
    def credit(self) -> Decimal:
        return -self.amount


def of(customer: Customer) -> Debt:
    """The debt of a customer as payer."""
    amount = Balance.objects.filter(customer=customer).values_list("amount", flat=True).first() or ZERO
    if amount <= 0:
        return Debt(amount)
    invoices = (
        Document.objects.filter(
            payer__in=records_of(customer), kind=DocumentKind.INVOICE, corrections__isnull=True
        )
        .order_by("-issued_on", "-id")
        .values_list("total", "due_on")
    )
    return Debt(amount, earliest_due(amount, invoices.iterator(chunk_size=50)))


def earliest_due(amount: Decimal, invoices: Iterable[tuple[Decimal, date]]) -> date | None:
    """When the oldest part of the debt is due; `invoices` newest first. Money pays the oldest first, so what
    is owed stands on the newest invoices: go back through them until they carry the amount. Pure."""
    found: date | None = None
    for total, due_on in invoices:
        if amount <= 0:
            break
        found = due_on if found is None else min(found, due_on)
        amount -= total
    return found
