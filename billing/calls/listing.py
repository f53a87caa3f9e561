"""What customers called: by day, by number and in sum. Amounts are before VAT. Reads only."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum
from django.db.models.functions import Coalesce

from billing.calls.models import Call, CallQuerySet, CallState, PhoneNumber
from billing.calls.numbers import spoken
from ispbilling.core.clock import Period, day_start
from ispbilling.core.money import ZERO, cents
from ispbilling.core.units import counted


@dataclass(frozen=True, slots=True)
class Talked:
    """Some calls in sum."""

    calls: int = 0
    seconds: int = 0
    paid: Decimal = ZERO
    spent: Decimal = ZERO

    @property
    def words(self) -> str:
        """`37 calls, 2 h 14 m`."""
        return f"{counted(self.calls, 'call')}, {spoken(self.seconds)}"

    @property
    def amount(self) -> Decimal:
        return cents(self.paid)


@dataclass(frozen=True, slots=True)
class Day:
    """A day's calls: what they cost us, and what the customer pays above it."""

    day: date
    cost: Decimal
    markup: Decimal


def summary(customers: Collection[int], period: Period) -> Talked:
    """The calls of customers in a period."""
    found = charged(customers, period).aggregate(**_SUMS)
    return Talked(**found)


def by_number(customers: Collection[int], period: Period) -> dict[int, Talked]:
    """The same for each number that called."""
    rows: Any = charged(customers, period).order_by().values("number").annotate(**_SUMS)
    return {row["number"]: Talked(row["calls"], row["seconds"], row["paid"], row["spent"]) for row in rows}


def daily(customers: Collection[int], period: Period) -> list[Day]:
    """Every day of the period. The markup of a call whose cost the carrier did not tell is all of its price."""
    rows = (
        charged(customers, period).order_by().values("day").annotate(paid=_SUMS["paid"], spent=_SUMS["spent"])
    )
    found = {row["day"]: (row["paid"], row["spent"]) for row in rows}
    days = [date.fromordinal(period.start.toordinal() + n) for n in range(period.days)]
    return [
        Day(day, cents(spent), cents(paid) - cents(spent))
        for day in days
        for paid, spent in [found.get(day, (ZERO, ZERO))]
    ]


def numbers_of(customers: Collection[int]) -> list[PhoneNumber]:
    """Their numbers, those in use first."""
    return sorted(
        PhoneNumber.objects.filter(customer__in=customers),
        key=lambda number: (number.ends_on is not None, number.label),
    )


def charged(customers: Collection[int], period: Period) -> CallQuerySet:
    """The calls of customers in a period that are billed or will be, by the instant: the index of a number knows it."""
    return Call.objects.filter(
        state=CallState.RATED,
        number__customer__in=customers,
        started_at__gte=day_start(period.start),
        started_at__lt=day_start(period.end),
    )


_SUMS = {
    "calls": Count("pk"),
    "seconds": Coalesce(Sum("seconds"), 0),
    "paid": Coalesce(Sum("price"), ZERO),
    "spent": Coalesce(Sum("cost"), ZERO),
}
