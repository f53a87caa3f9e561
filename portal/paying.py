"""How much of a debt somebody may want to pay online, and whether that is possible."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.allocating import open_items
from billing.gateways import accounts
from billing.models import Document
from customers.models import Customer
from ispbilling.core.money import ZERO, format_money
from portal import owing


@dataclass(frozen=True, slots=True)
class Choice:
    """One amount to choose."""

    name: str
    words: str
    amount: Decimal


def online() -> bool:
    """Whether a gateway is on."""
    return accounts.offered() is not None


def choices(customer: Customer, document: Document | None, on: date) -> list[Choice]:
    """What a customer may want to pay, the likeliest first: the invoice asked for, what is due, all that is owed."""
    rows = open_items.of([customer.pk], on)
    found = []
    if document is not None:
        rest = sum((row.open for row in rows if row.document_id == document.pk), ZERO)
        if rest > 0:
            found.append(Choice("invoice", f"{document.get_kind_display()} {document.reference}", rest))
    owed = owing.of(customer).amount
    due = min(sum((row.open for row in rows if row.open > 0 and row.due_on <= on), ZERO), owed)
    taken = {one.amount for one in found}
    if 0 < due < owed and due not in taken:
        found.append(Choice("due", "What is due now", due))
    if owed > 0 and owed not in taken:
        found.append(Choice("all", "Everything you owe", owed))
    return found


def sentence(choice: Choice) -> str:
    return f"{choice.words}: {format_money(choice.amount)}"
