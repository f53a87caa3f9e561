"""What is decided about package changes, purely: which day, which cap, and why not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ispbilling.core.clock import Period, add_months

#: How far ahead a change may be planned, and how far back it may begin, in months.
AHEAD, BACK = 24, 12


@dataclass(frozen=True, slots=True)
class Terms:
    """What a line has: a package, and its own prices (None: it has none)."""

    package: int
    price: Decimal | None
    topup_price: Decimal | None


@dataclass(frozen=True, slots=True)
class Planned:
    """A change as far as terms go; `package_price` clears the line's custom price."""

    on: date
    package: int
    monthly_price: Decimal | None = None
    package_price: bool = False
    topup_price: Decimal | None = None

    def of(self, before: Terms) -> Terms:
        """What the line has after it."""
        price = None if self.package_price else before.price
        return Terms(
            self.package,
            price if self.monthly_price is None else self.monthly_price,
            before.topup_price if self.topup_price is None else self.topup_price,
        )


def upon(day: date, now: Terms, scheduled: Iterable[Planned]) -> Terms:
    """What a line that has `now` will have before the changes of that day."""
    for change in sorted(scheduled, key=lambda change: change.on):
        if change.on < day:
            now = change.of(now)
    return now


def proposed_day(today: date, old_price: Decimal, new_price: Decimal) -> date:
    """Today for what costs more, the first day of the next month for what costs less: nobody loses what was paid."""
    return today if new_price >= old_price else add_months(today.replace(day=1), 1)


def day_refused(on: date, today: date, starts_on: date, last_day: date | None, *, backdate: bool) -> str:
    """Why a change cannot begin on that day, as a sentence; empty when it can."""
    if last_day is not None and on > last_day:
        return f"The last day of service is {last_day}; a change after it would never take effect."
    if on < starts_on:
        return f"The line begins on {starts_on}; choose that day or a later one."
    if on < today and not backdate:
        return f"{on} has passed. To change what was billed needs another permission; choose today or a later day."
    if on < add_months(today, -BACK):
        return f"{on} is more than {BACK} months ago."
    if on > add_months(today, AHEAD):
        return f"{on} is more than {AHEAD} months ahead."
    return ""


def cap_of_month(
    month: Period, first: int | None, changes: Sequence[tuple[date, int | None]], *, prorated: bool
) -> int | None:
    """The cap in octets of a month that began with the cap `first`, after changes (day, cap) in their order.

    None is uncapped. In full it is the last one. Prorated, each package gives its share of the days it is there, in
    whole octets that sum to the whole for a cap that does not change; days without a cap count as those of the new
    one, since what they allowed cannot be divided.
    """
    caps = [first, *(cap for _, cap in changes)]
    last = caps[-1]
    if last is None or not prorated:
        return last
    edges = [month.start, *(min(max(day, month.start), month.end) for day, _ in changes), month.end]
    total = 0
    for cap, since, until in zip(caps, edges, edges[1:], strict=False):
        before, after = (since - month.start).days, (until - month.start).days
        cap = last if cap is None else cap
        total += cap * after // month.days - cap * before // month.days
    return max(total, 1)
