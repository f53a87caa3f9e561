"""The simulator (W-7): the code that bills, run ahead of time in a transaction that is rolled back.

Time is played forward: each run takes place on the month-end day before its month, as the sweep prepares it, and a
supposed change is made on its day, between the runs. So a change in the middle of a month is charged and credited
as it would be.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from billing.documents import issuing
from billing.recurring import lines
from billing.recurring.charges import Bill
from billing.recurring.dues import due
from billing.recurring.models import BillingSettings, Product, RecurringLine, VatRate
from billing.recurring.terms import Terms
from billing.runs.drafting import draft_of
from billing.runs.planning import excuse
from ispbilling.core.clock import Period, add_months, day_start, local_day, month_of
from ispbilling.core.money import ZERO
from radius.changes import changing
from radius.models import DataAccount, Package

INVOICES = 6
#: Who is charged once a year only is not followed for six years.
MONTHS = 24
#: Customers priced at once.
CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is supposed to be done on a day; `make` does it as staff would."""

    day: date
    make: Callable[[date], object]


@dataclass(frozen=True, slots=True)
class Forecast:
    """An invoice to come, or why there would be none."""

    period: Period
    issue_on: date
    bill: Bill
    left_out: str = ""

    @property
    def total(self) -> Decimal:
        return ZERO if self.left_out else self.bill.total


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change does to the invoices of one month: (customer, before, after) of whom it concerns, and how many
    pay more and less by it."""

    period: Period
    issue_on: date
    customers: int
    before: Decimal
    after: Decimal
    differing: list[tuple[int, Decimal, Decimal]]
    more: int
    less: int


def line_price(line: RecurringLine, price: Decimal, day: date) -> Change:
    """Another price of one line, from the day on."""
    return Change(day, lambda on: lines.replace(line, day, {"price": price}, on, actor=None))


def account_package(account: DataAccount, package: Package, day: date, now: datetime) -> Change:
    """Another package of a data account, made on the day. Raises DomainError when the line cannot have it."""
    wanted = changing.Wanted(account, package, day)
    return Change(day, lambda on: changing.plan(wanted, max(now, day_start(on)), actor=None))


def product_price(product: Product, price: Decimal, day: date) -> Change:
    """Another price of a product."""
    return Change(day, lambda on: Product.objects.filter(pk=product.pk).update(price=price))


def package_price(package: Package, price: Decimal, day: date) -> Change:
    """Another price of a package."""
    return Change(day, lambda on: Package.objects.filter(pk=package.pk).update(price=price))


def vat_percent(percent: Decimal, day: date) -> Change:
    """Another VAT rate for invoices dated from the day on."""
    return Change(
        day, lambda on: VatRate.objects.update_or_create(valid_from=day, defaults={"percent": percent})
    )


def invoices(customer_id: int, change: Change | None, now: datetime, most: int = INVOICES) -> list[Forecast]:
    """The customer's next invoices, at most `most`. Raises DomainError when a month cannot be priced."""
    found: list[Forecast] = []
    with rolled_back():
        for period, issue_on in runs(now):
            if change is not None and change.day <= issue_on:
                change.make(change.day)
                change = None
            at = max(now, day_start(issue_on))
            for bill in due(Terms.of(period, issue_on), at, customer_id, customer_id):
                state = excuse(bill)
                found.append(Forecast(period, issue_on, bill, state[1] if state else ""))
                if state is None:
                    draft = draft_of(bill, None, f"simulated:{period.start}:{customer_id}")
                    issuing.issue([draft], issue_on, at)
            if len(found) == most:
                break
    return found


def effect(change: Change, customers: Sequence[int], now: datetime) -> Effect:
    """What the change does to these customers' invoices of the first run on or after its day.

    Only what falls to that month is compared, not what lines catch up. Raises DomainError when it cannot be priced.
    """
    period, issue_on = next(
        ((period, on) for period, on in runs(now) if change.day <= on), (month_of(change.day), change.day)
    )
    at = max(now, day_start(issue_on))
    with rolled_back():
        before = _totals(Terms.of(period, issue_on), customers, at)
        change.make(change.day)
        after = _totals(Terms.of(period, issue_on), customers, at)
    differing = [
        (customer, before.get(customer, ZERO), after.get(customer, ZERO))
        for customer in sorted(before.keys() | after.keys())
        if before.get(customer, ZERO) != after.get(customer, ZERO)
    ]
    more = sum(then > now for _, now, then in differing)
    return Effect(
        period,
        issue_on,
        len(after.keys() | before.keys()),
        sum(before.values(), ZERO),
        sum(after.values(), ZERO),
        differing,
        more,
        len(differing) - more,
    )


def runs(now: datetime) -> Iterator[tuple[Period, date]]:
    """The months to come with the day on which each would be billed: the month-end day before it, or today."""
    today, day = local_day(now), BillingSettings.get().month_end_day
    for ahead in range(1, MONTHS + 1):
        month = add_months(today.replace(day=1), ahead)
        yield month_of(month), max(today, add_months(month, -1).replace(day=day))


@contextmanager
def rolled_back() -> Iterator[None]:
    """A transaction of which nothing remains."""
    with transaction.atomic():
        try:
            yield
        finally:
            transaction.set_rollback(True)


def _totals(terms: Terms, customers: Sequence[int], at: datetime) -> dict[int, Decimal]:
    found: dict[int, Decimal] = {}
    for n in range(0, len(customers), CHUNK):
        part = customers[n : n + CHUNK]
        asked = set(part)
        for bill in due(terms, at, part[0], part[-1]):
            if bill.customer_id in asked and not bill.problem:
                own = (charge.price.total for charge in bill.charges if not charge.caught_up)
                found[bill.customer_id] = sum(own, ZERO)
    return found
