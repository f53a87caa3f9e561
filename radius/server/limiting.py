"""How often is too often: pure classes of bounded memory that are told the time."""

import threading
from collections.abc import Hashable
from typing import Generic, TypeVar

Line = TypeVar("Line", bound=Hashable)


class Guesses(Generic[Line]):
    """Wrong passwords by line and place, so that nobody tries them all, and nobody locks the owner out by trying.

    A minute allows so many from each place, and CROWD times so many from all places together that are not the
    line's `home` (where it is online, or last logged in from rightly): who pretends to be ever another device gets
    no further, and the owner at home does not pay for it. A spent budget closes until its minute is over;
    meanwhile no password is looked at there, so a right guess does not show either. Only lines that exist are
    counted, and of those the latest `entries`.
    """

    CROWD = 5

    def __init__(self, allowed: int, seconds: float = 60.0, entries: int = 65_536) -> None:
        self._allowed, self._seconds, self._entries = allowed, seconds, entries
        # By (line, place), place None for all together: how many, and until when they count; in the order of that.
        self.counted: dict[tuple[Line, Hashable], tuple[int, float]] = {}
        # How many of those each line has: nearly none has any, which is all that a login wants to know.
        self._lines: dict[Line, int] = {}

    def age(self, now: float) -> None:
        """Forget what is over; called once a batch."""
        while self.counted:
            oldest = next(iter(self.counted))
            if now < self.counted[oldest][1]:
                break
            self._drop(oldest)

    def about(self, line: Line) -> bool:
        """Whether any wrong password of the line counts."""
        return line in self._lines

    def spent(self, line: Line, place: Hashable, home: bool, now: float) -> bool:
        """Whether too many wrong passwords came from there, or from everywhere else, within the minute."""
        if self._over((line, place), self._allowed, now):
            return True
        return not home and self._over((line, None), self._allowed * self.CROWD, now)

    def wrong(self, line: Line, place: Hashable, home: bool, now: float) -> None:
        """One more; `allowed` 0 counts nothing."""
        if self._allowed:
            self._count((line, place), now)
            if not home:
                self._count((line, None), now)

    def right(self, line: Line, place: Hashable) -> None:
        """A right password clears the budget of where it came from, which is home from now on."""
        if (line, place) in self.counted:
            self._drop((line, place))

    def _over(self, key: tuple[Line, Hashable], allowed: int, now: float) -> bool:
        count, until = self.counted.get(key, (0, 0.0))
        return count >= allowed and now < until

    def _count(self, key: tuple[Line, Hashable], now: float) -> None:
        count, until = self.counted.get(key, (0, 0.0))
        if now >= until:  # a new minute goes to the end of the order
            if key in self.counted:
                self._drop(key)
            count, until = 0, now + self._seconds
            if len(self.counted) >= self._entries:
                self._drop(next(iter(self.counted)))
            self._lines[key[0]] = self._lines.get(key[0], 0) + 1
        self.counted[key] = count + 1, until

    def _drop(self, key: tuple[Line, Hashable]) -> None:
        del self.counted[key]
        line, _place = key
        left = self._lines[line] - 1
        if left:
            self._lines[line] = left
        else:
            del self._lines[line]


class Seldom:
    """Says yes to a key once in a period; remembers so many keys, then begins anew."""

    MOST = 10_000

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._said: dict[int, float] = {}

    def __call__(self, key: int, now: float) -> bool:
        if now - self._said.get(key, now - self._seconds) < self._seconds:
            return False
        if len(self._said) >= self.MOST:
            self._said.clear()
        self._said[key] = now
        return True


Minute = tuple[int, int]


class Allowance:
    """So many of each key a minute, of the clock on the wall; what goes beyond is counted.

    One thread asks, another may take what was counted.
    """

    def __init__(self, allowed: int) -> None:
        self._allowed, self._minute = allowed, 0
        self._given: dict[int, int] = {}
        self._beyond: dict[Minute, int] = {}
        self._lock = threading.Lock()

    def __call__(self, key: int, now: float) -> bool:
        """Whether one more is within the allowance of this minute."""
        minute = int(now) // 60
        if minute != self._minute:
            self._minute = minute
            self._given.clear()
        given = self._given[key] = self._given.get(key, 0) + 1
        if given <= self._allowed:
            return True
        with self._lock:
            self._beyond[key, minute] = self._beyond.get((key, minute), 0) + 1
        return False

    def take(self, now: float) -> dict[Minute, int]:
        """How many went beyond, by key and minute since 1970, of the minutes that are over; each told once."""
        if not self._beyond:
            return {}
        with self._lock:
            found = {one: count for one, count in self._beyond.items() if one[1] < int(now) // 60}
            for one in found:
                del self._beyond[one]
        return found
