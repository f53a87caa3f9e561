"""How old a debt is called. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal

from billing.recurring.models import AgeBy
from ispbilling.core.money import ZERO

#: Name, heading, and the age in days from which a debt is in it; the first holds what is not due yet, too.
BUCKETS = (
    ("current", "Current", None),
    ("days30", "30 Days", 30),
    ("days60", "60 Days", 60),
    ("days90", "90 Days", 90),
    ("days120", "120+ Days", 120),
)
EXPLAINED = "30 Days holds what is 30 to 59 days old, Current what is younger or not due yet."


@dataclass(frozen=True, slots=True)
class Ages:
    """What is owed by age, and beside it, never netted into it, the credit that settles nothing yet.

    `credit` is zero or below; `overdue` is the part that is past its due date, whatever the age is counted from.
    """

    current: Decimal = ZERO
    days30: Decimal = ZERO
    days60: Decimal = ZERO
    days90: Decimal = ZERO
    days120: Decimal = ZERO
    credit: Decimal = ZERO
    overdue: Decimal = ZERO

    @property
    def balance(self) -> Decimal:
        """What the ledger says: all that is owed less the unused credit."""
        return self.current + self.days30 + self.days60 + self.days90 + self.days120 + self.credit

    def words(self) -> list[tuple[str, Decimal]]:
        """(heading, amount) of each bucket."""
        return [(heading, getattr(self, name)) for name, heading, _ in BUCKETS]

    def __add__(self, other: "Ages") -> "Ages":
        return Ages(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


def bucket(age: int) -> str:
    """The name of the bucket of a debt that many days old; negative for one that is not due yet."""
    return [name for name, _, since in BUCKETS if since is None or age >= since][-1]


def ages(open_items: Iterable[tuple[date, date, Decimal]], on: date, by: AgeBy) -> Ages:
    """Of (posted on, due on, open) the amounts by age on that day."""
    sums: dict[str, Decimal] = {}
    for posted_on, due_on, amount in open_items:
        since = due_on if by == AgeBy.DUE else posted_on
        name = bucket((on - since).days) if amount > 0 else "credit"
        sums[name] = sums.get(name, ZERO) + amount
        if amount > 0 and due_on < on:
            sums["overdue"] = sums.get("overdue", ZERO) + amount
    return Ages(**sums)
