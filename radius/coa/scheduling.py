"""Which request leaves when: bookkeeping of thousands of requests to many NASes, without sockets or a clock.

Every NAS has a queue of its own, and they take turns: one that says nothing delays nobody else. First tries do not
wait for answers: as many as WINDOW are on their way at once, and beyond them more leave at a pace, until all
identifiers are in use. What a weak or dead NAS is spared are repeats: after each second that needed some, half as
many leave in a second.

A request keeps its identifier and octets from its first departure to its answer; identifiers of one NAS are used
again in the order in which they came free, so that a late answer seldom meets a successor (RFC 5080 section 2.2.2).
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from math import inf
from typing import Generic, TypeVar

T = TypeVar("T")
Peer = tuple[str, int]

# Requests of one NAS on their way at a time (the socket of a small one holds no more), and how many a second leave
# beyond them: of 2,000 sessions of a NAS that says nothing all are told in half a second.
WINDOW, PACE = 256, 4000
# Repeats to one NAS a second: the most, half as many after each second that needed some, and the fewest.
REPEATS, FEWEST, _HALVED_EVERY = 256, 32, 1.0
# What the pace may catch up with after the owner of the loop was busy elsewhere.
_CATCH_UP = 0.05


@dataclass(slots=True, eq=False)
class Flight(Generic[T]):
    """One request on its way: `slot` is its socket and identifier, `octets` what was sent, once it was."""

    peer: Peer
    what: T
    slot: int = -1
    octets: bytes = b""
    tries: int = 0
    due: float = 0.0
    in_line: bool = False
    over: bool = False


@dataclass(slots=True)
class _Lane(Generic[T]):
    """What is known of one NAS."""

    waiting: deque[Flight[T]] = field(default_factory=deque)
    flying: dict[int, Flight[T]] = field(default_factory=dict)
    free: deque[int] = field(default_factory=deque)
    fresh: int = 0
    extra_at: float = -inf
    repeats: float = REPEATS
    repeat_at: float = -inf
    halved: float = -inf
    listed: bool = False
    paced: bool = False


class Schedule(Generic[T]):
    """`slots` identifiers per NAS; `waits` are the seconds after each try, the last one before giving up.

    `open` counts requests without an outcome, `waiting` those of them that never left.
    """

    def __init__(self, waits: Sequence[float], slots: int) -> None:
        self._waits, self._slots = tuple(waits), slots
        self._lanes: dict[Peer, _Lane[T]] = {}
        self._ready: deque[_Lane[T]] = deque()
        self._paced: list[tuple[float, int, _Lane[T]]] = []
        self._deadlines: list[tuple[float, int, Flight[T]]] = []
        self._order = count()
        self.open = self.waiting = 0

    def add(self, peer: Peer, what: T) -> None:
        """Queue a request."""
        lane = self._lanes.setdefault(peer, _Lane())
        lane.waiting.append(Flight(peer, what))
        self.open += 1
        self.waiting += 1
        self._list(lane)

    def leaving(self, now: float, most: int) -> Iterator[Flight[T]]:
        """Up to `most` requests to send now: repeats first, then one new request of each NAS in turn.

        Take what is `silent` first; nothing is repeated past it.
        """
        for _ in range(most):
            flight = self._repeat(now) or self._next(now)
            if flight is None:
                return
            flight.tries += 1
            self._wait(flight, now + self._waits[flight.tries - 1])
            yield flight

    def put_off(self, flight: Flight[T], until: float) -> None:
        """It could not be sent at all (a full socket): the try does not count."""
        flight.tries -= 1
        self._wait(flight, until)

    def silent(self, now: float) -> Iterator[Flight[T]]:
        """Requests that were sent as often as allowed and waited for long enough."""
        while (flight := self._first()) and flight.due <= now and self._spent(flight):
            heappop(self._deadlines)
            self._end(flight)
            yield flight

    def find(self, peer: Peer, slot: int) -> Flight[T] | None:
        """The request that an answer from there under that identifier belongs to."""
        lane = self._lanes.get(peer)
        return None if lane is None else lane.flying.get(slot)

    def answered(self, flight: Flight[T]) -> None:
        """Its answer came."""
        lane = self._lanes[flight.peer]
        lane.repeats = min(REPEATS, lane.repeats + 1)
        self._end(flight)

    def next_at(self) -> float | None:
        """When `leaving` or `silent` next has something, if no answer comes; None when nothing waits for time."""
        first = self._first()
        moments = [] if first is None else [first.due]
        if self._paced:
            moments.append(self._paced[0][0])
        return min(moments, default=None)

    @property
    def ready(self) -> bool:
        """Whether a new request may leave at once."""
        return bool(self._ready)

    def _list(self, lane: _Lane[T]) -> None:
        """Note that the lane has something to send, now or at its pace."""
        if not lane.waiting:
            return
        flying = len(lane.flying)
        if flying < min(WINDOW, self._slots):
            if not lane.listed:
                lane.listed = True
                self._ready.append(lane)
        elif flying < self._slots and not lane.paced:
            lane.paced = True
            heappush(self._paced, (lane.extra_at, next(self._order), lane))

    def _next(self, now: float) -> Flight[T] | None:
        while self._ready:
            lane = self._ready.popleft()
            lane.listed = False
            if lane.waiting and len(lane.flying) < self._slots:
                lane.extra_at = now + 1 / PACE
                return self._depart(lane)
        while self._paced and self._paced[0][0] <= now:
            _at, _, lane = heappop(self._paced)
            lane.paced = False
            if lane.waiting and len(lane.flying) < self._slots:
                lane.extra_at = max(lane.extra_at, now - _CATCH_UP) + 1 / PACE
                return self._depart(lane)
        return None

    def _depart(self, lane: _Lane[T]) -> Flight[T]:
        flight = lane.waiting.popleft()
        self.waiting -= 1
        if lane.fresh < self._slots:
            flight.slot = lane.fresh
            lane.fresh += 1
        else:
            flight.slot = lane.free.popleft()
        lane.flying[flight.slot] = flight
        self._list(lane)
        return flight

    def _repeat(self, now: float) -> Flight[T] | None:
        while (flight := self._first()) and flight.due <= now and not self._spent(flight):
            heappop(self._deadlines)
            lane = self._lanes[flight.peer]
            if flight.tries == 0:
                return flight
            if not flight.in_line:
                at, lane.repeat_at = lane.repeat_at, max(lane.repeat_at, now) + 1 / lane.repeats
                if at > now:
                    flight.in_line = True
                    self._wait(flight, at)
                    continue
            flight.in_line = False
            if now - lane.halved >= _HALVED_EVERY:
                lane.halved, lane.repeats = now, max(FEWEST, lane.repeats / 2)
            return flight
        return None

    def _first(self) -> Flight[T] | None:
        """The request with the earliest deadline; what no longer counts is dropped on the way to it."""
        while self._deadlines:
            due, _, flight = self._deadlines[0]
            if not flight.over and flight.due == due:
                return flight
            heappop(self._deadlines)
        return None

    def _spent(self, flight: Flight[T]) -> bool:
        return flight.tries >= len(self._waits)

    def _wait(self, flight: Flight[T], until: float) -> None:
        flight.due = until
        heappush(self._deadlines, (until, next(self._order), flight))

    def _end(self, flight: Flight[T]) -> None:
        flight.over = True
        self.open -= 1
        lane = self._lanes[flight.peer]
        del lane.flying[flight.slot]
        lane.free.append(flight.slot)
        self._list(lane)
