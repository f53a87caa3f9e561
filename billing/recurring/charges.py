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

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection

from billing.ledger.digests import digest
from billing.recurring import charging
from billing.recurring.charging import Charge, Due
from billing.recurring.coverage import Printed, Span, parts, unused
from billing.recurring.models import Rounding
from billing.recurring.pricing import once
from billing.recurring.segments import History, Offer, Step
from billing.recurring.terms import Terms
from customers.relations.paying import PAYER_ID
from ispbilling.core.clock import add_months
from ispbilling.core.money import ZERO

LAST_ID = 2**63 - 1


class Bill(NamedTuple):
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
            Step(pk, state, on, Offer(*row[:3]), row[3], Offer(*row[4:7]), *row[7:10])
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
    lines = [Due._make(row[9:]) for row in rows]
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
    return [charge._replace(price=price) for charge, price in zip(charges, prices, strict=True)]


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
    wrong = list[charging.Wrong]()
    for line in lines:
        billed = [charging.billed(row) for row in line.rows or ()]
        generations = {row.period: row.generation for row in sorted(billed, key=lambda row: row.generation)}
        history = None if line.account is None else histories.get(line.account)
        if history is not None:
            segments = history.segments(line.price)
            wrong += charging.wrong(line, history, segments, billed, generations, terms)
        if extent is _Extent.CORRECTIONS:
            continue
        for whole, span in parts(
            line.starts_on, line.frequency, line.proration, line.since, line.until, billed
        ):
            if history is None:
                found.append(charging.charge(line, whole, span, generations, customer_discount, terms))
            else:
                found += charging.segmented(
                    line, history, segments, whole, span, generations, customer_discount, terms
                )
        if line.credit_from is not None:
            unused_days += [(line, generations, *one) for one in unused(line.credit_from, billed)]
    credits = list[Charge]()
    if wrong:
        credits = charging.corrected(
            found, wrong, customer_discount, terms, everything=extent is not _Extent.PAYABLE
        )
    found = rounded(found, terms)
    if not unused_days:
        return (*found, *credits)
    payable = sum((charge.price.total for charge in (*found, *credits)), ZERO) if found else None
    for line, generations, printed, span in unused_days:
        if payable is not None:
            span = charging.affordable(printed, span, payable, terms)
        if span[0] < span[1]:
            credits.append(charging.credit(line, printed, span, generations, terms))
            payable = None if payable is None else payable + credits[-1].price.total
    return (*found, *credits)


_CHANGES = Path(__file__).with_name("changes.sql").read_text()
_DUE = Path(__file__).with_name("due.sql").read_text().replace("PAYER_ID", PAYER_ID)
