"""One recurring line as charges: its due days priced, days that nobody will use given back, and days that were billed
under another package credited and charged anew. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from billing.calls.due import Called
from billing.recurring.coverage import Billed, Days, Printed, Span, by_month, cycle
from billing.recurring.models import Proration
from billing.recurring.pricing import Price, give_back, price, unit_price
from billing.recurring.proration import Share
from billing.recurring.segments import History, Misbilled, Segment, cut, misbilled
from billing.recurring.terms import Terms
from ispbilling.core.clock import Period
from ispbilling.core.money import ZERO

DESCRIPTION = 250
#: Why days are given back.
UNUSED, CHANGED = "not used", "before the change of package"


class Due(NamedTuple):
    """A recurring line as a run reads it. `price` is for `months` months, `own` the first day of the cycle that falls
    to the run, and `rows` what was billed of the line. `account` is the data account whose price it has, if it has
    no other; `over` is the day after its last one."""

    id: int
    description: str
    quantity: Decimal
    price: Decimal | None
    months: int
    discount: Decimal
    vat_exempt: bool
    gl_code: str
    starts_on: date
    frequency: int
    proration: str
    own: date
    since: date
    until: date
    credit_from: date | None
    rows: list[list[Any]] | None
    account: int | None = None
    over: date | None = None

    @property
    def unit_price(self) -> Decimal:
        """For one cycle. Raises ValueError when there is none."""
        if self.price is None:
            raise ValueError(f"recurring line {self.id} has no price")
        return unit_price(self.price, self.months, self.frequency)


class Charge(NamedTuple):
    """One recurring line, priced for some days of a cycle; or days of it given back, with negative amounts; or the
    calls of a number in a month (`calls`), which have neither line nor days.

    `caught_up`: the cycle is one of an earlier run. `corrects`: the days were billed before, under another package.
    """

    recurring_line_id: int | None
    days: tuple[Days, ...]
    description: str
    quantity: Decimal
    unit_price: Decimal
    discount: Decimal
    vat_rate: Decimal
    gl_code: str
    price: Price
    because: str
    caught_up: bool = False
    corrects: bool = False
    calls: Called | None = None

    @property
    def span(self) -> Span:
        return self.days[0].since, self.days[-1].until


def billed(row: list[Any]) -> Billed:
    period, generation, since, until, credit, standing, settled, printed, change = row
    days = (date.fromisoformat(since), date.fromisoformat(until))
    return Billed(
        date.fromisoformat(period),
        generation,
        *days,
        credit,
        standing,
        settled,
        _printed(*printed) if printed else None,
        change,
    )


def _printed(since: str, until: str, *rest: str) -> Printed:
    quantity, price_, discount, rate, net, vat = (Decimal(amount) for amount in rest[:6])
    return Printed(
        date.fromisoformat(since),
        date.fromisoformat(until),
        quantity,
        price_,
        discount,
        rate,
        net,
        vat,
        rest[6],
    )


def charge(
    line: Due,
    whole: Period,
    span: Span,
    generations: dict[date, int],
    customer_discount: Decimal,
    terms: Terms,
    segment: Segment | None = None,
    description: str = "",
) -> Charge:
    part = _part(span, whole.start, whole.end)
    rate = ZERO if line.vat_exempt else terms.vat_rate
    unit = line.unit_price if segment is None else _unit_price(line, segment)
    discounts = (line.discount, customer_discount)
    because = _because(part, whole, span, customer_discount)
    return Charge(
        line.id,
        _days(span, generations, change=segment.change if segment else None),
        _text(description or line.description, because),
        line.quantity,
        unit,
        line.discount,
        rate,
        line.gl_code,
        price(line.quantity, unit, discounts, part, rate, includes_vat=terms.prices_include_vat),
        because,
        whole.start < line.own,
    )


def segmented(
    line: Due,
    history: History,
    segments: Sequence[Segment],
    whole: Period,
    span: Span,
    generations: dict[date, int],
    customer_discount: Decimal,
    terms: Terms,
) -> Iterator[Charge]:
    """Due days of a line with package changes, each at the price of its segment. A line whose parts are not charged
    by the day has one price for the whole cycle, that of its first day."""
    pieces = cut(span, segments)
    if line.proration != Proration.DAY:
        pieces = [(span, pieces[0][1])]
    for days, segment in pieces:
        yield charge(
            line,
            whole,
            days,
            generations,
            customer_discount,
            terms,
            segment,
            _named(line, history, segment.title),
        )


def _unit_price(line: Due, segment: Segment) -> Decimal:
    """Of a cycle. Raises ValueError when there is none."""
    return line._replace(price=segment.price, months=1).unit_price


def _named(line: Due, history: History, title: str) -> str:
    """What is printed: the package's name in place of another package's, or after what the line is called."""
    return title if line.description in history.titles else f"{line.description} ({title})"


@dataclass(frozen=True, slots=True)
class Wrong:
    """Days of a line that are to be credited and charged anew."""

    line: Due
    history: History
    generations: dict[date, int]
    found: Misbilled

    def first(self, days: int) -> "Wrong":
        since = self.found.span[0]
        return replace(self, found=replace(self.found, span=(since, since + timedelta(days=days))))

    @property
    def days(self) -> int:
        return (self.found.span[1] - self.found.span[0]).days


def wrong(
    line: Due,
    history: History,
    segments: Sequence[Segment],
    billed: Sequence[Billed],
    generations: dict[date, int],
    terms: Terms,
) -> list[Wrong]:
    if line.proration != Proration.DAY:
        return []
    until = line.over or date.max
    return [
        Wrong(line, history, generations, one)
        for one in misbilled(history, segments, until, billed, terms.issue_on)
    ]


def corrected(
    found: list[Charge],
    wrong: Sequence[Wrong],
    customer_discount: Decimal,
    terms: Terms,
    *,
    everything: bool,
) -> list[Charge]:
    """Adds to `found` what is charged anew, and returns what is credited for it.

    What costs more is all there; of what costs less as many days as leave something to pay, unless there is nothing
    to pay or `everything` is wanted.
    """

    def anew(one: Wrong, numbers: dict[date, int]) -> Charge:
        line, segment = one.line, one.found.segment
        whole = cycle(line.starts_on, line.frequency, one.found.span[0])
        name = _named(line, one.history, segment.title)
        made = charge(line, whole, one.found.span, numbers, customer_discount, terms, segment, name)
        return made._replace(corrects=True)

    def net(one: Wrong) -> Decimal:
        back = _given_back(one.found.printed, one.found.span, terms)
        return anew(one, {}).price.total + back.total

    amounts = [(net(one), one) for one in wrong]
    payable = sum((charge.price.total for charge in found), ZERO)
    payable += sum((amount for amount, _ in amounts if amount > 0), ZERO)
    limited = payable > 0 and not everything
    credits = []
    for amount, one in amounts:
        if amount < 0 and limited:
            while one.days and payable + amount <= 0:
                one = one.first(min(one.days - 1, int(one.days * payable / -amount)))
                amount = net(one) if one.days else ZERO
        payable += min(amount, ZERO)
        if one.days:
            line = one.line._replace(description=_named(one.line, one.history, one.found.former))
            back = credit(line, one.found.printed, one.found.span, one.generations, terms, CHANGED)
            found.append(anew(one, one.generations))
            credits.append(back._replace(corrects=True, caught_up=found[-1].caught_up))
    return credits


def affordable(printed: Printed, span: Span, payable: Decimal, terms: Terms) -> Span:
    """The first days of the span that can be given back while something remains to be paid."""
    since, until = span
    while since < until:
        amount = -_given_back(printed, (since, until), terms).total
        if amount < payable:
            break
        days = (until - since).days
        until = since + timedelta(days=min(days - 1, int(days * payable / amount)))
    return since, until


def _given_back(printed: Printed, span: Span, terms: Terms) -> Price:
    part = _part(span, printed.since, printed.until)
    return give_back(printed.net, printed.vat, part, includes_vat=terms.prices_include_vat)


def credit(
    line: Due,
    printed: Printed,
    span: Span,
    generations: dict[date, int],
    terms: Terms,
    reason: str = UNUSED,
) -> Charge:
    """Days that a document charged, given back at what they cost there: nobody will use them, or they are charged
    anew."""
    part = _part(span, printed.since, printed.until)
    whole = cycle(line.starts_on, line.frequency, span[0])
    last = span[1] - timedelta(days=1)
    because = f"{_name(whole)}, {span[0]} to {last} {reason}: {part.days} of {part.of} days back"
    return Charge(
        line.id,
        _days(span, generations, credit=True),
        _text(line.description, because),
        -printed.quantity,
        printed.price,
        printed.discount,
        printed.vat_rate,
        printed.gl_code,
        _given_back(printed, span, terms),
        because,
    )


def _part(span: Span, start: date, end: date) -> Share:
    return Share((span[0] - start).days, (span[1] - start).days, (end - start).days)


def _days(
    span: Span, generations: dict[date, int], credit: bool = False, change: int | None = None
) -> tuple[Days, ...]:
    """The span month by month, each as the next generation of its month."""
    found = []
    for month, (since, until) in by_month(span):
        generations[month] = generations.get(month, -1) + 1
        found.append(Days(month, generations[month], since, until, credit, change))
    return tuple(found)


def _text(description: str, because: str) -> str:
    return f"{description[: DESCRIPTION - len(because) - 2]}, {because}"


@lru_cache(maxsize=1024)  # the same few for every line of a run
def _name(whole: Period) -> str:
    """`November 2026`, or from month to month."""
    if (whole.start.year, whole.start.month) == (whole.last.year, whole.last.month):
        return str(whole)
    return f"{whole.start:%B %Y} to {whole.last:%B %Y}"


def _because(part: Share, whole: Period, span: Span, customer_discount: Decimal) -> str:
    """The cycle, with the days it was charged for and the customer's discount."""
    text = _name(whole)
    if not part.whole:
        last = span[1] - timedelta(days=1)
        text += f", {span[0]} to {last}: {part.days} of {part.of} days"
    if customer_discount:
        text += f", less {customer_discount.normalize():f} % customer discount"
    return text
