"""Taking a run back: every invoice is answered by a credit note, chunk by chunk, and its period may be
billed again."""

from datetime import datetime

from django.db import transaction
from django.db.models import Sum

from billing.documents import credit, issuing
from billing.documents.models import Document, DocumentKind, DocumentQuerySet
from billing.runs.models import Run, RunChunk, RunState
from ispbilling.core import events
from ispbilling.core.clock import local_day
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.money import ZERO


def request(run: Run, now: datetime, *, actor: User | None, reason: str) -> Run:
    """Give the word to take an issued run back. Raises DomainError when it is not issued, or all is
    credited."""
    with transaction.atomic():
        run = Run.objects.select_for_update(no_key=True).get(pk=run.pk)
        if run.state not in (RunState.ISSUED, RunState.PARTLY_FAILED):
            raise DomainError(
                f"This run is {run.get_state_display().lower()}; only an issued one can be undone."
            )
        if not standing(run).exists():
            raise DomainError("Every invoice of this run is credited already.")
        if later := credit.credited_later(standing(run).values("pk")):
            raise DomainError(f"{later} gives back days that this run charged; take {later} back first.")
        run.state, run.undone_by = RunState.UNDOING, actor
        run.certificate |= {"undo": {"reason": reason, "by": str(actor) if actor else "the system"}}
        run.save(update_fields=["state", "undone_by", "certificate"])
        events.record("run.undo_requested", run, actor=actor, at=now, reason=reason)
    return run


def standing(run: Run) -> DocumentQuerySet:
    """The invoices of the run that no credit note has taken back."""
    return Document.objects.filter(run=run, kind=DocumentKind.INVOICE, corrections=None)


def undo_chunk(run_id: int, number: int, now: datetime) -> bool:
    """Credit one chunk's invoices; False when another worker has it or it is done. Call it inside a
    transaction."""
    chunk = (
        RunChunk.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(run=run_id, number=number, undone_at=None)
        .first()
    )
    if chunk is None:
        return False
    run = Run.objects.get(pk=run_id)
    if run.state != RunState.UNDOING:
        return False
    documents = list(
        standing(run)
        .filter(customer__gte=chunk.low, customer__lte=chunk.high)
        .order_by("pk")
        .select_for_update(no_key=True, of=("self",))
    )
    on = max(local_day(now), run.issue_on)
    reason = f"run {run} undone: {run.certificate['undo']['reason']}"
    issuing.issue_rows(credit.mirrors(documents, on, reason), on, now, run.undone_by)
    RunChunk.objects.filter(run=run_id, number=number).update(undone_at=now)
    return True


def finish(run_id: int, now: datetime) -> bool:
    """Close an undone run: its counts, state, event. Call it inside a transaction."""
    run = Run.objects.select_for_update(no_key=True).get(pk=run_id)
    if run.state != RunState.UNDOING or run.chunks.filter(undone_at=None).exists():
        return False
    notes = Document.objects.filter(corrects__run=run)
    total = notes.aggregate(total=Sum("total"))["total"] or ZERO
    run.certificate["undo"] |= {
        "credit_notes": notes.count(),
        "total": str(total),
        "left": str(total + (Document.objects.filter(run=run, kind=DocumentKind.INVOICE)
                             .aggregate(total=Sum("total"))["total"] or ZERO)),
        "at": now.isoformat(),
    }  # fmt: skip
    run.state, run.undone_at = RunState.UNDONE, now
    run.save(update_fields=["certificate", "state", "undone_at"])
    events.record("run.undone", run, actor=run.undone_by, at=now, credit_notes=notes.count(), total=total)
    return True
