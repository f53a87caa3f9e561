"""The figures that look at everybody: what was billed and collected by month, who owes since when.

Each is one query over all payers, so they are kept for a while; what they were when they were made is said beside
them. What the ledger has not changed since is as good as new.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Sum
from django.db.models.functions import TruncMonth

from billing.ageing.analysis import Analysis
from billing.ageing.buckets import Ages
from billing.documents.models import BILLED, Document
from billing.ledger.models import ChainHead
from billing.payments.models import Method, Payment
from billing.recurring.models import AgeBy, BillingSettings
from customers.models import Customer
from ispbilling.core.clock import Period, add_months, local_day, month_of
from ispbilling.core.money import ZERO

MONTHS = 12
#: Payers who owe most past the due date.
WORST = 8
#: So old figures may be while postings come in, and while none do.
BUSY, QUIET = timedelta(minutes=1), timedelta(minutes=10)
_KEY = "billing:overview"


@dataclass(frozen=True, slots=True)
class Month:
    """What was invoiced less credit notes, and what came in and stayed."""

    period: Period
    billed: Decimal
    collected: Decimal


@dataclass(frozen=True, slots=True)
class Owing:
    """A payer with something past its due date."""

    pk: int
    name: str
    overdue: Decimal
    balance: Decimal


@dataclass(frozen=True, slots=True)
class Position:
    """How the money stood at an instant. `methods` are of the month: (method, payments, sum)."""

    made_at: datetime
    seal: int
    today: date
    by: AgeBy
    months: tuple[Month, ...]
    methods: tuple[tuple[Method, int, Decimal], ...]
    ages: Ages
    payers: int
    worst: tuple[Owing, ...]

    @property
    def month(self) -> Month:
        return self.months[-1]

    @property
    def month_before(self) -> Month:
        return self.months[-2]


def position(now: datetime, *, anew: bool = False) -> Position:
    """How the money stands; made anew when asked for, or when what is kept is too old."""
    seal = ChainHead.objects.values_list("seq", flat=True).get(pk=1)
    today, by = local_day(now), AgeBy(BillingSettings.get().age_by)
    kept: Position | None = None if anew else cache.get(_KEY)
    if kept is not None and (kept.today, kept.by) == (today, by):
        age = now - kept.made_at
        if timedelta() <= age < (QUIET if kept.seal == seal else BUSY):
            return kept
    made = _made(now, seal, today, by)
    cache.set(_KEY, made, QUIET.total_seconds())
    return made


def _made(now: datetime, seal: int, today: date, by: AgeBy) -> Position:
    first = add_months(today.replace(day=1), 1 - MONTHS)
    billed = Document.objects.filter(kind__in=BILLED)
    received = Payment.objects.filter(taken_back_on=None)
    months = [month_of(add_months(first, ahead)) for ahead in range(MONTHS)]
    invoiced, collected = (
        _by_month(billed, "issued_on", "total", first),
        _by_month(received, "received_on", "amount", first),
    )
    analysis = Analysis(Customer.objects.all(), today, by, order=("-overdue",), expected=slice(0, WORST))
    worst = [row for row in analysis[0:WORST] if row.ages.overdue]
    return Position(
        made_at=now,
        seal=seal,
        today=today,
        by=by,
        months=tuple(
            Month(one, invoiced.get(one.start, ZERO), collected.get(one.start, ZERO)) for one in months
        ),
        methods=_methods(received, months[-1]),
        ages=analysis.totals,
        payers=len(analysis),
        worst=tuple(Owing(row.pk, str(row.customer), row.ages.overdue, row.ages.balance) for row in worst),
    )


def _by_month(rows: Any, day: str, amount: str, first: date) -> dict[date, Decimal]:
    found = rows.filter(**{f"{day}__gte": first}).order_by().annotate(month=TruncMonth(day)).values("month")
    return {row["month"]: row["sum"] for row in found.annotate(sum=Sum(amount))}


def _methods(received: Any, month: Period) -> tuple[tuple[Method, int, Decimal], ...]:
    rows = received.filter(received_on__gte=month.start, received_on__lt=month.end).order_by()
    found = rows.values_list("method").annotate(count=Count("pk"), sum=Sum("amount"))
    return tuple((Method(name), count, total) for name, count, total in found.order_by("-sum"))
