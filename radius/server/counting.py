"""Counting what arrives: a few increments per packet here, everything else in `radius.server.posture`.

Counters are handed over as a whole now and then; the reply path never logs, writes or waits.
"""

from collections import Counter

from radius.wire.requests import AccountingRequest

# Addresses of strangers that are told apart between two hand-overs: an attacker may send from them all.
STRANGERS = 10_000


class Tally:
    """What one NAS sent since the last hand-over; times in seconds since 1970, 0 for never.

    `unsigned` are Access-Requests that passed without Message-Authenticator, `repeated` Accounting-Requests
    that say they were sent before (Acct-Delay-Time, RFC 2866 section 5.2). `skew` is the NAS's clock minus
    ours in seconds. The samples are the last datagrams, to be looked at outside the reply path.
    """

    __slots__ = (
        "access",
        "access_at",
        "access_sample",
        "accounting",
        "accounting_at",
        "accounting_sample",
        "drops",
        "duplicates",
        "repeated",
        "skew",
        "unsigned",
        "worst_skew",
    )

    def __init__(self) -> None:
        self.access = self.accounting = self.unsigned = self.duplicates = self.repeated = 0
        self.access_at = self.accounting_at = 0.0
        self.access_sample = self.accounting_sample = b""
        self.drops: Counter[str] = Counter()
        self.skew: int | None = None
        self.worst_skew: int | None = None

    def accounted(self, request: AccountingRequest, data: bytes, now: int) -> None:
        """A genuine Accounting-Request."""
        self.accounting += 1
        self.accounting_at = now
        self.accounting_sample = data
        delay = request.delay
        if delay:
            self.repeated += 1
        if request.event_time is not None:
            self.skew = skew = request.event_time + delay - now
            if self.worst_skew is None or abs(skew) > abs(self.worst_skew):
                self.worst_skew = skew


class Counts:
    """Counters of one worker: of each NAS, of strangers by address, and of what is nobody's."""

    def __init__(self, worker: str) -> None:
        self.worker = worker
        self._tallies: dict[int, Tally] = {}
        self._strangers: Counter[bytes] = Counter()
        self._dropped: Counter[str] = Counter()

    def of(self, nas_id: int) -> Tally:
        """The counters of a NAS."""
        return self._tallies.get(nas_id) or self._begin(nas_id)

    def _begin(self, nas_id: int) -> Tally:
        return self._tallies.setdefault(nas_id, Tally())

    def drop(self, reason: str) -> None:
        """Something was dropped for a reason that is not its sender's."""
        self._dropped[reason] += 1

    def stranger(self, host: bytes) -> None:
        """A datagram from an address that is no NAS of ours (features 2.1 gate 1: NAS_UNKNOWN)."""
        strangers = self._strangers
        if host in strangers or len(strangers) < STRANGERS:
            strangers[host] += 1
        else:
            self._dropped["more_strangers"] += 1

    def take(self) -> "tuple[dict[int, Tally], Counter[bytes], Counter[str]]":
        """Hand over what was counted and begin anew. The worker may still add one packet to what it had in
        hand: wait a moment before reading.
        """
        taken = self._tallies, self._strangers, self._dropped
        self._tallies, self._strangers, self._dropped = {}, Counter(), Counter()
        return taken
