"""The loop of the CoA process: what changed is compared at once, and every half minute what only the clock
changed.

Where several responders share one database one of them sends, the one that holds an advisory lock; another
takes over when its connection ends.
"""

import threading
from collections.abc import Callable, Iterable
from time import monotonic

import structlog
from django.db import DatabaseError, InterfaceError, connection

from ispbilling.core import clock
from radius.coa.client import Client
from radius.coa.comparing import SCOPES
from radius.coa.reconcile import Peer, Reconciler

log = structlog.get_logger(__name__)

# Between looks at what the clock changed, and at everything, in case a notification was ever lost.
CLOCK_SECONDS, EVERYTHING_SECONDS = 30.0, 900.0
# When what changed is compared once more: a log-in that was answered just before it becomes a session only with its
# Start, whose NAS may have to repeat it.
_ONCE_MORE = (10.0, 60.0)
_TURN_SECONDS, _BACK_OFF_SECONDS = 0.5, 1.0
# Any number that nothing else in the database uses for an advisory lock.
_LOCK = 0x69737020636F61


class Sender:
    """Sends what is due to the NASes that `peers()` lists."""

    def __init__(self, peers: Callable[[], Iterable[Peer]], default_port: int) -> None:
        self._client = Client()
        self._reconciler = Reconciler(self._client, peers, default_port)
        self._told: set[str] = set()
        self._lock = threading.Lock()
        self._leading: object = None
        self._clock_at = self._everything_at = 0.0
        self._later: list[tuple[float, str, list[int]]] = []

    def tell(self, payloads: Iterable[str]) -> None:
        """Facts changed, named as PostgreSQL's notifications name them; from any thread."""
        with self._lock:
            self._told |= set(payloads)
        self._client.wake()

    def run(self, stopping: Callable[[], bool]) -> None:
        """Send until `stopping()`; while PostgreSQL is away, wait."""
        with self._client:
            while not stopping():
                try:
                    self._step()
                except (DatabaseError, InterfaceError) as error:
                    log.warning("reconcile_failed", error=str(error).strip())
                    self._start_over()
                except Exception:
                    log.exception("reconcile_failed")
                    self._start_over()

    def _start_over(self) -> None:
        connection.close()
        self._reconciler.forget()
        self._everything_at = monotonic() + _BACK_OFF_SECONDS
        self._reconciler.listen(_BACK_OFF_SECONDS)

    def _step(self) -> None:
        if not self._leads():
            self._reconciler.listen(_TURN_SECONDS)
            return
        self._look()
        attempts = self._reconciler.turn(clock.now(), _TURN_SECONDS)
        if attempts:
            outcomes = [f"{one.request} {one.outcome}" for one in attempts]
            log.info("coa_sent", **{name.replace(" ", "_"): outcomes.count(name) for name in set(outcomes)})

    def _look(self) -> None:
        with self._lock:
            told, self._told = self._told, set()
        now, moment = clock.now(), monotonic()
        if "requests" in told or moment >= self._clock_at:
            self._reconciler.answer_requests(now)
        if "*" in told or moment >= self._everything_at:
            self._everything_at, self._clock_at = moment + EVERYTHING_SECONDS, moment + CLOCK_SECONDS
            self._reconciler.look(now)
            return
        for scope, ids in _scopes(told).items():
            self._reconciler.look(now, scope, ids)
            self._later += [(moment + wait, scope, ids) for wait in _ONCE_MORE]
        due = [one for one in self._later if one[0] <= moment]
        self._later = [one for one in self._later if one[0] > moment]
        for _when, scope, ids in due:
            self._reconciler.look(now, scope, ids)
        if "reconcile" in told or moment >= self._clock_at:
            self._clock_at = moment + CLOCK_SECONDS
            self._reconciler.look(now, "clock")

    def _leads(self) -> bool:
        """Whether this process is the one that sends; the lock lives as long as its connection."""
        connection.ensure_connection()
        if self._leading is not connection.connection:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
                self._leading = connection.connection if cursor.fetchone()[0] else None
            if self._leading is not None:
                self._everything_at = 0.0
        return self._leading is not None


def _scopes(payloads: Iterable[str]) -> dict[str, list[int]]:
    """The ids that were named, by what they are ids of."""
    found: dict[str, list[int]] = {}
    for payload in payloads:
        scope, _, number = payload.partition(":")
        if scope in SCOPES and number.isdigit():
            found.setdefault(scope, []).append(int(number))
    return found
