"""Rejected logins with their full trace, written in batches away from the reply path.

A login never waits for this. While PostgreSQL is away the latest rejects are kept, the oldest are let go
and counted.
"""

import json
import threading
from collections import deque
from datetime import datetime
from functools import lru_cache
from io import StringIO
from typing import NamedTuple

import psycopg2
import structlog
from psycopg2.extensions import connection as Connection

from radius.policy.decision import Decision
from radius.policy.gates import Gate
from radius.server.following import connect, lost

log = structlog.get_logger(__name__)

KEPT = 20_000
SECONDS = 0.1
_BATCH = 1000


class Attempt(NamedTuple):
    """One reject, as it happened."""

    at: datetime
    username: str
    nas_id: int
    account_id: int | None
    calling_station: str
    decision: Decision


class AttemptLog:
    """Takes rejects from the worker's thread and writes them from its own."""

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._waiting: deque[Attempt] = deque()
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
        self._waiting.append(attempt)

    def _run(self) -> None:
        while not self._stopping.wait(SECONDS):
            self._drain()
        self._drain()

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
            for _ in batch:
                self._waiting.popleft()

    def _write(self, batch: list[Attempt]) -> None:
        if self._connection is None or self._connection.closed:
            self._connection = connect(f"{self._worker} rejects")
        with self._connection.cursor() as cursor:
            cursor.copy_expert(_COPY, StringIO("".join([_row(attempt) for attempt in batch])))


_COPY = (
    "COPY radius_authattempt (at, username, nas_id, data_account_id, calling_station_id, accepted, code, trace)"
    " FROM STDIN"
)
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _row(attempt: Attempt) -> str:
    """One line of COPY's text format."""
    decision = attempt.decision
    trace = ",".join([_gate(gate) for gate in decision.trace]).translate(_ESCAPES)
    account = "\\N" if attempt.account_id is None else attempt.account_id
    username, calling = attempt.username.translate(_ESCAPES), attempt.calling_station.translate(_ESCAPES)
    accepted = "t" if decision.accepted else "f"
    return f"{attempt.at}\t{username}\t{attempt.nas_id}\t{account}\t{calling}\t{accepted}\t{decision.code}\t[{trace}]\n"


@lru_cache(maxsize=4096)
def _gate(gate: Gate) -> str:
    """Most gates of most rejects say the same."""
    return json.dumps(gate._asdict())
