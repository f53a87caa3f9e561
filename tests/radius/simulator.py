"""A NAS that knows the truth: sessions as they were, the packets they made, and what a perfect ledger holds.

Nothing here is shared with the product: sums are made from what the NAS moved, never from what it reported. The bench
uses it with larger numbers.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from radius.usage.reports import Reboot, Report, report
from radius.wire.codec import Key, decode_accounting
from tests.radius.packets import SECRET, accounting

KEY = Key(SECRET)
INTERVAL = 300
WORD = 1 << 32


@dataclass
class Truth:
    """One session: rates in octets a second, `restart` the Interim-Update after which the NAS counts from 0 again,
    `gigawords` False for a NAS with counters of 32 bits.
    """

    username: str
    session_id: str
    began: int
    interims: int
    up: int
    down: int
    restart: int | None = None
    gigawords: bool = True

    @property
    def ended(self) -> int:
        return self.began + INTERVAL * (self.interims + 1)

    def epochs(self) -> list[list[int]]:
        """The numbers of the packets (0 the Start, then Interim-Updates, last the Stop), cut where a counter falls."""
        numbers = range(self.interims + 2)
        cuts = [n for n in numbers if n and any(now < before for now, before in zip(
            self.counters(n), self.counters(n - 1), strict=True))]  # fmt: skip
        edges = [0, *cuts, len(numbers)]
        return [list(numbers[a:b]) for a, b in zip(edges, edges[1:], strict=False)]

    def counters(self, number: int) -> tuple[int, int]:
        """What the NAS reports as moved up and down in that packet."""
        since = self.restart if self.restart is not None and number > self.restart else 0
        seconds = INTERVAL * (number - since)
        moved = self.up * seconds, self.down * seconds
        return moved if self.gigawords else (moved[0] % WORD, moved[1] % WORD)

    def moved(self, delivered: set[int]) -> tuple[int, int]:
        """What a ledger must hold that was told of these packets: the last counters of each time it counted."""
        first = {n for n in delivered if self.restart is None or n <= self.restart}
        seconds = INTERVAL * (max(first, default=0) + max(delivered - first, default=0) - (self.restart or 0))
        if not delivered - first:
            seconds = INTERVAL * max(first, default=0)
        return self.up * seconds, self.down * seconds

    def packet(self, number: int, nas_id: int) -> Report:
        """That packet as the server reads it from the wire."""
        seconds = INTERVAL * number
        status = "Start" if not number else "Stop" if number == self.interims + 1 else "Interim-Update"
        values: dict[str, int] = {"Event_Timestamp": self.began + seconds}
        if number:
            values["Acct_Session_Time"] = seconds
            for name, octets in zip(("Input", "Output"), self.counters(number), strict=True):
                values[f"Acct_{name}_Octets"] = octets % WORD
                if octets >= WORD:
                    values[f"Acct_{name}_Gigawords"] = octets // WORD
        if status == "Stop":
            values["Acct_Terminate_Cause"] = 1
        data = accounting(status, self.session_id, self.username, **values).RequestPacket()
        made = report(decode_accounting(data, KEY), nas_id, None, self.began + seconds)
        assert isinstance(made, Report)
        return made


@dataclass
class Night:
    """Sessions of one NAS and how the network treats their packets."""

    rng: random.Random
    nas_id: int
    loss: float = 0.3
    repeats: float = 0.3
    sessions: list[Truth] = field(default_factory=list)
    delivered: dict[int, set[int]] = field(default_factory=dict)

    def live(self, usernames: list[str], began: int, lives: int, interims: int) -> None:
        """Each line has `lives` sessions one after another; ids are used again after a reboot of the NAS."""
        for username in usernames:
            at, reuses = began + self.rng.randrange(600), self.rng.random() < 0.5
            for n in range(lives):
                one = Truth(username, "81000001" if reuses else f"8100000{n}", at, self.rng.randint(1, interims),
                            self.rng.randrange(1, 10**5), self.rng.randrange(1, 10**6))  # fmt: skip
                match self.rng.randrange(4):
                    case 0 if one.interims >= 4:
                        # From the last third on: what is counted anew stays below half of what was.
                        one.restart = self.rng.randint(-(-2 * (one.interims + 1) // 3), one.interims)
                    case 1:
                        one.interims = max(one.interims, 4)
                        one.gigawords, one.down = False, (WORD + WORD // 3) // (one.ended - one.began)
                self.sessions.append(one)
                at = one.ended + self.rng.randint(120, 4000)

    def packets(self) -> list[Report | Reboot]:
        """What reaches the server, in the order in which it does: lost, repeated, and shuffled."""
        made = [(index, number) for index in range(len(self.sessions)) for number in self._kept(index)]
        repeated = [one for one in made if self.rng.random() < self.repeats]
        order = self._shuffled(made)
        for one in repeated:  # a packet comes again at any time after it came
            order.insert(self.rng.randint(order.index(one) + 1, len(order)), one)
        return [self.sessions[index].packet(number, self.nas_id) for index, number in order]

    def _kept(self, index: int) -> Iterator[int]:
        one = self.sessions[index]
        kept = self.delivered[index] = {one.interims + 1}
        for number in range(one.interims + 1):
            # What is never told cannot be known: 32 bits that wrap, and the last word before a new count, are heard.
            if not one.gigawords or number == one.restart or self.rng.random() >= self.loss:
                kept.add(number)
        yield from kept

    def _shuffled(self, made: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Any order, but what a NAS counted before its counters fell comes before what it counted then."""
        self.rng.shuffle(made)
        for index, one in enumerate(self.sessions):
            if len(one.epochs()) > 1:
                places = [n for n, (owner, _number) in enumerate(made) if owner == index]
                numbers = [
                    number
                    for epoch in one.epochs()
                    for number in self.rng.sample(epoch, len(epoch))
                    if number in self.delivered[index]
                ]
                for place, number in zip(places, numbers, strict=True):
                    made[place] = (index, number)
        return made

    def totals(self) -> list[tuple[str, int, int, int]]:
        """(username, start, octets up, octets down) of every session, as a perfect ledger has them."""
        return sorted(
            (one.username, one.began, *one.moved(self.delivered[index]))
            for index, one in enumerate(self.sessions)
        )
