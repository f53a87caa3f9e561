"""Answered logins with what they were decided from, written in batches away from the reply path.

A login never waits for this: it leaves a tuple, and all text is made in a thread. While PostgreSQL is away
the latest are kept, the oldest are let go and counted. Usernames that nobody has can be made up without end: of those
a NAS gets only so many kept a minute, so that a flood of them fills neither the table nor what waits for it, and the
others are counted.
"""

import json
import threading
import time
from collections import deque
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from hashlib import blake2b
from io import StringIO
from typing import Any, NamedTuple

import psycopg2
import structlog
from psycopg2.extensions import connection as Connection
from psycopg2.extras import execute_values

from radius.policy.decision import Decision
from radius.policy.gates import Gate
from radius.policy.subscriber import Login, Subscriber
from radius.server import facts
from radius.server.following import connect, lost
from radius.server.limiting import Allowance, Minute
from radius.wire.codec import text
from radius.wire.naming import named
from radius.wire.requests import AccessRequest

log = structlog.get_logger(__name__)

KEPT = 20_000
SECONDS = 0.1
_BATCH = 1000
# Log-ins with usernames nobody has that a worker keeps of one NAS in a minute.
UNKNOWN_KEPT = 20


class Attempt(NamedTuple):
    """One answered login, as it happened; `answer` is the attributes that were sent, encoded, without proofs."""

    at: datetime
    request: AccessRequest
    nas_id: int
    subscriber: Subscriber | None
    login: Login
    decision: Decision
    answer: bytes


class AttemptLog:
    """Takes attempts from the worker's thread and writes them from its own."""

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._waiting: deque[Attempt] = deque()
        self._unknown = Allowance(UNKNOWN_KEPT)
        self._surplus: dict[Minute, int] = {}
        self._connection: Connection | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="attempts", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, then end; gives up after some seconds without PostgreSQL."""
        self._stopping.set()
        self._thread.join(5)

    def add(self, attempt: Attempt) -> None:
        """Have it written; of an unknown username perhaps only counted."""
        if attempt.subscriber is None and not self._unknown(attempt.nas_id, attempt.at.timestamp()):
            return
        self._waiting.append(attempt)

    def _run(self) -> None:
        while not self._stopping.wait(SECONDS):
            self._drain()
            self._count(time.time())
        self._drain()
        self._count(time.time() + 60)  # the present minute, too

    def _drain(self) -> None:
        excess = len(self._waiting) - KEPT
        if excess > 0:
            for _ in range(excess):
                self._waiting.popleft()
            log.warning("rejects_not_kept", worker=self._worker, count=excess)
        while self._waiting:
            batch = [self._waiting[n] for n in range(min(_BATCH, len(self._waiting)))]
            try:
                self._write(batch)
            except psycopg2.Error as error:
                if lost(error):
                    self._connection = None
                    self._stopping.wait(1)
                    return
                log.error("rejects_not_written", worker=self._worker, count=len(batch), error=str(error))
            except Exception:  # a thread that ended would never write again
                log.exception("rejects_not_written", worker=self._worker, count=len(batch))
            for _ in batch:
                self._waiting.popleft()

    def _write(self, batch: list[Attempt]) -> None:
        write(self._connected(), batch)

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = connect(f"{self._worker} rejects")
        return self._connection

    def _count(self, now: float) -> None:
        """Write how many were not kept, once their minute is over; while PostgreSQL is away they add up."""
        for minute, count in self._unknown.take(now).items():
            self._surplus[minute] = self._surplus.get(minute, 0) + count
            log.warning("unknown_usernames_not_kept", worker=self._worker, nas_id=minute[0], count=count)
        if not self._surplus:
            return
        try:
            count_surplus(self._connected(), self._surplus)
        except psycopg2.Error as error:
            self._connection = None
            if lost(error):
                self._stopping.wait(1)
                return
            log.error("unknown_usernames_not_counted", worker=self._worker, error=str(error))
        self._surplus = {}


def count_surplus(connection: Connection, surplus: Mapping[Minute, int]) -> None:
    """Add to what was not kept of each NAS and minute."""
    rows = sorted((nas_id, 60 * minute, count) for (nas_id, minute), count in surplus.items())
    with connection.cursor() as cursor:
        execute_values(cursor, _SURPLUS, rows, "(%s, to_timestamp(%s), %s)")


def write(connection: Connection, batch: list[Attempt]) -> None:
    """Store attempts, and before them what they were decided from where no equal decision left it already.

    For a connection in autocommit: no statement holds a lock on one table while it waits for another.
    """
    known = [_facts(attempt) for attempt in batch]
    with connection.cursor() as cursor:
        _remember({one.digest: (one, attempt.at) for one, attempt in zip(known, batch, strict=True)}, cursor)
        rows = [_row(attempt, one) for attempt, one in zip(batch, known, strict=True)]
        cursor.copy_expert(_COPY, StringIO("".join(rows)))


class _Facts(NamedTuple):
    """A row of DecisionFacts as text."""

    digest: str
    account_id: int | None
    facts: str | None
    login: str
    trace: str
    answer: str
    session_timeout: int | None


def _facts(attempt: Attempt) -> _Facts:
    subscriber = attempt.subscriber
    told, timeout = named(attempt.answer)
    parts = (
        None if subscriber is None else _value(subscriber),
        _value(attempt.login),
        f"[{','.join([_gate(gate) for gate in attempt.decision.trace])}]",
        json.dumps(told, separators=(",", ":")),
    )
    digest = blake2b(repr((facts.VERSION, *parts)).encode(), digest_size=16).hexdigest()
    uuid = f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:]}"
    account_id = None if subscriber is None else subscriber.account_id
    return _Facts(uuid, account_id, *parts, timeout)


def _remember(found: dict[str, tuple[_Facts, datetime]], cursor: psycopg2.extensions.cursor) -> None:
    """Make sure that each is there, and seen today, so that it is kept for as long as its attempts."""
    digests = f"{{{','.join(found)}}}"
    cursor.execute(
        "SELECT digest::text, day FROM radius_decisionfacts WHERE digest = ANY(%s::uuid[])", [digests]
    )
    days: dict[str, date] = dict(cursor.fetchall())
    # In one order everywhere: two workers that meet the same facts must not wait for each other crosswise.
    rows = sorted([
        (digest, one.account_id, facts.VERSION, one.facts, one.login, one.trace, one.answer, at.date())
        for digest, (one, at) in found.items()
        if digest not in days or days[digest] < at.date()
    ])  # fmt: skip
    new = [row for row in rows if row[0] not in days]
    try:  # by far the cheapest way to write them
        if new:
            cursor.copy_expert(_COPY_FACTS, StringIO("".join([_copied_row(row) for row in new])))
    except psycopg2.errors.UniqueViolation:  # another worker was first with one of them
        execute_values(cursor, _REMEMBER, rows, page_size=200)
    else:
        if seen_again := [row for row in rows if row[0] in days]:
            execute_values(cursor, _REMEMBER, seen_again, page_size=200)


def _copied_row(row: tuple[Any, ...]) -> str:
    """One line of COPY's text format; what JSON has of its signs is the backslash alone."""
    return "\t".join(["\\N" if one is None else str(one).replace("\\", "\\\\") for one in row]) + "\n"


_REMEMBER = """
INSERT INTO radius_decisionfacts (digest, data_account_id, policy, facts, login, trace, answer, day)
VALUES %s ON CONFLICT (digest) DO UPDATE SET day = GREATEST(radius_decisionfacts.day, EXCLUDED.day)
"""
_COPY_FACTS = (
    "COPY radius_decisionfacts (digest, data_account_id, policy, facts, login, trace, answer, day) FROM STDIN"
)
_SURPLUS = """
INSERT INTO radius_unknownsurplus AS s (nas_id, at, count) VALUES %s
ON CONFLICT (nas_id, at) DO UPDATE SET count = s.count + excluded.count
"""
_COPY = (
    "COPY radius_authattempt (at, username, nas_id, data_account_id, calling_station_id, called_station_id,"
    " nas_port, method, accepted, code, session_timeout, facts_id) FROM STDIN"
)
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _row(attempt: Attempt, known: _Facts) -> str:
    """One line of COPY's text format."""
    request, decision = attempt.request, attempt.decision
    port = request.nas_port_id or (b"" if request.nas_port is None else str(request.nas_port).encode())
    columns = (
        str(attempt.at),
        _copied(request.username),
        str(attempt.nas_id),
        "\\N" if known.account_id is None else str(known.account_id),
        _copied(request.calling_station),
        _copied(request.called_station),
        _copied(port),
        attempt.login.method,
        "t" if decision.accepted else "f",
        decision.code,
        "\\N" if known.session_timeout is None else str(min(known.session_timeout, 0x7FFFFFFF)),
        known.digest,
    )
    return "\t".join(columns) + "\n"


def _copied(octets: bytes) -> str:
    return text(octets).translate(_ESCAPES)


@lru_cache(maxsize=8192)
def _value(value: Subscriber | Login) -> str:
    """A line that is refused is refused again, with the same facts and from the same place."""
    return facts.dumps(value)


@lru_cache(maxsize=4096)
def _gate(gate: Gate) -> str:
    """Most gates of most rejects say the same."""
    return json.dumps(gate._asdict())
