"""What is due for a period: the recurring lines of a range of customers, priced, one `Bill` per customer.

A line is due from its first day to its effective last day, the earliest of its own, its data account's and
the customer's cancellation. Deleted customers are not billed; disabled and suspended ones are. A run of a month
charges the cycle that holds the month, or in arrears the one before, and what a line has to catch up; days that
were billed are left out, unless that document was corrected since and the cycle is the run's own: then they are
due as the next generation (`billing.recurring.coverage`). Days that were charged and are not used come off.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from billing.ledger.digests import digest
from billing.recurring.coverage import Billed, Days, Printed, Span, by_month, cycle, parts, unused
from billing.recurring.models import BillingSettings, Rounding, VatRate
from billing.recurring.pricing import VERSION, Price, give_back, once, price, unit_price
from billing.recurring.proration import Share
from customers.relations.paying import PAYER_ID
from ispbilling.core.clock import Period, add_months
from ispbilling.core.errors import DomainError
from ispbilling.core.money import ZERO

LAST_ID = 2**63 - 1
DESCRIPTION = 250


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
    to the run, and `rows` what was billed of the line."""

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

    @property
    def unit_price(self) -> Decimal:
        """For one cycle. Raises ValueError when there is none."""
        if self.price is None:
            raise ValueError(f"recurring line {self.id} has no price")
        return unit_price(self.price, self.months, self.frequency)


@dataclass(frozen=True, slots=True)
class Charge:
    """One recurring line, priced for some days of a cycle; or days of it given back, with negative amounts.

    `caught_up`: the cycle is one of an earlier run.
    """

    recurring_line_id: int
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
                "group": billing_group_id,
            },
        )
        rows = cursor.fetchall()
    bills = (_bill(list(group), terms) for _, group in groupby(rows, itemgetter(0)))
    return [bill for bill in bills if bill.charges or bill.problem]


def _bill(rows: Sequence[tuple[Any, ...]], terms: Terms) -> Bill:
    """Pure: the rows of one customer as its bill. What cannot be priced is a problem of this customer alone."""
    customer_id, payer_id, name, address, vat_number, code, due_days, payer_deleted, discount = rows[0][:9]
    problem = ""
    due_on, charges = terms.issue_on, tuple[Charge, ...]()
    try:
        due_on = terms.issue_on + timedelta(days=terms.due_days if due_days is None else due_days)
        charges = _charges([Due(*row[9:]) for row in rows], discount, terms)
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
        digest=digest([terms.key, [repr(row) for row in rows]]),
        problem=problem,
        rounding=terms.rounding,
    )


def _rounded(charges: Sequence[Charge], terms: Terms) -> list[Charge]:
    """With VAT rounded once for all of them, where the provider wants it so. What is given back keeps its cents."""
    if terms.rounding == Rounding.LINE:
        return list(charges)
    lines = [(charge.price, charge.vat_rate) for charge in charges]
    prices = once(lines, includes_vat=terms.prices_include_vat)
    return [replace(charge, price=price) for charge, price in zip(charges, prices, strict=True)]


def _charges(lines: Sequence[Due], customer_discount: Decimal, terms: Terms) -> tuple[Charge, ...]:
    """What is due of a customer's lines, then what is given back: no more than leaves something to pay, the rest
    comes off a later invoice. With nothing to charge all of it is there, for the preview to say so."""
    found, unused_days = list[Charge](), list[tuple[Due, dict[date, int], Printed, Span]]()
    for line in lines:
        billed = [_billed(row) for row in line.rows or ()]
        generations = {row.period: row.generation for row in sorted(billed, key=lambda row: row.generation)}
        for whole, span in parts(
            line.starts_on, line.frequency, line.proration, line.since, line.until, billed
        ):
            found.append(_charge(line, whole, span, generations, customer_discount, terms))
        if line.credit_from is not None:
            unused_days += [(line, generations, *one) for one in unused(line.credit_from, billed)]
    found = _rounded(found, terms)
    if not unused_days:
        return tuple(found)
    payable = sum((charge.price.total for charge in found), ZERO) if found else None
    for line, generations, printed, span in unused_days:
        if payable is not None:
            span = _affordable(printed, span, payable, terms)
        if span[0] < span[1]:
            found.append(_credit(line, printed, span, generations, terms))
            payable = None if payable is None else payable + found[-1].price.total
    return tuple(found)


def _charge(
    line: Due,
    whole: Period,
    span: Span,
    generations: dict[date, int],
    customer_discount: Decimal,
    terms: Terms,
) -> Charge:
    part = _part(span, whole.start, whole.end)
    rate = ZERO if line.vat_exempt else terms.vat_rate
    unit = line.unit_price
    discounts = (line.discount, customer_discount)
    because = _because(part, whole, span, customer_discount)
    return Charge(
        line.id,
        _days(span, generations),
        _text(line.description, because),
        line.quantity,
        unit,
        line.discount,
        rate,
        line.gl_code,
        price(line.quantity, unit, discounts, part, rate, includes_vat=terms.prices_include_vat),
        because,
        whole.start < line.own,
    )


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


def _credit(line: Due, printed: Printed, span: Span, generations: dict[date, int], terms: Terms) -> Charge:
    """Days that a document charged and nobody will use, given back at what they cost there."""
    part = _part(span, printed.since, printed.until)
    whole = cycle(line.starts_on, line.frequency, span[0])
    last = span[1] - timedelta(days=1)
    because = f"{_name(whole)}, {span[0]} to {last} not used: {part.days} of {part.of} days back"
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
    period, generation, since, until, credit, standing, settled, printed = row
    days = (date.fromisoformat(since), date.fromisoformat(until))
    return Billed(
        date.fromisoformat(period),
        generation,
        *days,
        credit,
        standing,
        settled,
        _printed(*printed) if printed else None,
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


def _days(span: Span, generations: dict[date, int], credit: bool = False) -> tuple[Days, ...]:
    """The span month by month, each as the next generation of its month."""
    found = []
    for month, (since, until) in by_month(span):
        generations[month] = generations.get(month, -1) + 1
        found.append(Days(month, generations[month], since, until, credit))
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


_DUE = Path(__file__).with_name("due.sql").read_text().replace("PAYER_ID", PAYER_ID)
