"""Verifying everything in the background: part by part, the last step asks of whole tables.

A killed worker's part is walked again; nothing is written but the row that says how far it is.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from billing.documents import verification as documents
from billing.ledger import verification as ledger
from billing.ledger.digests import digest
from billing.ledger.models import Posting
from billing.ledger.verification import Anchored, Point
from billing.payments import verification as payments
from billing.proving.models import Anchor, Verification, VerificationState
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.plans import Plan, Step

#: Batches of the ledger's walk in one step; a second or two.
BATCHES = 10
#: So many sentences are kept; the count tells of the others.
KEPT = 200


def everything(given: Sequence[Anchored] = ()) -> Iterator[str]:
    """A sentence per row that does not fit, of ledger, anchors, documents and payments."""
    anchors = [*(anchor.anchored for anchor in Anchor.objects.all()), *given]
    yield from ledger.findings(documents.document_digests, anchors)
    yield from _tables()


def _tables() -> Iterator[str]:
    yield from documents.papers()
    yield from payments.findings()
    for anchor in Anchor.objects.order_by("day"):
        told = [anchor.day.isoformat(), anchor.seq, bytes(anchor.hash).hex(), anchor.postings, anchor.totals]
        if digest(told) != bytes(anchor.digest):
            yield f"the anchor of {anchor.day} does not match its digest"


def ask(now: datetime, *, actor: User | None) -> Verification:
    """Have everything verified in the background. Raises DomainError while that is being done."""
    try:
        with transaction.atomic():
            asked = Verification.objects.create(
                asked_by=actor, asked_at=now, expected=Posting.objects.count()
            )
            events.record("verification.asked", asked, actor=actor, at=now)
    except IntegrityError as error:
        raise DomainError("The books are being verified already.") from error
    return asked


def plan(now: datetime) -> Plan:
    """The sweep: what is left of the verification that somebody asked for."""
    steps = []
    for one in Verification.objects.filter(state=VerificationState.WAITING):
        parts = max(one.expected - one.postings, 0) // (BATCHES * ledger.BATCH) + 1
        steps += [Step(("walk", one.pk), str(one), "verify postings", "somebody asked") for _ in range(parts)]
        steps.append(Step(("finish", one.pk), str(one), "verify sums and paper", "the chain is walked"))
    return Plan("verify_books", steps, _apply, chunk=1)


def _apply(steps: Sequence[Step], now: datetime) -> int:
    return sum(_ACTS[act](pk, now) for act, pk in (step.key for step in steps))


def _claimed(pk: int) -> Verification | None:
    """The row under its lock, unless another worker has it or it is finished."""
    rows = Verification.objects.select_for_update(skip_locked=True, no_key=True)
    return rows.filter(pk=pk, state=VerificationState.WAITING).first()


def _walk(pk: int, now: datetime) -> int:
    one = _claimed(pk)
    if one is None:
        return 0
    point, found = one.point, []
    for _ in range(BATCHES):
        there, sentences = ledger.walk(point, documents.document_digests)
        found += sentences
        if there == point:
            break
        point = there
    _keep(one, point, found)
    return 1


def _finish(pk: int, now: datetime) -> int:
    """The end of the chain and the whole tables; 0 while postings are left to walk."""
    one = _claimed(pk)
    if one is None or ledger.walk(one.point, documents.document_digests)[0] != one.point:
        return 0
    anchors = [anchor.anchored for anchor in Anchor.objects.all()]
    found = [*ledger.ending(one.point, anchors), *ledger.queries(), *_tables()]
    one.state, one.finished_at = VerificationState.DONE, now
    _keep(one, one.point, found, "state", "finished_at")
    events.record("verification.finished", one, at=now, postings=one.postings, findings=one.found)
    return 1


_ACTS: dict[str, Callable[[int, datetime], int]] = {"walk": _walk, "finish": _finish}


def _keep(one: Verification, point: Point, found: Sequence[str], *also: str) -> None:
    one.seq, one.hash, one.postings = point.seq, point.hash, point.postings
    one.findings = [*one.findings, *found][:KEPT]
    one.found += len(found)
    one.save(update_fields=["seq", "hash", "postings", "findings", "found", *also])
