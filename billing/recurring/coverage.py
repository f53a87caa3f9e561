"""Which days of a recurring line are charged when, and which are left. Pure: days in, spans of days out.

A line is charged in cycles of 1, 3, 6 or 12 calendar months, counted from the month of its first day. What was
billed is kept month by month, with the days that were paid for; what is due is what is wanted and not kept there.
So a line that ended and was opened again owes exactly the days nobody paid for, however often it changes its mind.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from ispbilling.core.clock import Period

#: From a day up to but not including another.
Span = tuple[date, date]
#: What a part of a cycle costs (`billing.recurring.models.Proration`).
FULL, NONE = "full", "none"


@dataclass(frozen=True, slots=True)
class Printed:
    """The line of a document that charged some days, and what it said."""

    since: date
    until: date
    quantity: Decimal
    price: Decimal
    discount: Decimal
    vat_rate: Decimal
    net: Decimal
    vat: Decimal
    gl_code: str


@dataclass(frozen=True, slots=True)
class Billed:
    """Days `since` up to but not including `until` of one month (`period` is its first day), as a document billed
    them, or with `credit` gave them back.

    `standing`: the document was not taken back. `settled`: it is not billed anew, standing or not. `printed` comes
    with lines that credit unused days, and with those of a package change; `change` is the one it was billed under.
    """

    period: date
    generation: int
    since: date
    until: date
    credit: bool
    standing: bool
    settled: bool
    printed: Printed | None = None
    change: int | None = None


class Days(NamedTuple):
    """Days of one month that a document bills (or credits), as `BilledPeriod` keeps them; `change` is the package
    change that their price comes from."""

    period: date
    generation: int
    since: date
    until: date
    credit: bool = False
    change: int | None = None


def cycle(starts_on: date, frequency: int, day: date) -> Period:
    """The cycle of `frequency` months that holds the day, counted from the month of the line's first day."""
    month = _number(day)
    return _months(month - (month - _number(starts_on)) % frequency, frequency)


def parts(
    starts_on: date, frequency: int, proration: str, since: date, until: date, rows: Sequence[Billed]
) -> Iterator[tuple[Period, Span]]:
    """What is due of [since, until): (cycle, days of it), in order.

    By the day it is the days nobody paid for; a full price is due for the whole cycle that is touched, once;
    and where a part costs nothing, only whole cycles are due.
    """
    while since < until:
        found = cycle(starts_on, frequency, since)
        days = whole = (found.start, found.end)
        if proration != FULL:
            days = (since, min(until, found.end))
        if proration != NONE or days == whole:
            for span in left(*days, rows):
                if proration != NONE or span == whole:
                    yield found, span
        since = found.end


def left(since: date, until: date, rows: Sequence[Billed]) -> list[Span]:
    """The days of [since, until) that are not settled, as spans in order."""
    rows = sorted(rows, key=lambda row: (row.period, row.generation))
    if not rows:
        return [(since, until)] if since < until else []
    wanted = _days(since, until)
    for row in rows:
        if row.settled and not row.credit:
            wanted -= _days(row.since, row.until)
        elif row.standing and row.credit:
            wanted |= _days(max(since, row.since), min(until, row.until))
    return _spans(wanted)


def charged(since: date, until: date, rows: Sequence[Billed]) -> list[tuple[Billed, Span]]:
    """The days of [since, until) that are charged and not credited: the rows that do it, with the days of each."""
    found: list[tuple[Billed, Span]] = []
    for row in sorted(rows, key=lambda row: (row.period, row.generation)):
        if row.credit or not row.standing:
            continue
        days = _days(max(since, row.since), min(until, row.until))
        for other in rows:
            # A day that was credited and charged anew is credited again from the later charge alone.
            if (
                other.credit
                and other.standing
                and (other.period, other.generation) > (row.period, row.generation)
            ):
                days -= _days(other.since, other.until)
        found += [(row, span) for span in _spans(days)]
    return found


def unused(after: date, rows: Sequence[Billed]) -> list[tuple[Printed, Span]]:
    """What was charged for days from `after` on and not credited yet: the printed lines and the days of each."""
    found: list[tuple[Printed, Span]] = []
    for row, span in charged(after, date.max, rows):
        if row.printed is None:
            continue
        if found and found[-1][0] == row.printed and found[-1][1][1] == span[0]:
            span = (found.pop()[1][0], span[1])
        found.append((row.printed, span))
    return found


def by_month(span: Span) -> Iterator[tuple[date, Span]]:
    """The span month by month: (first day of the month, the days of the span in it)."""
    since, until = span
    while since < until:
        month = _number(since)
        following = _month(month + 1)
        yield _month(month), (since, min(until, following))
        since = following


@lru_cache(maxsize=1024)  # the same few for every line of a run
def _months(first: int, count: int) -> Period:
    return Period(_month(first), _month(first + count))


def _number(day: date) -> int:
    """The month of the day, counted through."""
    return day.year * 12 + day.month - 1


def _month(number: int) -> date:
    """The first day of the month of that number."""
    return date(number // 12, number % 12 + 1, 1)


def _days(since: date, until: date) -> set[date]:
    return {since + timedelta(days=n) for n in range((until - since).days)}


def _spans(days: set[date]) -> list[Span]:
    found: list[Span] = []
    for day in sorted(days):
        if found and found[-1][1] == day:
            found[-1] = (found[-1][0], day + timedelta(days=1))
        else:
            found.append((day, day + timedelta(days=1)))
    return found
