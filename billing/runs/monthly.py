"""Issuing an approved run, chunk by chunk, each chunk one transaction; the drafts, numbers and money with it.

The claim of a chunk is the lock of its row: a killed worker's chunk rolls back and is free again, so
resuming is starting. Nothing is stored per customer besides the documents themselves: issued means that a
document exists.
"""

from collections.abc import Sequence
from datetime import datetime

import structlog
from django.db import DatabaseError, connection, transaction

from billing.documents import issuing
from billing.documents.issuing import Draft
from billing.ledger import books
from billing.recurring.charges import Bill
from billing.recurring.dues import due
from billing.recurring.terms import Terms
from billing.runs.certificate import certify
from billing.runs.drafting import draft_of
from billing.runs.models import Run, RunChunk, RunException, RunPlan, RunState
from billing.runs.planning import excuse
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User

log = structlog.get_logger(__name__)

CHANGED = "Changed since the preview; preview again to see the new amount."
GONE = "Nothing is due any more: ended, deleted or billed elsewhere since the preview."
APPEARED = "Not in the preview: became due since; preview again."


def approve(run: Run, now: datetime, *, actor: User | None) -> Run:
    """Give the word: from here the sweep `issue_runs` issues it.

    Raises DomainError in any other state, and when the books of its date were closed since the preview.
    """
    with transaction.atomic():
        run = Run.objects.select_for_update(no_key=True).get(pk=run.pk)
        if run.state != RunState.PREVIEWED:
            raise DomainError(
                f"This run is {run.get_state_display().lower()}; only a preview can be approved."
            )
        books.require_open(run.issue_on)
        run.state, run.approved_at, run.approved_by = RunState.APPROVED, now, actor
        run.save(update_fields=["state", "approved_at", "approved_by"])
        events.record(
            "run.approved", run, actor=actor, at=now, customers=run.planned, total=run.planned_total
        )
    return run


def discard(run: Run, *, actor: User | None, now: datetime) -> None:
    """Throw a preview away, or a draft that is being prepared. Raises DomainError once it was approved."""
    with transaction.atomic():
        run = Run.objects.select_for_update().get(pk=run.pk)
        if run.state not in (RunState.DRAFT, RunState.EMPTY, RunState.PREVIEWED):
            raise DomainError(f"This run is {run.get_state_display().lower()} and cannot be discarded.")
        events.record("run.discarded", run, actor=actor, at=now)
        run.delete()


def begin(run_id: int) -> bool:
    """Mark an approved run as issuing; False when it was marked before."""
    return bool(Run.objects.filter(pk=run_id, state=RunState.APPROVED).update(state=RunState.ISSUING))


def issue_chunk(run_id: int, number: int, now: datetime) -> bool:
    """Issue one chunk; False when another worker has it or it is done. Call it inside a transaction."""
    chunk = (
        RunChunk.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(run=run_id, number=number, done_at=None)
        .first()
    )
    if chunk is None:
        return False
    run = Run.objects.get(pk=run_id)
    if run.state != RunState.ISSUING:
        return False
    bills = due(Terms.of(run.period, run.issue_on), now, chunk.low, chunk.high, run.billing_group_id)
    ready, left_out = _sorted_out(run, chunk, bills)
    drafts = [draft_of(bill, run.pk, f"invoice:run:{run.pk}:{bill.customer_id}") for bill in ready]
    issued = _issue(drafts, run, now, left_out)
    RunException.objects.bulk_create(
        (
            RunException(run=run, customer_id=customer, state=state, reason=reason)
            for customer, (state, reason) in left_out.items()
        ),
        # Skipped in the preview, changed since: the later reason is the one somebody has to act on.
        update_conflicts=True,
        unique_fields=["run", "customer"],
        update_fields=["state", "reason"],
    )
    RunChunk.objects.filter(run=run_id, number=number).update(done_at=now, issued=issued)
    return True


def finish(run_id: int, now: datetime) -> bool:
    """Close a run whose chunks are all done: certificate, state, event. Call it inside a transaction."""
    run = Run.objects.select_for_update(no_key=True).get(pk=run_id)
    if run.state != RunState.ISSUING or run.chunks.filter(done_at=None).exists():
        return False
    run.certificate = certify(run, now)
    parked = run.certificate["parked"] + run.certificate["appeared"]
    run.state = RunState.PARTLY_FAILED if parked else RunState.ISSUED
    run.issued_at = now
    run.save(update_fields=["certificate", "state", "issued_at"])
    events.record(
        "run.issued",
        run,
        actor=run.approved_by,
        at=now,
        issued=run.certificate["issued"],
        parked=parked,
        total=run.certificate["total"],
    )
    return True


def _sorted_out(
    run: Run, chunk: RunChunk, bills: Sequence[Bill]
) -> tuple[list[Bill], dict[int, tuple[str, str]]]:
    """The bills that are as previewed, and why each of the others is left out, by customer."""
    planned = {
        customer: bytes(stored)
        for customer, stored in RunPlan.objects.filter(
            run=run, customer__gte=chunk.low, customer__lte=chunk.high
        ).values_list("customer_id", "digest")
    }
    ready, left_out = [], {}
    for bill in bills:
        stored = planned.pop(bill.customer_id, None)
        if stored is None:
            left_out[bill.customer_id] = ("parked", APPEARED)
        elif stored != bill.digest:
            left_out[bill.customer_id] = ("parked", CHANGED)
        elif why := excuse(bill):
            left_out[bill.customer_id] = why
        else:
            ready.append(bill)
    left_out |= dict.fromkeys(planned, ("parked", GONE))
    return ready, left_out


def _issue(drafts: Sequence[Draft], run: Run, now: datetime, left_out: dict[int, tuple[str, str]]) -> int:
    """Issue what can be: when the database refuses a set it is halved, down to the one that is parked."""
    if not drafts:
        return 0
    try:
        with transaction.atomic():
            issuing.issue_rows(drafts, run.issue_on, now, run.approved_by)
            with connection.cursor() as cursor:
                # What is deferred is refused here, where it can be answered, instead of at COMMIT.
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    except (DatabaseError, DomainError) as refusal:
        if isinstance(refusal, DatabaseError) and _passing(refusal):
            raise  # a deadlock or a lost connection says nothing about the rows: the chunk is tried again
        if len(drafts) == 1:
            log.warning("run_customer_parked", run=run.pk, customer=drafts[0].customer_id, error=str(refusal))
            left_out[drafts[0].customer_id] = ("parked", f"Could not be issued: {refusal}"[:300])
            return 0
        half = len(drafts) // 2
        return _issue(drafts[:half], run, now, left_out) + _issue(drafts[half:], run, now, left_out)
    return len(drafts)


def _passing(error: DatabaseError) -> bool:
    """Whether the failure is of the moment: classes 08, 40, 53, 55 and 57 of PostgreSQL's error codes."""
    code = getattr(error.__cause__, "pgcode", None)
    return code is None or code[:2] in {"08", "40", "53", "55", "57"}
