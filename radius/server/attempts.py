"""Rejected logins with their full trace, written in batches away from the reply path.

A login never waits for this. While PostgreSQL is away the latest rejects are kept, the oldest are let go
and counted.
"""

import json
import threading
from collections import deque
from dataclasses import asdict
from datetime import datetime
from typing import NamedTuple

import psycopg2
import structlog
from psycopg2.extensions import connection as Connection
from psycopg2.extras import execute_values

from radius.policy.decision import Decision
from radius.server.following import connect

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
            except psycopg2.OperationalError:
                self._connection = None
                self._stopping.wait(1)
                return
            except psycopg2.Error as error:
                log.error("rejects_not_written", worker=self._worker, count=len(batch), error=str(error))
            for _ in batch:
                self._waiting.popleft()

    def _write(self, batch: list[Attempt]) -> None:
        if self._connection is None or self._connection.closed:
            self._connection = connect(f"{self._worker} rejects")
        with self._connection.cursor() as cursor:
            execute_values(
                cursor,
                "INSERT INTO radius_authattempt (at, username, nas_id, data_account_id, calling_station_id,"
                " accepted, code, trace) VALUES %s",
                [_row(attempt) for attempt in batch],
                page_size=_BATCH,
            )


def _row(attempt: Attempt) -> tuple[object, ...]:
    trace = json.dumps([asdict(gate) for gate in attempt.decision.trace])
    return (
        attempt.at,
        attempt.username,
        attempt.nas_id,
        attempt.account_id,
        attempt.calling_station,
        attempt.decision.accepted,
        attempt.decision.code,
        trace,
    )
