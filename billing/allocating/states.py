"""Whether something is paid, in a word. Pure."""

from datetime import date, timedelta
from decimal import Decimal

from django.db import models


class PaidState(models.TextChoices):
    """Of a debit, and the last two of a credit."""

    OPEN = "open", "Open"
    PART = "part", "Part-paid"
    OVERDUE = "overdue", "Overdue"
    PAID = "paid", "Paid"
    CREDITED = "credited", "Credited"
    UNALLOCATED = "unallocated", "Unallocated"
    ALLOCATED = "allocated", "Allocated"


MEANINGS = {
    PaidState.OPEN: "info",
    PaidState.PART: "attention",
    PaidState.OVERDUE: "stopped",
    PaidState.PAID: "working",
    PaidState.UNALLOCATED: "info",
}


def paid_state(amount: Decimal, rest: Decimal, due_on: date, on: date, overdue_days: int = 0) -> PaidState:
    """Of an item of that amount with so much of it open on the day; overdue is later than due (D-8)."""
    if amount < 0:
        return PaidState.UNALLOCATED if rest else PaidState.ALLOCATED
    if not rest:
        return PaidState.PAID
    if due_on + timedelta(days=overdue_days) < on:
        return PaidState.OVERDUE
    return PaidState.OPEN if rest == amount else PaidState.PART
