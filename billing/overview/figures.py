"""The figures that look at everybody: what was billed and collected by month, who owes since when.

Each is one query over all payers, so they are kept for a while; what they were when they were made is said beside
them. What the ledger has not changed since is as good as new.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from django.core.cache import cache
from django.db.models import Count, Sum
from django.db.models.functions import TruncMonth

from billing.ageing.analysis import Analysis
from billing.ageing.buckets import Ages
from billing.documents.models import BILLED, Document
from billing.ledger.models import ChainHead
from billing.payments.models import Method, Payment
from billing.recurring.models import AgeBy, BillingSettings
from customers.merging.models import records_of
from customers.models import Customer
from customers.relations.paying import payer
from ispbilling.core.clock import Period, add_months, local_day, month_of
from ispbilling.core.money import ZERO

MONTHS = 12
#: Payers who owe most past the due date.
WORST = 8
#: So old figures may be while postings come in, and while none do.
BUSY, QUIET = timedelta(minutes=1), timedelta(minutes=10)
_KEY = "billing:overview"
#: Seconds after which somebody who makes them is taken for dead.
MAKING = 120


@dataclass(frozen=True, slots=True)
class Month:
    """What was invoiced less credit notes, and what came in and stayed."""

    period: Period
    billed: Decimal
    collected: Decimal


@dataclass(frozen=True, slots=True)
class Turnover:
    """By month, and of the present month by method: (method, payments, sum)."""

    made_at: datetime
    seal: int
    today: date
    months: tuple[Month, ...]
    methods: tuple[tuple[Method, int, Decimal], ...]

    @property
    def month(self) -> Month:
        return self.months[-1]

    @property
    def month_before(self) -> Month:
        return self.months[-2]


@dataclass(frozen=True, slots=True)
class Debtor:
    """A payer with something past its due date."""

    pk: int
    name: str
    overdue: Decimal


@dataclass(frozen=True, slots=True)
class Owed:
    """What all payers owe by age, and who owes most past the due date."""

    made_at: datetime
    seal: int
    today: date
    by: AgeBy
    ages: Ages
    worst: tuple[Debtor, ...]


Kept = TypeVar("Kept", Turnover, Owed)


def turnover(now: datetime) -> Turnover:
    """What was billed and collected, made anew when what is kept is too old."""
    seal = _seal()
    kept = _fresh("turnover", seal, now)
    return kept or _keep("turnover", _turnover(now, seal))


def of_customer(customer: Customer, now: datetime, months: int) -> list[Month]:
    """The same of one customer, the latest month first: what it pays, or what it uses and another one pays for."""
    first = add_months(local_day(now).replace(day=1), 1 - months)
    records = records_of(customer)
    side = "payer__in" if payer(customer) == customer else "customer__in"
    papers = Document.objects.filter(kind__in=BILLED, **{side: records})
    received = Payment.objects.filter(taken_back_on=None, payer__in=records)
    billed = _by_month(papers, "issued_on", "total", first)
    collected = _by_month(received, "received_on", "amount", first)
    found = [month_of(add_months(first, ahead)) for ahead in reversed(range(months))]
    return [Month(one, billed.get(one.start, ZERO), collected.get(one.start, ZERO)) for one in found]


def owed(now: datetime) -> Owed | None:
    """What is kept of who owes what, None when that is too old: to make it takes a while (`make_owed`)."""
    kept: Owed | None = _fresh("owed", _seal(), now)
    return kept if kept is not None and kept.by == BillingSettings.get().age_by else None


def make_owed(now: datetime) -> Owed | None:
    """The same made anew, None while somebody else makes it."""
    if found := owed(now):
        return found
    if not cache.add(f"{_KEY}:making", True, MAKING):
        return None
    try:
        return _keep("owed", _owed(now, _seal()))
    finally:
        cache.delete(f"{_KEY}:making")


def forget() -> None:
    """The next look makes everything anew."""
    cache.delete_many([f"{_KEY}:turnover", f"{_KEY}:owed"])


def _seal() -> int:
    return ChainHead.objects.values_list("seq", flat=True).get(pk=1)


def _fresh(name: str, seal: int, now: datetime) -> Any:
    kept = cache.get(f"{_KEY}:{name}")
    if kept is None or kept.today != local_day(now):
        return None
    return kept if timedelta() <= now - kept.made_at < (QUIET if kept.seal == seal else BUSY) else None


def _keep(name: str, made: Kept) -> Kept:
    cache.set(f"{_KEY}:{name}", made, QUIET.total_seconds())
    return made


def _turnover(now: datetime, seal: int) -> Turnover:
    today = local_day(now)
    first = add_months(today.replace(day=1), 1 - MONTHS)
    received = Payment.objects.filter(taken_back_on=None)
    billed = _by_month(Document.objects.filter(kind__in=BILLED), "issued_on", "total", first)
    collected = _by_month(received, "received_on", "amount", first)
    months = [month_of(add_months(first, ahead)) for ahead in range(MONTHS)]
    return Turnover(
        now,
        seal,
        today,
        tuple(Month(one, billed.get(one.start, ZERO), collected.get(one.start, ZERO)) for one in months),
        _methods(received, months[-1]),
    )


def _owed(now: datetime, seal: int) -> Owed:
    today, by = local_day(now), AgeBy(BillingSettings.get().age_by)
    found = Analysis(Customer.objects.all(), today, by, order=("-overdue",), expected=slice(0, WORST))
    rows = [row for row in found[0:WORST] if row.ages.overdue]
    worst = tuple(Debtor(row.pk, str(row.customer), row.ages.overdue) for row in rows)
    return Owed(now, seal, today, by, found.totals, worst)


def _by_month(rows: Any, day: str, amount: str, first: date) -> dict[date, Decimal]:
    found = rows.filter(**{f"{day}__gte": first}).order_by().annotate(month=TruncMonth(day)).values("month")
    return {row["month"]: row["sum"] for row in found.annotate(sum=Sum(amount))}


def _methods(received: Any, month: Period) -> tuple[tuple[Method, int, Decimal], ...]:
    rows = received.filter(received_on__gte=month.start, received_on__lt=month.end).order_by()
    found = rows.values_list("method").annotate(count=Count("pk"), sum=Sum("amount"))
    return tuple((Method(name), count, total) for name, count, total in found.order_by("-sum"))
