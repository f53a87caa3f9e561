"""Bring live sessions in line with the decision: change what can be changed, disconnect who may not stay.

Design Overview: nobody has to remember to disconnect anybody. `comparing` finds the live sessions that are
not as they should be; this sends a CoA-Request or a Disconnect-Request for each, and every attempt is a
`CoaAttempt` row. What a NAS refuses to change is disconnected instead. A NAS's acknowledgement is not the end
of a session, its Stop is: until that comes the request is repeated, ever less often. A NAS that does not know
the session closes it for us.

One session is asked about one thing at a time. Outcomes are written in batches, while others are under way;
then those sessions are compared once more, since facts may have changed meanwhile.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, Protocol

import structlog
from django.db import connection, transaction

from radius.coa import asking, comparing
from radius.coa.client import Ask, Client
from radius.coa.comparing import Baseline, Comparison, Difference, Finding, Live, Pairs, unwanted
from radius.coa.models import CoaAttempt, CoaRequest, Kind, Outcome
from radius.nas.models import Nas
from radius.policy import changing
from radius.policy.codes import sentence
from radius.usage import applying, closing
from radius.wire.attributes import encode
from radius.wire.coa import SESSION_NOT_FOUND, Answer, named
from radius.wire.codec import Key
from radius.wire.errors import WireError
from radius.wire.requests import Code

log = structlog.get_logger(__name__)

# How long an attempt is given to take effect before the next one; the last value goes on.
PATIENCE = tuple(timedelta(seconds=seconds) for seconds in (30, 60, 120, 300, 600, 1800))
# Outcomes that make one batch of rows, and the most that wait while others are still to be told.
BATCH, MOST = 500, 10_000
# How long outcomes wait for more of them before they are written.
_LINGER = 0.02
#: `CoaAttempt.because` of what a person asked for.
ASKED = "ASKED"


class Peer(Protocol):
    """A NAS as the server's snapshot knows it."""

    @property
    def nas_id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def coa_port(self) -> int | None: ...
    @property
    def key(self) -> Key: ...
    @property
    def kind(self) -> str: ...


class _Sent(NamedTuple):
    """What a request to a NAS was about; `request` is the row of the person who asked, if one did."""

    what: Difference
    peer: Peer
    request: CoaRequest | None = None


@dataclass(slots=True)
class _Past:
    """What was tried about one session, how often and when last, by what was wanted; and what a NAS did not change."""

    tried: dict[tuple[str, str], tuple[int, datetime]] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)

    def is_time(self, one: Difference, now: datetime) -> bool:
        if (one.kind, one.applied) not in self.tried:
            return True
        times, last = self.tried[one.kind, one.applied]
        return now - last >= PATIENCE[min(times, len(PATIENCE)) - 1]


class Reconciler:
    """Sends what comparisons find and what people ask for through a `Client`; the caller turns it.

    `peers` is asked for the NASes whenever something new is looked at; those it does not list are not spoken
    to, and their sessions are left to become stale.
    """

    def __init__(self, client: Client, peers: Callable[[], Iterable[Peer]], default_port: int) -> None:
        self._client, self._peers, self._default_port = client, peers, default_port
        self._known: dict[int, Peer] = {}
        self._kinds: dict[int, str] = {}
        self._comparison = Comparison(self._kinds)
        self._looking: deque[Iterator[list[Finding]]] = deque()
        self._under_way: set[int] = set()
        self._again: set[int] = set()
        self._ended: list[tuple[_Sent, Answer | None]] = []

    @property
    def busy(self) -> bool:
        """Whether anything is left to find, to be answered or to be recorded."""
        return bool(self._looking or self._ended or len(self._client))

    def look(self, now: datetime, scope: str = "*", ids: Iterable[int] = ()) -> None:
        """Compare what changed: the sessions of a scope, all (`*`), or what the clock alone may have changed
        (`clock`).
        """
        self._know()
        if scope == "*":
            self._looking.append(self._comparison.everywhere(now))
        elif scope == "clock":
            self._looking.append(self._comparison.by_the_clock(now))
        else:
            self._looking.appendleft(self._comparison.within(scope, ids, now))

    def forget(self) -> None:
        """Drop what was being looked at, after an error; what was sent and answered is kept."""
        self._looking.clear()

    def answer_requests(self, now: datetime) -> None:
        """Send what people asked for since the last time."""
        requests = asking.take(now)
        if not requests:
            return
        self._know()
        lives = comparing.read({request.session_id for request in requests})
        refused: list[CoaRequest] = []
        for request in requests:
            live = lives.get(request.session_id)
            outcome = self._requested(request, live, now) if live else "The session has ended."
            if isinstance(outcome, str):
                refused.append(asking.not_sent(request, outcome, now))
            else:
                self._send(outcome)
        asking.store(refused)

    def turn(self, now: datetime, seconds: float) -> list[CoaAttempt]:
        """Send what was found, wait up to `seconds` for answers, and record outcomes as batches fill; returns
        what was recorded.
        """
        if self._looking:
            # Block by block without a look at the answers, until the last has left: those who wait come first.
            self._launch(now)
            self._client.flush()
            if self._looking and len(self._client) < MOST:
                return []
        patience = min(seconds, _LINGER) if self._ended else seconds
        if self._looking or len(self._ended) >= BATCH:
            patience = 0.0
        came = self.listen(patience)
        # What is to be sent goes first; what came of it can wait a little.
        enough = len(self._ended) >= (MOST if self._looking else BATCH) or not (came or self._looking)
        if self._ended and (enough or any(sent.request for sent, _answer in self._ended)):
            return self.record(now)
        return []

    def listen(self, seconds: float) -> int:
        """Only send and wait for answers, without the database; how many requests came to an end."""
        ended = self._client.turn(seconds)
        self._ended += ((ask.about, answer) for ask, answer in ended)
        return len(ended)

    def record(self, now: datetime) -> list[CoaAttempt]:
        """Write the first outcomes that came in, then compare those sessions again where something may remain.

        A batch at a time: what leaves at its pace does not wait until thousands are written.
        """
        ended = self._ended[:BATCH]
        attempts = _store(ended, now)
        self._ended = self._ended[BATCH:]
        failed = {
            sent.what.live.pk
            for sent, answer in ended
            if sent.what.kind == Kind.COA and not (answer and answer.acknowledged)
        }
        done = {sent.what.live.pk for sent, _answer in ended}
        again = (self._again & done) | failed
        self._under_way -= done
        self._again -= done
        if again:
            self.look(now, "session", again)
        return attempts

    def _know(self) -> None:
        self._known = {peer.nas_id: peer for peer in self._peers()}
        self._kinds.clear()
        self._kinds.update((nas_id, peer.kind) for nas_id, peer in self._known.items())

    def _launch(self, now: datetime) -> None:
        """Queue what the next block of sessions needs; what changed comes before what is looked at now and then."""
        found = next(self._looking[0], None)
        if found is None:
            self._looking.popleft()
            return
        applying.give({one.live.pk: one.applied for one in found if isinstance(one, Baseline)})
        for one in _due([one for one in found if isinstance(one, Difference)], now):
            peer = self._known.get(one.live.nas_id or 0)
            if one.live.pk in self._under_way:
                self._again.add(one.live.pk)
            elif peer is not None:
                self._under_way.add(one.live.pk)
                self._send(_Sent(one, peer))

    def _requested(self, request: CoaRequest, live: Live, now: datetime) -> _Sent | str:
        """What to send for it, or why nothing is sent."""
        peer = self._known.get(live.nas_id or 0)
        if peer is None:
            return _unreachable(live)
        kind = Kind(request.kind)
        if kind != Kind.COA:
            return _Sent(Difference(live, kind, ASKED), peer, request)
        wanted = self._comparison.settings(live, now)
        if isinstance(wanted, str):
            return f"It may not be online: {sentence(wanted)}"
        if changing.comparable(live.applied) and changing.needs_login(live.applied, wanted[0]):
            return "What it was given can only change with a new log-in: disconnect it instead."
        return _Sent(Difference(live, kind, ASKED, *wanted), peer, request)

    def _send(self, sent: _Sent) -> None:
        one, peer = sent.what, sent.peer
        code = Code.DISCONNECT_REQUEST if one.kind == Kind.DISCONNECT else Code.COA_REQUEST
        attributes = named(one.live.username, one.live.acct_session_id, one.live.framed_ip)
        port = peer.coa_port or self._default_port
        self._client.ask(Ask(peer.address, port, peer.key, code, attributes + _settings(one.pairs), sent))


def _unreachable(live: Live) -> str:
    """Why there is nobody to send to. Over the TLS of RadSec nothing is sent: the connection is the NAS's own."""
    if Nas.objects.filter(pk=live.nas_id or 0, enabled=True, address__isnull=True).exists():
        return "Its NAS has no address, and over RadSec it is told nothing: give it the address where it takes CoA."
    return "Its NAS is gone or disabled."


def due(now: datetime) -> list[Difference]:
    """Sessions that should not be and for which it is time to send (again)."""
    return _due(unwanted(now), now)


def _due(found: Sequence[Difference], now: datetime) -> list[Difference]:
    """Those for which it is time; what a NAS did not change is to be disconnected."""
    past = _past([one.live.pk for one in found])
    if not past:
        return list(found)
    return [one for one in (_instead(one, past) for one in found) if _is_time(one, past, now)]


def _instead(one: Difference, past: Mapping[int, _Past]) -> Difference:
    if one.kind == Kind.COA and one.live.pk in past and one.applied in past[one.live.pk].failed:
        return Difference(one.live, Kind.DISCONNECT, one.because)
    return one


def _is_time(one: Difference, past: Mapping[int, _Past], now: datetime) -> bool:
    return one.live.pk not in past or past[one.live.pk].is_time(one, now)


def _past(session_ids: list[int]) -> dict[int, _Past]:
    """Of those sessions about which anything was sent."""
    found: dict[int, _Past] = {}
    if not session_ids:
        return found
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT session_id, request, applied, outcome, at FROM radius_coaattempt"
            " WHERE session_id = ANY(%s::bigint[]) AND request <> 'probe' ORDER BY id",
            [comparing.array(session_ids)],
        )
        for session, kind, applied, outcome, at in cursor.fetchall():
            past = found.setdefault(session, _Past())
            times, _last = past.tried.get((kind, applied), (0, at))
            past.tried[kind, applied] = (times + 1, at)
            if kind == Kind.COA and outcome != Outcome.ACK:
                past.failed.add(applied)
    return found


@lru_cache(maxsize=1024)
def _settings(pairs: Pairs) -> bytes:
    """The encoded attributes of a CoA-Request; what cannot be encoded is left out, as in an Accept."""
    octets = b""
    for pair in changing.changeable(pairs):
        try:
            octets += encode([pair])
        except WireError as error:
            log.error("attribute_left_out", attribute=pair[0], error=str(error))
    return octets


def _store(ended: Sequence[tuple[_Sent, Answer | None]], now: datetime) -> list[CoaAttempt]:
    nases = set(
        Nas.objects.filter(pk__in={sent.peer.nas_id for sent, _answer in ended}).values_list("pk", flat=True)
    )
    attempts = [_attempt(sent, answer, now) for sent, answer in ended if sent.what.kind != Kind.PROBE]
    with transaction.atomic():
        CoaAttempt.objects.bulk_create([one for one in attempts if one.nas_id in nases])
        applying.give(
            {
                sent.what.live.pk: sent.what.applied
                for sent, answer in ended
                if sent.what.kind == Kind.COA and answer and answer.acknowledged
            }
        )
        asking.store(
            [
                asking.answered(sent.request, answer, sent.peer.name, now)
                for sent, answer in ended
                if sent.request is not None
            ]
        )
        closing.close_disowned(
            sent.what.live.pk for sent, answer in ended if answer and answer.error_cause == SESSION_NOT_FOUND
        )
    return attempts


def _attempt(sent: _Sent, answer: Answer | None, now: datetime) -> CoaAttempt:
    outcome, detail = asking.told(answer, sent.peer.name)
    return CoaAttempt(
        session_id=sent.what.live.pk,
        nas_id=sent.peer.nas_id,
        at=now,
        request=sent.what.kind,
        because=sent.what.because,
        outcome=outcome,
        detail=detail,
        applied=sent.what.applied,
    )
