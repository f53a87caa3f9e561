"""What is due for a period: the recurring lines of a range of customers, priced, one `Bill` per customer.

A line is due from its first day to its effective last day, the earliest of its own, its data account's and
the customer's cancellation. Deleted customers are not billed; disabled and suspended ones are. A run of a month
charges the cycle that holds the month, or in arrears the one before, and what a line has to catch up; days that
were billed are left out, unless that document was corrected since and the cycle is the run's own: then they are
due as the next generation (`billing.recurring.coverage`). Days that were charged and are not used come off.

A line that follows a data account with package changes costs what each day's package does, and days that were billed
as though there had been no change are credited and charged anew (`billing.recurring.segments`). Changes are read for
a whole range of customers at once; who never changed costs nothing more.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from billing.calls.due import Called
from billing.ledger.digests import digest
from billing.recurring.coverage import Billed, Days, Printed, Span, by_month, cycle, parts, unused
from billing.recurring.models import BillingSettings, Proration, Rounding, VatRate
from billing.recurring.pricing import VERSION, Price, give_back, once, price, unit_price
from billing.recurring.proration import Share
from billing.recurring.segments import History, Misbilled, Offer, Segment, Step, cut, misbilled
from customers.relations.paying import PAYER_ID
from ispbilling.core.clock import Period, add_months
from ispbilling.core.errors import DomainError
from ispbilling.core.money import ZERO

LAST_ID = 2**63 - 1
DESCRIPTION = 250
#: Why days are given back.
UNUSED, CHANGED = "not used", "before the change of package"


@dataclass(frozen=True, slots=True)
class Terms:
    """What is the same for every customer of a run."""

    period: Period
    issue_on: date
    vat_rate: Decimal
    prices_include_vat: bool
    due_days: int
    rounding: str = Rounding.LINE
    standard_discount: Decimal = ZERO

    @classmethod
    def of(cls, period: Period, issue_on: date) -> "Terms":
        """The settings as they stand. Raises DomainError when no VAT rate is valid on the invoice date."""
        settings_ = BillingSettings.get()
        return cls(
            period,
            issue_on,
            vat_rate(issue_on),
            settings_.prices_include_vat,
            settings_.due_days,
            settings_.rounding,
            settings_.standard_discount,
        )

    @property
    def key(self) -> list[Any]:
        """What of it goes into every digest."""
        return [
            VERSION,
            self.period.start.isoformat(),
            self.period.end.isoformat(),
            self.issue_on.isoformat(),
            str(self.vat_rate),
            self.prices_include_vat,
            self.due_days,
            str(self.rounding),
            str(self.standard_discount),
        ]


@dataclass(frozen=True, slots=True)
class Due:
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


@dataclass(frozen=True, slots=True)
class Charge:
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


@dataclass(frozen=True, slots=True)
class Bill:
    """What one customer would be charged, and to whom the document goes. `problem` says why it cannot be
    issued."""

    customer_id: int
    payer_id: int
    name: str
    address: str
    vat_number: str
    code: str
    due_on: date
    charges: tuple[Charge, ...]
    digest: bytes
    problem: str = ""
    rounding: str = Rounding.LINE

    @property
    def total(self) -> Decimal:
        return sum((charge.price.total for charge in self.charges), ZERO)


def vat_rate(on: date) -> Decimal:
    """The VAT rate on a day, in percent. Raises DomainError when there is none yet."""
    rate = VatRate.objects.filter(valid_from__lte=on).order_by("-valid_from").first()
    if rate is None:
        raise DomainError(f"No VAT rate is valid on {on}; add one under Billing Settings.")
    return rate.percent


def due(
    terms: Terms, now: datetime, low: int = 0, high: int = LAST_ID, billing_group_id: int | None = None
) -> list[Bill]:
    """The bills of the customers with ids from low to high who have something due, by customer id."""
    histories = _histories(low, high)
    rows = _rows(terms, now, low, high, billing_group_id, histories)
    bills = (_bill(list(group), terms, histories) for _, group in groupby(rows, itemgetter(0)))
    return [bill for bill in bills if bill.charges or bill.problem]


def corrections(terms: Terms, now: datetime, customer_id: int) -> Bill | None:
    """What was billed of a customer before a package change, credited and charged anew, and nothing else; None when
    all is as it should be. All of it, whatever it comes to."""
    return _of_one(terms, now, customer_id, _Extent.CORRECTIONS)


def foreseen(terms: Terms, now: datetime, customer_id: int) -> Bill | None:
    """As `due` for one customer, with all that package changes correct, even if it comes to less than nothing."""
    return _of_one(terms, now, customer_id, _Extent.EVERYTHING)


class _Extent(Enum):
    """How much goes into a bill: what a run issues, also what would leave nothing to pay, or corrections alone."""

    PAYABLE = 1
    EVERYTHING = 2
    CORRECTIONS = 3


def _of_one(terms: Terms, now: datetime, customer_id: int, extent: _Extent) -> Bill | None:
    histories = _histories(customer_id, customer_id)
    rows = _rows(terms, now, customer_id, customer_id, None, histories)
    bill = _bill(rows, terms, histories, extent) if rows else None
    return bill if bill and (bill.charges or bill.problem) else None


def _rows(
    terms: Terms, now: datetime, low: int, high: int, group: int | None, histories: Mapping[int, History]
) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            _DUE,
            {
                "low": low,
                "high": high,
                "start": terms.period.start,
                "end": terms.period.end,
                "before": add_months(terms.period.start, -1),
                "discount": terms.standard_discount,
                "month": terms.period.start.year * 12 + terms.period.start.month,
                "now": now,
                "zone": settings.TIME_ZONE,
                "group": group,
                "changed": list(histories),
            },
        )
        return cursor.fetchall()


def _histories(low: int, high: int) -> dict[int, History]:
    """The package changes of the data accounts of these customers, of those that have any."""
    with connection.cursor() as cursor:
        cursor.execute(_CHANGES, {"low": low, "high": high})
        rows = cursor.fetchall()
    found = {}
    for (account, package, own_price, title), some in groupby(rows, itemgetter(0, 1, 2, 3)):
        steps = [
            Step(pk, state, on, Offer(*row[:3]), row[3], Offer(*row[4:7]), row[7], row[8])
            for pk, state, on, *row in (one[4:] for one in some)
        ]
        found[account] = History(tuple(steps), package, own_price, title)
    return found


def _bill(
    rows: Sequence[tuple[Any, ...]],
    terms: Terms,
    histories: Mapping[int, History],
    extent: _Extent = _Extent.PAYABLE,
) -> Bill:
    """Pure: the rows of one customer as its bill. What cannot be priced is a problem of this customer alone."""
    customer_id, payer_id, name, address, vat_number, code, due_days, payer_deleted, discount = rows[0][:9]
    problem = ""
    due_on, charges = terms.issue_on, tuple[Charge, ...]()
    lines = [Due(*row[9:]) for row in rows]
    known = [repr(row) for row in rows]
    if histories:
        known += [
            repr(histories[line.account]) for line in lines if line.account and line.account in histories
        ]
    try:
        due_on = terms.issue_on + timedelta(days=terms.due_days if due_days is None else due_days)
        charges = _charges(lines, discount, terms, histories, extent)
        if charges and payer_deleted:
            problem = "The master account that pays is deleted."
    except (ArithmeticError, ValueError) as error:
        problem = f"It cannot be priced ({error}); look at its recurring lines."
    return Bill(
        customer_id=customer_id,
        payer_id=payer_id,
        name=name,
        address=address,
        vat_number=vat_number,
        code=code,
        due_on=due_on,
        charges=charges,
        digest=digest([terms.key, known]),
        problem=problem,
        rounding=terms.rounding,
    )


def rounded(charges: Sequence[Charge], terms: Terms) -> list[Charge]:
    """With VAT rounded once for all of them, where the provider wants it so. What is given back keeps its cents."""
    if terms.rounding == Rounding.LINE:
        return list(charges)
    lines = [(charge.price, charge.vat_rate) for charge in charges]
    prices = once(lines, includes_vat=terms.prices_include_vat)
    return [replace(charge, price=price) for charge, price in zip(charges, prices, strict=True)]


def _charges(
    lines: Sequence[Due],
    customer_discount: Decimal,
    terms: Terms,
    histories: Mapping[int, History],
    extent: _Extent,
) -> tuple[Charge, ...]:
    """What is due of a customer's lines, then what is given back: no more than leaves something to pay, the rest
    comes off a later invoice. With nothing to charge all of it is there, for the preview to say so."""
    found, unused_days = list[Charge](), list[tuple[Due, dict[date, int], Printed, Span]]()
    wrong = list[_Wrong]()
    for line in lines:
        billed = [_billed(row) for row in line.rows or ()]
        generations = {row.period: row.generation for row in sorted(billed, key=lambda row: row.generation)}
        history = None if line.account is None else histories.get(line.account)
        if history is not None:
            segments = history.segments(line.price)
            wrong += _wrong(line, history, segments, billed, generations, terms)
        if extent is _Extent.CORRECTIONS:
            continue
        for whole, span in parts(
            line.starts_on, line.frequency, line.proration, line.since, line.until, billed
        ):
            if history is None:
                found.append(_charge(line, whole, span, generations, customer_discount, terms))
            else:
                found += _segmented(
                    line, history, segments, whole, span, generations, customer_discount, terms
                )
        if line.credit_from is not None:
            unused_days += [(line, generations, *one) for one in unused(line.credit_from, billed)]
    credits = list[Charge]()
    if wrong:
        credits = _corrected(found, wrong, customer_discount, terms, everything=extent is not _Extent.PAYABLE)
    found = rounded(found, terms)
    if not unused_days:
        return (*found, *credits)
    payable = sum((charge.price.total for charge in (*found, *credits)), ZERO) if found else None
    for line, generations, printed, span in unused_days:
        if payable is not None:
            span = _affordable(printed, span, payable, terms)
        if span[0] < span[1]:
            credits.append(_credit(line, printed, span, generations, terms))
            payable = None if payable is None else payable + credits[-1].price.total
    return (*found, *credits)


def _charge(
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


def _unit_price(line: Due, segment: Segment) -> Decimal:
    """Of a cycle. Raises ValueError when there is none."""
    return replace(line, price=segment.price, months=1).unit_price


def _segmented(
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
        yield _charge(
            line,
            whole,
            days,
            generations,
            customer_discount,
            terms,
            segment,
            _named(line, history, segment.title),
        )


def _named(line: Due, history: History, title: str) -> str:
    """What is printed: the package's name in place of another package's, or after what the line is called."""
    return title if line.description in history.titles else f"{line.description} ({title})"


@dataclass(frozen=True, slots=True)
class _Wrong:
    """Days of a line that are to be credited and charged anew."""

    line: Due
    history: History
    generations: dict[date, int]
    found: Misbilled

    def first(self, days: int) -> "_Wrong":
        since = self.found.span[0]
        return replace(self, found=replace(self.found, span=(since, since + timedelta(days=days))))

    @property
    def days(self) -> int:
        return (self.found.span[1] - self.found.span[0]).days


def _wrong(
    line: Due,
    history: History,
    segments: Sequence[Segment],
    billed: Sequence[Billed],
    generations: dict[date, int],
    terms: Terms,
) -> list[_Wrong]:
    if line.proration != Proration.DAY:
        return []
    until = line.over or date.max
    return [
        _Wrong(line, history, generations, one)
        for one in misbilled(history, segments, until, billed, terms.issue_on)
    ]


def _corrected(
    found: list[Charge],
    wrong: Sequence[_Wrong],
    customer_discount: Decimal,
    terms: Terms,
    *,
    everything: bool,
) -> list[Charge]:
    """Adds to `found` what is charged anew, and returns what is credited for it.

    What costs more is all there; of what costs less as many days as leave something to pay, unless there is nothing
    to pay or `everything` is wanted.
    """

    def anew(one: _Wrong, numbers: dict[date, int]) -> Charge:
        line, segment = one.line, one.found.segment
        whole = cycle(line.starts_on, line.frequency, one.found.span[0])
        name = _named(line, one.history, segment.title)
        made = _charge(line, whole, one.found.span, numbers, customer_discount, terms, segment, name)
        return replace(made, corrects=True)

    def net(one: _Wrong) -> Decimal:
        back = _given_back(one.found.printed, one.found.span, terms)
        return anew(one, {}).price.total + back.total

    amounts = [(net(one), one) for one in wrong]
    payable = sum((charge.price.total for charge in found), ZERO)
    payable += sum((amount for amount, _ in amounts if amount > 0), ZERO)
    credits = []
    for amount, one in amounts:
        if amount < 0 and payable and not everything:
            while one.days and payable + amount <= 0:
                one = one.first(min(one.days - 1, int(one.days * payable / -amount)))
                amount = net(one) if one.days else ZERO
        payable += min(amount, ZERO)
        if one.days:
            line = replace(one.line, description=_named(one.line, one.history, one.found.former))
            back = _credit(line, one.found.printed, one.found.span, one.generations, terms, CHANGED)
            found.append(anew(one, one.generations))
            credits.append(replace(back, corrects=True, caught_up=found[-1].caught_up))
    return credits


def _affordable(printed: Printed, span: Span, payable: Decimal, terms: Terms) -> Span:
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


def _credit(
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


def _billed(row: list[Any]) -> Billed:
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


_CHANGES = Path(__file__).with_name("changes.sql").read_text()
_DUE = Path(__file__).with_name("due.sql").read_text().replace("PAYER_ID", PAYER_ID)
