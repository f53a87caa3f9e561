"""RFC 5080 section 2.2.2: the same request again gets the same octets again, without being judged twice.

Two generations instead of a clock per entry: the young one becomes the old one when it is full or some
seconds old, and the old one is forgotten, so an answer is kept for one to two periods and memory stays
bounded.
"""

SECONDS = 5.0
ENTRIES = 16_384


class Duplicates:
    """Answers given lately. A key is the sender with its port, and code, id, length and authenticator."""

    __slots__ = ("_entries", "_old", "_rotate_at", "_seconds", "_young")

    def __init__(self, seconds: float = SECONDS, entries: int = ENTRIES) -> None:
        self._young: dict[bytes, bytes] = {}
        self._old: dict[bytes, bytes] = {}
        self._rotate_at = 0.0
        self._seconds, self._entries = seconds, entries

    def age(self, now: float) -> None:
        """Forget what is too old; called once a batch with any steady clock in seconds."""
        if now >= self._rotate_at or len(self._young) >= self._entries:
            self._old, self._young = self._young, {}
            self._rotate_at = now + self._seconds

    def find(self, key: bytes) -> bytes | None:
        """The answer given to this request, if it is known."""
        return self._young.get(key) or self._old.get(key)

    def keep(self, key: bytes, reply: bytes) -> None:
        """Remember an answer."""
        self._young[key] = reply
