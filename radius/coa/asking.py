"""Asking the RADIUS service to send something about a session, and reading what came of it.

Only the service may speak to a NAS, which trusts its address alone. A page writes a `CoaRequest`; PostgreSQL
wakes the service at COMMIT, and the answer comes back in the same row, usually within the tenth of a second.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from ispbilling.core import events
from radius.coa.models import CoaRequest, Kind, Outcome
from radius.usage.models import Session
from radius.wire.coa import Answer

# A request that nobody took for so long is no longer sent: its reason may be gone.
TOO_OLD = timedelta(seconds=60)
# The service takes requests within milliseconds, and asks a NAS for seven seconds.
TAKEN_WITHIN, ANSWERED_WITHIN = timedelta(seconds=3), timedelta(seconds=20)

_EVENTS = {Kind.DISCONNECT: "session.disconnect_asked", Kind.COA: "session.settings_asked"}


def ask(sessions: Iterable[Session], kind: Kind, now: datetime, *, actor: Any) -> list[CoaRequest]:
    """Have these sessions disconnected or changed; records who asked."""
    chosen = list(sessions)
    with transaction.atomic():
        made = CoaRequest.objects.bulk_create(
            CoaRequest(session=one, kind=kind, asked_by=actor, asked_at=now) for one in chosen
        )
        for one in chosen:
            about = one.data_account.customer if one.data_account else None
            events.record(_EVENTS[kind], one, actor=actor, about=about, username=one.username)
    return made


def ask_probe(session_ids: Iterable[int], now: datetime) -> list[int]:
    """Have the NASes asked whether they have these sessions; those they do not are closed. Ids of the requests.

    A `CoaRequest` that ends with `error_cause` 503 is the proof that a session is gone.
    """
    made = CoaRequest.objects.bulk_create(
        CoaRequest(session_id=pk, kind=Kind.PROBE, asked_at=now) for pk in session_ids
    )
    return [request.pk for request in made]


def take(now: datetime) -> list[CoaRequest]:
    """What was asked and nobody has taken yet, in order; what is too old is answered as such."""
    with transaction.atomic():
        found = list(
            CoaRequest.objects.filter(answered_at__isnull=True, taken_at__isnull=True)
            .order_by("id")
            .select_for_update(skip_locked=True)
        )
        CoaRequest.objects.filter(pk__in=[request.pk for request in found]).update(taken_at=now)
        late = [one for one in found if now - one.asked_at > TOO_OLD]
        store([not_sent(one, "The RADIUS service was not running when it was asked.", now) for one in late])
    return [one for one in found if now - one.asked_at <= TOO_OLD]


def told(answer: Answer | None, nas: str) -> tuple[Outcome, str]:
    """What a NAS answered, or that it did not, as it is stored."""
    if answer is None:
        return Outcome.TIMEOUT, f"{nas} did not answer."
    return (Outcome.ACK if answer.acknowledged else Outcome.NAK), answer.sentence(nas)


def answered(request: CoaRequest, answer: Answer | None, nas: str, now: datetime) -> CoaRequest:
    """The request with its answer, to be stored."""
    request.outcome, request.detail = told(answer, nas)
    request.error_cause = answer.error_cause if answer else None
    request.answered_at = now
    return request


def not_sent(request: CoaRequest, why: str, now: datetime) -> CoaRequest:
    """The request with the reason why nothing was sent, to be stored."""
    request.outcome, request.detail, request.answered_at = Outcome.NOT_SENT, why, now
    return request


def store(requests: Sequence[CoaRequest]) -> None:
    """Write answers."""
    CoaRequest.objects.bulk_update(requests, ["outcome", "detail", "error_cause", "answered_at"], 500)


def waits(request: CoaRequest, now: datetime) -> bool:
    """Whether an answer may still come."""
    limit = TAKEN_WITHIN if request.taken_at is None else ANSWERED_WITHIN
    return request.answered_at is None and now - request.asked_at < limit


def state(request: CoaRequest, now: datetime) -> str:
    """What came of it, in a sentence for the person who asked."""
    if request.answered_at is not None:
        return request.detail
    if waits(request, now):
        return "Asking the NAS …"
    if request.taken_at is None:
        return "The RADIUS service is not running."
    return "The RADIUS service stopped before the NAS answered."
