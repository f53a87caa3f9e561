"""Simultaneous use (features 2.1 gate 14): who is already online, without asking PostgreSQL at every login.

Design Overview: a line that logs in again from where it is, which is nearly always so, must cost nothing and
must never be refused because a Stop got lost. So each line carries the *places* it was last seen at, a hint
that costs a comparison: filled from the open sessions at the start, from each login this worker accepts, and
every second from the sessions others began. Only a login from another place, with the hint full, is looked
into: PostgreSQL is asked for the line's open sessions, within a bounded time and from a thread of its own.
A session counts when its NAS reported it within two intervals (live proof); one that has been silent for
longer lets the login pass. Either way its NAS is asked whether it still has it (a `CoaRequest` of kind probe): one
that is disowned is closed, so that a router that lost its session without a Stop gets in when it asks next.

Whenever the answer is not to be had, the login passes: locking people out is the worse mistake.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

import psycopg2
import structlog
from psycopg2.extensions import connection as Connection

from radius.server.following import connect, lost

log = structlog.get_logger(__name__)

SECONDS = 1.0
# How long a login may wait for PostgreSQL, and how long nobody asks it after it did not answer in time.
PATIENCE, REST = 0.05, 5.0
# Reports may be this many intervals old and still prove that a session is live.
PROOF_INTERVALS = 2
# A NAS is not asked about the same session again for so long.
PROBE_SECONDS = 30.0
_AT_ONCE = 5000


def place(calling_station: bytes, nas_id: int, port: bytes) -> bytes:
    """Where a login comes from: the device when Calling-Station-Id is a MAC address, else NAS and port.

    A device is in one place at a time, so the same one at another NAS has moved.
    """
    bare = calling_station.translate(None, b":-. ").lower()
    if len(bare) == 12 and not bare.strip(b"0123456789abcdef"):
        return bare
    return b"%d/%b/%b" % (nas_id, port, calling_station)


class OpenSession(NamedTuple):
    """An open session of a line; `heard` and `since` in seconds since 1970, `interval` in seconds."""

    session_id: int
    place: bytes
    nas_name: str
    since: float
    heard: float
    interval: int

    def proven(self, now: float) -> bool:
        """Whether its NAS spoke of it lately."""
        return self.heard > now - PROOF_INTERVALS * self.interval


class Crowd(NamedTuple):
    """A line's sessions elsewhere: those proven to be live, and those in doubt."""

    live: list[OpenSession]
    silent: list[OpenSession]


def crowd(sessions: Iterable[OpenSession], here: bytes, now: float) -> Crowd:
    """Sort a line's open sessions for a login from `here`; the device's own earlier session counts as neither."""
    others = [one for one in sessions if one.place != here]
    return Crowd([one for one in others if one.proven(now)], [one for one in others if not one.proven(now)])


class Sighted(Protocol):
    """What remembers places: the snapshot."""

    def saw(self, account_id: int, place: bytes) -> None:
        """A session of that line began there."""


class Prover:
    """Tells a worker who is online: `sessions_of` answers it, and what others see reaches `sighted`."""

    def __init__(self, sighted: Sighted, probe: Callable[[list[int]], object] = lambda _ids: None) -> None:
        self._sighted, self._probe = sighted, probe
        self._doubted: deque[int] = deque(maxlen=1000)
        self._probed: dict[int, float] = {}
        self._asked: deque[_Question] = deque(maxlen=64)
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._rest_until = 0.0
        self._connection: Connection | None = None
        self._seen = self._seen_before = 0
        self._thread = threading.Thread(target=self._run, name="prover", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()
        self._thread.join(5)

    def sessions_of(self, account_id: int) -> list[OpenSession] | None:
        """The line's open sessions; None when PostgreSQL does not say so in time."""
        steady = time.monotonic()
        if steady < self._rest_until:
            return None
        question = _Question(account_id)
        self._asked.append(question)
        self._wake.set()
        if not question.answered.wait(PATIENCE):
            self._rest_until = steady + REST
            log.warning(
                "simultaneous_use_not_checked", seconds=REST, meaning="PostgreSQL did not answer in time"
            )
        return question.sessions

    def doubt(self, sessions: Iterable[OpenSession]) -> None:
        """Have their NASes asked whether they still have these."""
        self._doubted.extend(one.session_id for one in sessions)
        self._wake.set()

    def _run(self) -> None:
        look_again = 0.0
        while not self._stopping.is_set():
            self._wake.wait(max(0.0, look_again - time.monotonic()))
            self._wake.clear()
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = connect("prover")
                while self._asked:
                    self._answer(self._connection, self._asked.popleft())
                if self._doubted:
                    self._ask_about(time.monotonic())
                if time.monotonic() >= look_again:
                    look_again = time.monotonic() + SECONDS
                    self._look(self._connection)
            except Exception as error:  # a thread that ended would never know anybody again
                if not (isinstance(error, psycopg2.Error) and lost(error)):
                    log.exception("prover_failed")
                self._connection = None
                look_again = time.monotonic() + SECONDS
                self._stopping.wait(SECONDS)

    def _ask_about(self, steady: float) -> None:
        """Each session at most once in PROBE_SECONDS, however often somebody tries to log in beside it."""
        self._probed = {one: until for one, until in self._probed.items() if until > steady}
        doubted = {self._doubted.popleft() for _ in range(len(self._doubted))} - self._probed.keys()
        if doubted:
            self._probed |= dict.fromkeys(doubted, steady + PROBE_SECONDS)
            self._probe(sorted(doubted))

    def _answer(self, connection: Connection, question: "_Question") -> None:
        with connection.cursor() as cursor:
            cursor.execute(_SESSIONS, (question.account_id,))
            question.sessions = [
                OpenSession(session_id, place(calling.encode(), nas_id, port.encode()), *rest)
                for session_id, calling, nas_id, port, *rest in cursor.fetchall()
            ]
        question.answered.set()

    def _look(self, connection: Connection) -> None:
        """Sessions that began since the look before last: identifiers of rows become visible out of order."""
        newest = self._seen
        with connection.cursor("began", withhold=True) if not newest else connection.cursor() as cursor:
            cursor.execute(_BEGAN, (self._seen_before,))
            while rows := cursor.fetchmany(_AT_ONCE):
                for session_id, account_id, calling, nas_id, port in rows:
                    self._sighted.saw(account_id, place(calling.encode(), nas_id, port.encode()))
                    newest = max(newest, session_id)
        self._seen_before, self._seen = self._seen, newest


class _Question:
    __slots__ = ("account_id", "answered", "sessions")

    def __init__(self, account_id: int) -> None:
        self.account_id = account_id
        self.answered = threading.Event()
        self.sessions: list[OpenSession] | None = None


_SESSIONS = """
SELECT s.id, s.calling_station_id, coalesce(s.nas_id, 0), s.nas_port, coalesce(n.name, 'a NAS that is gone'),
       extract(epoch FROM s.started_at)::float8, extract(epoch FROM s.updated_at)::float8, p.interim_interval
FROM radius_session_live s
JOIN radius_dataaccount a ON a.id = s.data_account_id
JOIN radius_package p ON p.id = a.package_id
LEFT JOIN radius_nas n ON n.id = s.nas_id
WHERE s.data_account_id = %s AND s.stopped_at IS NULL
"""
_BEGAN = """
SELECT id, data_account_id, calling_station_id, coalesce(nas_id, 0), nas_port
FROM radius_session_live
WHERE id > %s AND stopped_at IS NULL AND data_account_id IS NOT NULL
"""
