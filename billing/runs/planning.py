"""Preparing a run: price everything that is due, and keep it, with reasons, for a person to read.

One `RunPlan` per customer with the digest of what it was made from. Issuing compares the digest again: a
customer whose lines, price, discount, address or terms changed since is parked and previewed again, the rest
issues.

`plan` prices everybody at once; `request` does so only for few customers, and otherwise leaves a draft whose
chunks the sweep `issue_runs` prices one by one. A chunk is claimed by its row lock: a killed planner's chunk
rolls back and is free again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Q

from billing.ledger import books
from billing.recurring.charges import LAST_ID, Bill
from billing.recurring.charging import Charge
from billing.recurring.dues import due
from billing.recurring.models import RecurringLine, Timing
from billing.recurring.terms import Terms
from billing.runs.models import Run, RunChunk, RunException, RunPlan, RunState
from groups.models import BillingGroup
from ispbilling.core import events
from ispbilling.core.clock import Period, add_months, local_day
from ispbilling.core.copying import copy
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.money import ZERO, format_money

#: Customers per transaction. It bounds the memory of a worker and the time a payment waits for the numbers.
CHUNK = 1000
#: So many customers are priced while a person waits for the page; more are priced in the background.
AT_ONCE = 500
#: Amounts have twelve digits before the point; a slip of the keyboard must not stop everybody's run.
TOO_MUCH = Decimal(10**12)
ZERO_TOTAL = "Nothing to charge: the total is R 0.00."
CREDIT = "{} would be given back: it comes off the next invoice that is larger."


@dataclass(frozen=True, slots=True)
class Asked:
    """What the person or sweep asked for."""

    period: Period
    issue_on: date
    billing_group: BillingGroup | None = None


def plan(asked: Asked, now: datetime, *, actor: User | None, chunk: int = CHUNK) -> Run:
    """Make a run and its plan. Raises DomainError when nothing is due, or for an invoice date that is in the
    future or in closed books."""
    with transaction.atomic():
        run = _draft(asked, now, actor, chunk)
        for number in range(run.chunks.count()):
            plan_chunk(run.pk, number, now)
        finish(run.pk, now)
        run.refresh_from_db()
        if run.state == RunState.EMPTY:
            raise DomainError(nothing_due(run))
        return run


def request(
    asked: Asked, now: datetime, *, actor: User | None, chunk: int = CHUNK, at_once: int = AT_ONCE
) -> Run:
    """A run for a person who waits: planned when few customers are concerned, else a draft for the sweep.

    Raises DomainError as `plan`; with many customers, "nothing is due" is found later and kept as the state.
    """
    if concerned(asked, at_once + 1) <= at_once:
        return plan(asked, now, actor=actor, chunk=chunk)
    with transaction.atomic():
        run = _draft(asked, now, actor, chunk)
        events.record("run.requested", run, actor=actor, at=now)
        return run


def concerned(asked: Asked, most: int) -> int:
    """How many customers may have something due in the period, counted up to `most`.

    Lines in arrears, and lines that catch up or credit days, have it after their last day, too.
    """
    start = asked.period.start
    open_ = Q(ends_on=None) | Q(ends_on__gte=start)
    behind = Q(timing=Timing.ARREARS) | Q(bill_from__isnull=False) | Q(credit_unused=True)
    lines = RecurringLine.objects.filter(
        open_ | behind & Q(ends_on__gte=add_months(start, -24)), starts_on__lt=asked.period.end
    )
    if asked.billing_group is not None:
        lines = lines.filter(customer__billing_group=asked.billing_group)
    return lines.order_by().values("customer").distinct()[:most].count()


def nothing_due(run: Run) -> str:
    """Why a run has nobody in it."""
    return (
        f"Nothing is due for {run}: it is billed already, or no recurring line is charged in it, nor a call."
    )


def plan_chunk(run_id: int, number: int, now: datetime) -> bool:
    """Price one chunk; False when another worker has it, it is done, or the draft is gone. Call it inside a
    transaction."""
    with connection.cursor() as cursor:
        # Before the chunk, as a discard locks them; many planners hold it together.
        cursor.execute("SELECT state FROM billing_run WHERE id = %s FOR KEY SHARE", [run_id])
        if cursor.fetchone() != (RunState.DRAFT.value,):
            return False
    chunk = (
        RunChunk.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(run=run_id, number=number, planned_at=None)
        .first()
    )
    if chunk is None:
        return False
    run = Run.objects.get(pk=run_id)
    terms = Terms.of(run.period, run.issue_on)
    _store(run, due(terms, now, chunk.low, chunk.high, run.billing_group_id))
    RunChunk.objects.filter(run=run_id, number=number).update(planned_at=now)
    return True


def finish(run_id: int, now: datetime) -> bool:
    """Close a plan whose chunks are all priced: counts, digest, state, event. Call it inside a transaction."""
    run = Run.objects.select_for_update(no_key=True).filter(pk=run_id).first()
    if run is None or run.state != RunState.DRAFT or run.chunks.filter(planned_at=None).exists():
        return False
    with connection.cursor() as cursor:
        cursor.execute(_PLANNED, [run_id])
        run.planned, run.planned_total, run.digest = cursor.fetchone()
    run.state = RunState.PREVIEWED if run.planned else RunState.EMPTY
    run.save(update_fields=["digest", "state", "planned", "planned_total"])
    events.record(
        "run.planned",
        run,
        actor=run.created_by,
        at=now,
        customers=run.planned,
        total=run.planned_total,
    )
    return True


_PLANNED = """
SELECT count(*), coalesce(sum(total), 0), sha256(coalesce(string_agg(digest, '' ORDER BY customer_id), ''))
FROM billing_runplan WHERE run_id = %s
"""


def _draft(asked: Asked, now: datetime, actor: User | None, chunk: int) -> Run:
    """The run and its chunks, nothing priced. Raises DomainError when the terms do not hold."""
    if asked.issue_on > local_day(now):
        raise DomainError("The invoice date is in the future: balances would show it before its time.")
    books.require_open(asked.issue_on)
    Terms.of(asked.period, asked.issue_on)
    run = Run.objects.create(
        period_start=asked.period.start,
        period_end=asked.period.end,
        issue_on=asked.issue_on,
        billing_group=asked.billing_group,
        created_at=now,
        created_by=actor,
    )
    RunChunk.objects.bulk_create(
        RunChunk(run=run, number=number, low=low, high=high)
        for number, (low, high) in enumerate(_ranges(asked.billing_group, chunk))
    )
    return run


def excuse(bill: Bill) -> tuple[str, str] | None:
    """(state, reason) of a bill that is not to be issued: skipped by rule, or parked for a person."""
    if bill.problem:
        return "parked", bill.problem
    total = bill.total
    if total >= TOO_MUCH:
        return "parked", f"{format_money(total)} cannot be right; look at its recurring lines."
    if total == 0:
        return "skipped", ZERO_TOTAL
    if total < 0:
        return "skipped", CREDIT.format(format_money(-total))
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


def _explained(charge: Charge) -> dict[str, str | int | None]:
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
