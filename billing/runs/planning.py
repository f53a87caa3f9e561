"""Preparing a run: price everything that is due, and keep it, with reasons, for a person to read.

One `RunPlan` per customer with the digest of what it was made from. Issuing compares the digest again: a
customer whose lines, price, discount, address or terms changed since is parked and previewed again, the rest
issues.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256

from django.db import connection, transaction

from billing.recurring.charges import LAST_ID, Bill, Charge, Terms, due
from billing.runs.models import Run, RunChunk, RunException, RunPlan, RunState
from groups.models import BillingGroup
from ispbilling.core import events
from ispbilling.core.clock import Period, local_day
from ispbilling.core.copying import copy
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.money import ZERO, format_money

#: Customers per transaction. It bounds the memory of a worker and the time a payment waits for the numbers.
CHUNK = 1000
#: Amounts have twelve digits before the point; a slip of the keyboard must not stop everybody's run.
TOO_MUCH = Decimal(10**12)
ZERO_TOTAL = "Nothing to charge: the total is R 0.00."


@dataclass(frozen=True, slots=True)
class Asked:
    """What the person or sweep asked for."""

    period: Period
    issue_on: date
    billing_group: BillingGroup | None = None


def plan(asked: Asked, now: datetime, *, actor: User | None, chunk: int = CHUNK) -> Run:
    """Make a run and its plan. Raises DomainError when nothing is due, or the invoice date is in the future."""
    if asked.issue_on > local_day(now):
        raise DomainError("The invoice date is in the future: balances would show it before its time.")
    with transaction.atomic():
        terms = Terms.of(asked.period, asked.issue_on)
        run = Run.objects.create(
            period_start=asked.period.start,
            period_end=asked.period.end,
            issue_on=asked.issue_on,
            billing_group=asked.billing_group,
            created_at=now,
            created_by=actor,
        )
        hashed = sha256()
        for number, (low, high) in enumerate(_ranges(asked.billing_group, chunk)):
            bills = due(terms, now, low, high, run.billing_group_id)
            _store(run, bills)
            RunChunk.objects.create(run=run, number=number, low=low, high=high)
            for bill in bills:
                hashed.update(bill.digest)
                run.planned_total += _payable(bill)
            run.planned += len(bills)
        if not run.planned:
            raise DomainError(
                f"Nothing is due for {asked.period}: it is billed already, or nobody has a recurring line in it."
            )
        run.digest = hashed.digest()
        run.state = RunState.PREVIEWED
        run.save(update_fields=["digest", "state", "planned", "planned_total"])
        events.record("run.planned", run, actor=actor, at=now, customers=run.planned, total=run.planned_total)
        return run


def excuse(bill: Bill) -> tuple[str, str] | None:
    """(state, reason) of a bill that is not to be issued: skipped by rule, or parked for a person."""
    if bill.problem:
        return "parked", bill.problem
    if bill.total >= TOO_MUCH:
        return "parked", f"{format_money(bill.total)} cannot be right; look at its recurring lines."
    if bill.total == 0:
        return "skipped", ZERO_TOTAL
    return None


def _store(run: Run, bills: list[Bill]) -> None:
    copy(
        RunPlan,
        ("run_id", "customer_id", "digest", "total", "lines"),
        [
            (
                run.pk,
                bill.customer_id,
                bill.digest,
                _payable(bill),
                [_explained(charge) for charge in bill.charges],
            )
            for bill in bills
        ],
    )
    RunException.objects.bulk_create(
        RunException(run=run, customer_id=bill.customer_id, state=left_out[0], reason=left_out[1])
        for bill in bills
        if (left_out := excuse(bill))
    )


def _payable(bill: Bill) -> Decimal:
    """What the run means to charge: nothing for a bill that is left out."""
    return ZERO if excuse(bill) else bill.total


def _explained(charge: Charge) -> dict[str, str | int]:
    """A planned line as the preview shows it."""
    return {
        "line": charge.recurring_line_id,
        "description": charge.description,
        "quantity": str(charge.quantity),
        "price": str(charge.unit_price),
        "discount": str(charge.discount),
        "net": str(charge.price.net),
        "vat": str(charge.price.vat),
        "total": str(charge.price.total),
        "because": charge.because,
    }


def _ranges(billing_group: BillingGroup | None, chunk: int) -> Iterator[tuple[int, int]]:
    """Ranges of customer ids without gaps, about `chunk` customers each: who appears later is in one too."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT id FROM (
                   SELECT id, row_number() OVER (ORDER BY id) AS n FROM customers_customer
                   WHERE %(group)s::bigint IS NULL OR billing_group_id = %(group)s
               ) x WHERE n %% %(chunk)s = 1 OR %(chunk)s = 1 ORDER BY id""",
            {"group": billing_group.pk if billing_group else None, "chunk": chunk},
        )
        starts = [row[0] for row in cursor.fetchall()]
    starts[:1] = [0]
    for low, following in zip(starts, [*starts[1:], None], strict=True):
        yield low, LAST_ID if following is None else following - 1


def previous_run(run: Run) -> Run | None:
    """The run of the same customers to compare a preview with: the last issued one before it."""
    return (
        Run.objects.filter(
            period_start__lt=run.period_start,
            billing_group=run.billing_group_id,
            state__in=[RunState.ISSUED, RunState.PARTLY_FAILED],
        )
        .order_by("-period_start", "-pk")
        .first()
    )


def issued_total(run: Run) -> Decimal:
    """What an issued run charged, by its certificate."""
    return Decimal(run.certificate.get("total", ZERO))
