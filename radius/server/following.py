"""Keeping a copy of the tables in memory: read once, then follow what PostgreSQL says changed.

LISTEN comes before the first SELECT, so nothing is missed. While PostgreSQL is away the copy stays as it is
and keeps answering; after reconnecting everything is read again, and so it is now and then without a
reason, in case a notification was ever lost.
"""

import select
import threading
import time
from collections.abc import Callable
from typing import Protocol

import psycopg2
import structlog
from django.db import connection as django_connection
from psycopg2.extensions import connection as Connection

log = structlog.get_logger(__name__)

CHANNEL = "radius"
RECONCILE_SECONDS = 900
BACK_OFF = (0.1, 0.2, 0.5, 1, 2, 5)
# With more than this to read again by number, one query for everything is cheaper.
MANY = 20_000
# Changes of one customer: a suspension does not wait until everything has been read.
_OF_ONE = ("account:", "customer:")


Between = Callable[[], None]


def nothing_meanwhile() -> None:
    """For a read that is over in a moment."""


class Copy(Protocol):
    """What is kept in memory."""

    def reload(self, connection: Connection, between: Between) -> None:
        """Read everything; where that takes long, `between()` is called whenever a part is in place."""

    def apply(self, connection: Connection, scope: str, ids: list[int]) -> None:
        """Read again what a scope (`account`, `nas`, ...) and its ids name."""


# A server whose machine or network went without a word is noticed within seconds, not within TCP's quarter of an
# hour; only then does accounting go to the spool.
_NOTICED = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}


def connect(application: str, options: str = "") -> Connection:
    """A connection of one's own, autocommit, outside Django's, with PostgreSQL's `options`; raises
    psycopg2.OperationalError.
    """
    parameters = django_connection.get_connection_params()
    if options:
        parameters["options"] = f"{parameters.get('options') or ''} {options}".strip()
    parameters.pop("cursor_factory", None)
    parameters.pop("context", None)
    made: Connection = psycopg2.connect(
        **{"connect_timeout": 5, **_NOTICED, **parameters, "application_name": f"radiusd {application}"}
    )
    made.autocommit = True
    return made


def lost(error: psycopg2.Error) -> bool:
    """Whether the connection failed and not the statement. A server that is killed while it works on one
    answers with a bare DatabaseError, without a code.
    """
    kinds = (psycopg2.OperationalError, psycopg2.InterfaceError)
    return isinstance(error, kinds) or error.pgcode is None


class Follower:
    """Fills a copy, then keeps it current from a thread of its own; `changed` hears of what was read again."""

    def __init__(self, copy: Copy, name: str, changed: Callable[[set[str]], None] | None = None) -> None:
        self._copy, self._name, self._changed = copy, name, changed
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"{name}-follower", daemon=True)
        self._meanwhile: set[str] = set()

    def start(self, stopping: Callable[[], bool]) -> None:
        """Return when everything has been read once, however long PostgreSQL is away, or `stopping()`."""
        attempt = 0
        while not stopping():
            try:
                self._connection = self._listen()
            except psycopg2.Error as error:
                attempt = self._pause(attempt, error)
            else:
                self._thread.start()
                return

    def stop(self) -> None:
        self._stopping.set()

    def _pause(self, attempt: int, error: Exception) -> int:
        seconds = BACK_OFF[min(attempt, len(BACK_OFF) - 1)]
        log.warning("database_away", worker=self._name, error=str(error).strip(), retry_seconds=seconds)
        self._stopping.wait(seconds)
        return attempt + 1

    def _listen(self) -> Connection:
        connection = connect(self._name)
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
        self._copy.reload(connection, nothing_meanwhile)
        return connection

    def _run(self) -> None:
        attempt = 0
        while not self._stopping.is_set():
            try:
                if self._connection.closed:
                    self._connection = self._listen()
                    log.info("database_back", worker=self._name)
                    self._tell({"*"})
                attempt = 0
                self._follow()
            except psycopg2.Error as error:
                self._connection.close()
                attempt = self._pause(attempt, error)
            except Exception as error:  # noqa: BLE001 - a copy that stopped following would be wrong for ever
                log.exception("following_failed", worker=self._name)
                self._connection.close()
                attempt = self._pause(attempt, error)

    def _follow(self) -> None:
        read_again = time.monotonic() + RECONCILE_SECONDS
        while not self._stopping.is_set():
            # What arrived while a query of ours ran is in `notifies`; the socket never speaks of it again.
            if not self._connection.notifies:
                select.select([self._connection], [], [], 1.0)
            payloads = self._arrived()
            if payloads:
                self._apply(payloads)
                self._tell(payloads)
            elif time.monotonic() > read_again:
                self._reload()
                read_again = time.monotonic() + RECONCILE_SECONDS

    def _arrived(self) -> set[str]:
        self._connection.poll()
        payloads = {notify.payload for notify in self._connection.notifies}
        self._connection.notifies.clear()
        return payloads

    def _apply(self, payloads: set[str]) -> None:
        if "*" in payloads or len(payloads) > MANY:
            self._reload()
        else:
            self._read_again(payloads)

    def _reload(self) -> None:
        """Read everything, which takes many seconds with a million lines, and meanwhile what changes."""
        self._meanwhile = set()
        self._copy.reload(self._connection, self._catch_up)
        if self._meanwhile:
            # Once more: what many lines share may have been read before it changed and been put in place after.
            payloads, self._meanwhile = self._meanwhile, set()
            self._apply(payloads)

    def _catch_up(self) -> None:
        payloads = self._arrived()
        self._meanwhile |= payloads
        urgent = {one for one in payloads if one.startswith(_OF_ONE)}
        if urgent and len(urgent) <= MANY:
            self._read_again(urgent)
            self._tell(urgent)

    def _read_again(self, payloads: set[str]) -> None:
        scopes: dict[str, list[int]] = {}
        for payload in payloads:
            scope, _, number = payload.partition(":")
            if number.isdigit():
                scopes.setdefault(scope, []).append(int(number))
        for scope, ids in scopes.items():
            self._copy.apply(self._connection, scope, ids)

    def _tell(self, payloads: set[str]) -> None:
        if self._changed is not None:
            self._changed(payloads)
