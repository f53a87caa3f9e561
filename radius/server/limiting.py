"""How often is too often: pure classes of bounded memory that are told the time."""

from collections.abc import Hashable
from typing import Generic, TypeVar

Line = TypeVar("Line", bound=Hashable)


class Guesses(Generic[Line]):
    """Wrong passwords by line, so that nobody tries them all, and nobody locks the owner out by trying.

    A line has two budgets a minute: one for the place it last logged in from rightly (`home`), one for all
    other places together. A spent budget closes until its minute is over; meanwhile nobody's password is
    looked at there, so a right guess does not show either. Only lines that exist are counted, and of those
    the latest `entries`.
    """

    def __init__(self, allowed: int, seconds: float = 60.0, entries: int = 65_536) -> None:
        self._allowed, self._seconds, self._entries = allowed, seconds, entries
        # By (line, home): how many, and until when they count; in the order of that instant.
        self.counted: dict[tuple[Line, bool], tuple[int, float]] = {}

    def age(self, now: float) -> None:
        """Forget what is over; called once a batch."""
        while self.counted:
            oldest = next(iter(self.counted))
            if now < self.counted[oldest][1]:
                break
            del self.counted[oldest]

    def spent(self, line: Line, home: bool, now: float) -> bool:
        """Whether too many wrong passwords came from there within the minute."""
        count, until = self.counted.get((line, home), (0, 0.0))
        return count >= self._allowed and now < until

    def wrong(self, line: Line, home: bool, now: float) -> None:
        """One more; `allowed` 0 counts nothing."""
        if not self._allowed:
            return
        count, until = self.counted.get((line, home), (0, 0.0))
        if now >= until:  # a new minute goes to the end of the order
            self.counted.pop((line, home), None)
            count, until = 0, now + self._seconds
            if len(self.counted) >= self._entries:
                del self.counted[next(iter(self.counted))]
        self.counted[line, home] = count + 1, until

    def right(self, line: Line, home: bool) -> None:
        """A right password clears the budget of where it came from, which is home from now on."""
        self.counted.pop((line, True), None)
        if not home:
            self.counted.pop((line, False), None)


class Seldom:
    """Says yes to a key once in a period. For keys of which there are few (NASes)."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._said: dict[int, float] = {}

    def __call__(self, key: int, now: float) -> bool:
        if now - self._said.get(key, now - self._seconds) < self._seconds:
            return False
        self._said[key] = now
        return True
