"""What became of what staff asked lately about the sessions of a list, in a word."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from radius.coa import asking
from radius.coa.models import CoaRequest, Kind, Outcome

#: For how long a list says so; the session's own page keeps it.
SHOWN = timedelta(minutes=15)
_WORDS = {
    Outcome.ACK: ("Acknowledged", "working"),
    Outcome.NAK: ("NAS refused", "attention"),
    Outcome.TIMEOUT: ("No answer", "attention"),
    Outcome.NOT_SENT: ("Not sent", "attention"),
}


@dataclass(frozen=True, slots=True)
class Reply:
    """A word and its colour (core.tables.MEANINGS), and the sentence behind it."""

    word: str
    meaning: str
    sentence: str


def lately(session_ids: Iterable[int], now: datetime) -> dict[int, Reply]:
    """The latest of each session, by its id; one query."""
    rows = CoaRequest.objects.filter(session__in=list(session_ids), asked_at__gte=now - SHOWN)
    latest = {one.session_id: one for one in rows.exclude(kind=Kind.PROBE).order_by("id")}
    return {pk: _reply(one, now) for pk, one in latest.items()}


def _reply(request: CoaRequest, now: datetime) -> Reply:
    sentence = f"{request.get_kind_display()}: {asking.state(request, now)}"
    if asking.waits(request, now):
        return Reply("Asking …", "info", sentence)
    word, meaning = _WORDS[Outcome(request.outcome or Outcome.NOT_SENT)]
    return Reply(word, meaning, sentence)
