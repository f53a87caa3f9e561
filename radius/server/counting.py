"""What was dropped and why, told once a minute and only when there is something to tell."""

from collections import Counter

import structlog

log = structlog.get_logger(__name__)

SECONDS, DAY = 60.0, 86_400.0
_WORST = 10


class Counts:
    """Counters of one worker; strangers are counted by address, the worst of them are named."""

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._dropped: Counter[str] = Counter()
        self._strangers: Counter[bytes] = Counter()
        self._unsigned: dict[str, float] = {}
        self._tell_at = 0.0

    def drop(self, reason: str) -> None:
        self._dropped[reason] += 1

    def stranger(self, host: bytes) -> None:
        """A datagram from an address that is no NAS of ours (features 2.1 gate 1: NAS_UNKNOWN)."""
        self._dropped["nas_unknown"] += 1
        if len(self._strangers) < 10_000:
            self._strangers[host] += 1

    def unsigned(self, nas: str, now: float) -> None:
        """A NAS that does not send Message-Authenticator: said once a day, for CVE-2024-3596 is about it."""
        if self._unsigned.get(nas, now - DAY) <= now - DAY:
            self._unsigned[nas] = now
            log.warning("message_authenticator_missing", worker=self._worker, nas=nas)

    def tell(self, now: float) -> None:
        """Log and start over, when a minute has passed on any steady clock."""
        if now < self._tell_at:
            return
        self._tell_at = now + SECONDS
        if self._dropped:
            worst = {_readable(host): n for host, n in self._strangers.most_common(_WORST)}
            log.warning("radius_dropped", worker=self._worker, **self._dropped, strangers=worst)
            self._dropped.clear()
            self._strangers.clear()


def _readable(host: bytes) -> str:
    from ipaddress import ip_address

    return str(ip_address(host))
