"""The loop of the CoA process: reconcile when facts changed, and every half minute for what only the clock
changed.
"""

import threading
from collections.abc import Callable, Iterable

import structlog
from django.db import DatabaseError, InterfaceError, connection

from ispbilling.core import clock
from radius.coa.reconcile import Peer, reconcile

log = structlog.get_logger(__name__)

SECONDS = 30.0


class Sender:
    """Sends what `reconcile` finds due to the NASes that `peers()` lists."""

    def __init__(self, peers: Callable[[], Iterable[Peer]], default_port: int) -> None:
        self._peers, self._default_port = peers, default_port
        self._changed = threading.Event()
        self._changed.set()

    def wake(self) -> None:
        """Facts changed: look now."""
        self._changed.set()

    def run(self, stopping: Callable[[], bool]) -> None:
        """Reconcile until `stopping()`; while PostgreSQL is away, wait."""
        waited = 0.0
        while not stopping():
            if not self._changed.wait(0.5):
                waited += 0.5
                if waited < SECONDS:
                    continue
            self._changed.clear()
            waited = 0.0
            try:
                for attempt in reconcile(clock.now(), list(self._peers()), self._default_port):
                    log.info("disconnect_sent", outcome=attempt.outcome, because=attempt.because,
                             username=attempt.session.username)  # fmt: skip
            except (DatabaseError, InterfaceError) as error:
                log.warning("reconcile_failed", error=str(error).strip())
                connection.close()
