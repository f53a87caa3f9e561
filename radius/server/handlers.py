"""From datagrams to replies: one class per port, each a plain function of a batch that a test can call.

`Authentication` answers from memory. `Accounting` answers when a packet is durable, or not at all: after COMMIT,
or on the spool's disk while PostgreSQL is away.
"""

import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from random import expovariate

import psycopg2
import structlog

from radius.policy import replies
from radius.policy.decision import decide
from radius.policy.subscriber import Login
from radius.server.attempts import Attempt
from radius.server.counting import Counts
from radius.server.dedupe import Duplicates
from radius.server.limiting import Guesses, Seldom
from radius.server.lines import Line
from radius.server.loop import Datagram
from radius.server.nases import NasEntry
from radius.server.online import OpenSession, Prover, crowd, place
from radius.server.snapshot import Directory, Snapshot
from radius.server.spool import Spool, SpoolFull
from radius.usage.recording import Recorder
from radius.usage.reports import Implausible, Record, quarantined, report
from radius.wire import codec, mschap, passwords
from radius.wire.attributes import encode
from radius.wire.codec import Signing, text
from radius.wire.errors import WireError
from radius.wire.requests import AccessRequest, AccountingRequest, StatusServer

log = structlog.get_logger(__name__)

ACCEPT, REJECT = 2, 3
_HEADER = 20
# Lines whose first accept after a reject is waited for; with more, all are let go.
_REFUSED = 10_000
# How often one NAS is named in the log for what it sends again and again.
EAP_SECONDS, FAILURE_SECONDS = 3600.0, 60.0


class Authentication:
    """The authentication port. `answered` is told of every reject, of the first accept of a line after one,
    and of `sample` of all other accepts (a share, 0 to 1), outside the reply path; `prover` knows who is online
    (None: nobody asks).
    """

    def __init__(
        self,
        snapshot: Snapshot,
        counts: Counts,
        answered: Callable[[Attempt], None],
        prover: Prover | None = None,
        sample: float = 0.0,
        guesses: Guesses[Line] | None = None,
    ) -> None:
        self._snapshot, self._counts, self._answered = snapshot, counts, answered
        self._prover = prover
        self._sample, self._until_sample = sample, _gap(sample)
        self._refused: set[int] = set()
        self._guesses = Guesses[Line](0) if guesses is None else guesses
        self._duplicates = Duplicates()
        self._reject_tails: dict[str, bytes] = {}
        self._eap, self._failing = Seldom(EAP_SECONDS), Seldom(FAILURE_SECONDS)
        self._limited = Seldom(FAILURE_SECONDS)
        self._now = self._steady = 0.0
        self.strangers = 0

    def __call__(self, datagrams: Sequence[Datagram]) -> list[bytes | None]:
        self._now = time.time()
        self._steady = steady = time.monotonic()
        self._duplicates.age(steady)
        self._guesses.age(steady)
        answer = self._answer
        return [answer(data, host, source) for data, host, source in datagrams]

    def _answer(self, data: bytes, host: bytes, source: bytes) -> bytes | None:
        nas = self._snapshot.by_host.get(host)
        if nas is None:
            self.strangers += 1
            self._counts.stranger(host)
            return None
        tally = self._counts.of(nas.nas_id)
        duplicate = source + data[:_HEADER]
        reply = self._duplicates.find(duplicate)
        if reply is not None:
            tally.duplicates += 1
            return reply
        try:
            request = codec.decode_access(data, nas.key)
            if isinstance(request, StatusServer):
                return codec.reply_access(ACCEPT, request, nas.key)
            if not request.signed:
                tally.unsigned += 1
            elif nas.key.signing is Signing.AUTO and request.eap is None:
                # EAP is signed by every NAS (RFC 3579), also by one that signs nothing else.
                self._snapshot.ratchet(nas, self._now)
            tally.access += 1
            tally.access_at, tally.access_sample = self._now, data
            reply = self._decide(request, nas)
        except WireError as error:
            tally.drops[error.reason] += 1
            return None
        except Exception:  # one datagram, whatever is wrong with it, must not end everybody's service
            if self._failing(nas.nas_id, self._steady):
                log.exception("login_failed_to_be_judged", nas=nas.name)
            tally.drops["internal_error"] += 1
            return None
        self._duplicates.keep(duplicate, reply)
        return reply

    def _decide(self, request: AccessRequest, nas: NasEntry) -> bytes:
        line = self._snapshot.find(request.username)
        if line is None:
            return self._reject(request, nas, None, False)
        known = request.calling_station == line.device != b""
        guesses, here = self._guesses, b""
        guessed = guesses.about(line)
        if guessed or not known:
            here = _place(request, nas)
            if guessed and guesses.spent(line, here, line.home_at(here), self._steady):
                return self._reject(request, nas, line, False, unchecked="RATE_LIMITED")
        proof = self._proof(request, nas, line)
        if proof is None and line.compiled.by_mac and passwords.mac_proved(request, nas.key):
            proof = b""
        if proof is None:
            if request.eap is None or request.user_password is not None or request.chap_password is not None:
                here = here or _place(request, nas)
                guesses.wrong(line, here, line.home_at(here), self._steady)
        elif here:
            guesses.right(line, here)
            line.home = here
        now = self._now
        compiled = line.compiled
        if compiled.until <= now:
            compiled.compile(now)
        closed = not compiled.accepted or (compiled.locked and not self._unlocked(request, nas, line))
        if proof is None or closed:
            return self._reject(request, nas, line, proof is not None)
        if not known:
            live: list[OpenSession] | None = []
            if compiled.simultaneous_use and here not in line.places:
                live = self._elsewhere(line, here)
                if live:
                    return self._reject(request, nas, line, True, live)
            if live is not None:
                line.device = b"" if b"/" in here else request.calling_station
        tail = compiled.accept(now, nas.kind, line.framed_ip)
        self._until_sample -= 1
        if not self._until_sample or (self._refused and line.account_id in self._refused):
            self._accepted(request, nas, line, tail)
        return codec.reply_access(ACCEPT, request, nas.key, tail + proof)

    def _elsewhere(self, line: Line, here: bytes) -> list[OpenSession] | None:
        """The sessions that leave no room for another one from `here`; nearly always none, at no cost.

        None when that was not to be had: the login passes, and is not remembered, so that its next is looked into.
        """
        limit = line.compiled.simultaneous_use
        if len(line.places) >= limit and self._prover is not None:
            sessions = self._prover.sessions_of(line.account_id)
            if sessions is None:
                return None
            found = crowd(sessions, here, self._now)
            self._prover.doubt([*found.live, *found.silent])
            if len(found.live) >= limit:
                return found.live
        line.saw(here)
        return []

    def _proof(self, request: AccessRequest, nas: NasEntry, line: Line) -> bytes | None:
        """Attributes that a right password adds to the Accept (MS-CHAPv2 has some), None for a wrong one."""
        if not line.password:  # nobody's, least of all everybody's
            return None
        if request.mschap2_response is not None:
            return mschap.verify(request, line.mschap_secret(), nas.key)
        if request.user_password is not None:
            return b"" if passwords.pap_matches(request, nas.key, line.password) else None
        if request.chap_password is not None:
            return b"" if passwords.chap_matches(request, line.password) else None
        if request.mschap_response is not None:
            return mschap.verify_version1(request, line.password, line.mschap_secret(), nas.key)
        return None

    def _unlocked(self, request: AccessRequest, nas: NasEntry, line: Line) -> bool:
        login = _login(request, nas, line, True)
        return decide(line.subscriber, login, datetime.fromtimestamp(self._now, UTC)).accepted

    def _accepted(self, request: AccessRequest, nas: NasEntry, line: Line, tail: bytes) -> None:
        """Keep this accept for people to look at."""
        if self._until_sample <= 0:
            self._until_sample = _gap(self._sample)
        self._refused.discard(line.account_id)
        at, login = datetime.fromtimestamp(self._now, UTC), _login(request, nas, line, True)
        decision = decide(line.subscriber, login, at)
        self._answered(Attempt(at, request, nas.nas_id, line.subscriber, login, decision, tail))

    def _reject(
        self,
        request: AccessRequest,
        nas: NasEntry,
        line: Line | None,
        right: bool,
        live: Sequence[OpenSession] = (),
        unchecked: str = "",
    ) -> bytes:
        at, login = datetime.fromtimestamp(self._now, UTC), _login(request, nas, line, right, live, unchecked)
        subscriber = None if line is None else line.subscriber
        decision = decide(subscriber, login, at)
        tail = self._tail(request, nas, decision.code)
        # Of somebody who goes on guessing, one row a minute is enough, wherever he says that he is.
        if unchecked != "RATE_LIMITED" or line is None or self._limited(line.account_id, self._steady):
            self._answered(Attempt(at, request, nas.nas_id, subscriber, login, decision, tail))
        if subscriber is not None:
            if len(self._refused) >= _REFUSED:
                self._refused.clear()
            self._refused.add(subscriber.account_id)
        if not right and (request.mschap2_response is not None or request.mschap_response is not None):
            tail += mschap.failure(request)
        return codec.reply_access(REJECT, request, nas.key, tail)

    def _tail(self, request: AccessRequest, nas: NasEntry, code: str) -> bytes:
        """The attributes of a reject."""
        if request.eap is not None:
            if self._eap(nas.nas_id, self._steady):
                log.warning("eap_not_supported", nas=nas.name, username=text(request.username))
            # EAP-Failure (RFC 3748 section 4.2); a Reply-Message must not be beside it (RFC 3579 2.6.5).
            return bytes((79, 6, 4, request.eap, 0, 4))
        tail = self._reject_tails.get(code)
        if tail is None:
            tail = self._reject_tails[code] = encode(replies.reject(code))
        return tail


def _gap(share: float) -> int:
    """How many accepts until the next one that is kept: random, so that no rhythm of routers is favoured."""
    return 1 + int(expovariate(share) if share < 1 else 0) if share > 0 else sys.maxsize


def _login(
    request: AccessRequest,
    nas: NasEntry,
    line: Line | None,
    right: bool,
    live: Sequence[OpenSession] = (),
    unchecked: str = "",
) -> Login:
    elsewhere = ", ".join(f"on {one.nas_name} since {datetime.fromtimestamp(one.since, UTC)}" for one in live)
    if request.eap is not None and not right:
        unchecked = "EAP_UNSUPPORTED"
    by_mac = line is not None and line.compiled.by_mac and passwords.mac_proved(request, nas.key)
    method = "MAC" if by_mac and right else _method(request)
    calling, port = text(request.calling_station), text(_port(request))
    return Login(right, calling, nas.nas_id, nas.name, port, len(live), elsewhere, method, unchecked)


def _method(request: AccessRequest) -> str:
    """How the login was to be proved, in the words of routers."""
    for value, name in (
        (request.eap, "EAP"),
        (request.mschap2_response, "MS-CHAPv2"),
        (request.user_password, "PAP"),
        (request.chap_password, "CHAP"),
        (request.mschap_response, "MS-CHAP"),
    ):
        if value is not None:
            return name
    return "no password"


def _port(request: AccessRequest) -> bytes:
    """NAS-Port-Id, or NAS-Port where the NAS names none."""
    if not request.nas_port_id and request.nas_port is not None:
        return b"%d" % request.nas_port
    return request.nas_port_id


def _place(request: AccessRequest, nas: NasEntry) -> bytes:
    return place(request.calling_station, nas.nas_id, _port(request))


class Accounting:
    """The accounting port. `recorder()` gives a working Recorder or raises psycopg2.OperationalError; what
    PostgreSQL cannot take goes to the spool. `told` hears of what was recorded, and must not wait.
    """

    def __init__(
        self,
        directory: Directory,
        counts: Counts,
        recorder: Callable[[], Recorder],
        spool: Spool,
        told: Callable[[Sequence[Record]], None] = lambda records: None,
    ) -> None:
        self._directory, self._counts, self._recorder, self._spool = directory, counts, recorder, spool
        self._told = told
        self._away = False
        self.strangers = 0

    def __call__(self, datagrams: Sequence[Datagram]) -> list[bytes | None]:
        now = int(time.time())
        reports: list[Record] = []
        answers: list[bytes | None] = []
        for data, host, _source in datagrams:
            answers.append(self._answer(data, host, now, reports))
        if reports and not self._stored(reports, now):
            return [None] * len(answers)  # nothing is promised, so nothing is lost: every NAS sends again
        return answers

    def _stored(self, reports: list[Record], now: int) -> bool:
        recorder: Recorder | None = None
        try:
            recorder = self._recorder()
            recorder.record(reports)
        except psycopg2.Error as error:
            if recorder is not None:
                recorder.connection.close()  # it may have become one that only reads: the next one is asked
            return self._put_by(reports, now, error)
        self._away = False
        self._told(reports)
        return True

    def _put_by(self, reports: list[Record], now: int, error: psycopg2.Error) -> bool:
        """Keep on disk what PostgreSQL does not take, for whatever reason."""
        if not self._away:  # once, however many packets come meanwhile
            log.warning("accounting_goes_to_spool", packets=len(reports), error=str(error).strip())
        self._away = True
        try:
            self._spool.append(reports, now)
        except OSError as refusal:
            self._counts.drop("spool_full" if isinstance(refusal, SpoolFull) else "spool_failed")
            return False
        return True

    def _answer(self, data: bytes, host: bytes, now: int, reports: list[Record]) -> bytes | None:
        nas = self._directory.by_host.get(host)
        if nas is None:
            self.strangers += 1
            self._counts.stranger(host)
            return None
        tally = self._counts.of(nas.nas_id)
        try:
            request = codec.decode_accounting(data, nas.key)
            if isinstance(request, AccountingRequest):
                tally.accounted(request, data, now)
                account_id = self._directory.find(request.username)
                try:
                    made: Record | None = report(request, nas.nas_id, account_id, now)
                except Implausible as error:
                    made = quarantined(request, nas.nas_id, str(error), now)
                if made is not None:
                    reports.append(made)
        except WireError as error:
            tally.drops[error.reason] += 1
            return None
        except Exception:
            log.exception("accounting_failed_to_be_read", nas=nas.name)
            tally.drops["internal_error"] += 1
            return None
        return codec.reply_accounting(request, nas.key)
