"""Asking NASes over UDP: thousands at once, each request repeated unchanged until answered or given up.

`Client` owns the sockets and is turned by the loop that owns it; what leaves when is `scheduling`'s to say.
"""

import os
import select
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, NamedTuple

from radius.coa.scheduling import Flight, Schedule
from radius.wire.coa import Answer, decode_answer, encode_request
from radius.wire.codec import Key
from radius.wire.errors import WireError
from radius.wire.requests import Code

# Seconds waited after each try.
WAITS = (1.0, 2.0, 4.0)
# Sockets of each family; one identifier octet tells the requests of one socket to one NAS apart.
SOCKETS, IDENTIFIERS = 8, 256
# Datagrams sent before answers are looked at again, and those read of one socket at a time.
BURST, READ = 256, 64
_BUFFER = 4 << 20
_FULL_SOCKET_SECONDS = 0.01


class Ask(NamedTuple):
    """One request to one NAS: `attributes` are the encoded attributes, `about` is the caller's own."""

    address: str
    port: int
    key: Key
    code: Code
    attributes: bytes
    about: Any = None


class Client:
    """Sends what it is given, and hands back each request once with its verified answer.

    Used from one thread; only `wake` may be called from others.
    """

    def __init__(self, waits: Sequence[float] = WAITS) -> None:
        self._schedule: Schedule[Ask] = Schedule(waits, SOCKETS * IDENTIFIERS)
        self._sockets = {
            family: [_socket(family) for _ in range(SOCKETS)] for family in (socket.AF_INET, socket.AF_INET6)
        }
        self._alarm = os.eventfd(0, os.EFD_NONBLOCK)
        self._poll = select.epoll()
        self._poll.register(self._alarm, select.EPOLLIN)
        self._heard: list[tuple[int, bytes, Any]] = []
        self._ended: list[tuple[Ask, Answer | None]] = []
        self._numbers: dict[int, tuple[int, socket.socket]] = {}
        for sockets in self._sockets.values():
            for number, one in enumerate(sockets):
                self._poll.register(one, select.EPOLLIN)
                self._numbers[one.fileno()] = (number, one)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._poll.close()
        os.close(self._alarm)
        for _number, one in self._numbers.values():
            one.close()

    def __len__(self) -> int:
        """How many requests have no outcome yet that `turn` returned."""
        return self._schedule.open + len(self._ended)

    def ask(self, ask: Ask) -> None:
        """Queue a request; it leaves with the next `turn`, or when its NAS's window has room."""
        self._schedule.add((plain(ask.address), ask.port), ask)

    def wake(self) -> None:
        """End the `turn` that waits, or the next one, at once."""
        os.eventfd_write(self._alarm, 1)

    def flush(self) -> None:
        """Send every first try that may leave. Answers are taken from the sockets meanwhile, but only looked at where
        they make room for more; `turn` looks at the rest.
        """
        while True:
            if not self._schedule.ready:
                came = self._understand() if self._schedule.waiting else []
                if not came:
                    return
                self._ended += came
            self._leave(time.monotonic())
            self._hear(0.0)

    def turn(self, seconds: float) -> list[tuple[Ask, Answer | None]]:
        """Send what may leave, wait up to `seconds` for answers, and return the requests that came to an end.

        None for one that was never answered, however often we asked.
        """
        ended, self._ended = [*self._ended, *self._understand()], []
        now = time.monotonic()
        ended += ((flight.what, None) for flight in self._schedule.silent(now))
        self._leave(now)
        self._hear(self._patience(seconds, bool(ended)))
        return [*ended, *self._understand()]

    def _leave(self, now: float) -> None:
        for flight in self._schedule.leaving(now, BURST):
            self._send(flight, now)

    def _hear(self, seconds: float) -> None:
        for ready, _events in self._poll.poll(seconds):
            if ready == self._alarm:
                os.eventfd_read(self._alarm)
            else:
                number, through = self._numbers[ready]
                with suppress(OSError):  # nothing more waits
                    for _ in range(READ):
                        self._heard.append((number, *through.recvfrom(4096)))

    def _patience(self, seconds: float, ended: bool) -> float:
        if ended or self._schedule.ready:
            return 0.0
        due = self._schedule.next_at()
        return seconds if due is None else max(0.0, min(seconds, due - time.monotonic()))

    def _send(self, flight: Flight[Ask], now: float) -> None:
        ask = flight.what
        identifier, number = divmod(flight.slot, SOCKETS)
        if not flight.octets:
            flight.octets = encode_request(ask.code, identifier, ask.key, ask.attributes, int(time.time()))
        try:
            self._sockets[_family(flight.peer[0])][number].sendto(flight.octets, flight.peer)
        except BlockingIOError:
            self._schedule.put_off(flight, now + _FULL_SOCKET_SECONDS)
        except OSError:
            return  # no route: the same silence as a NAS that is off

    def _understand(self) -> list[tuple[Ask, Answer | None]]:
        """The requests that what was heard answers."""
        ended: list[tuple[Ask, Answer | None]] = []
        for number, data, sender in self._heard:
            slot = data[1] * SOCKETS + number if len(data) > 1 else -1
            flight = self._schedule.find((plain(sender[0]), sender[1]), slot)
            if flight is None:
                continue
            try:
                answer = decode_answer(data, flight.octets, flight.what.key)
            except WireError:
                continue
            self._schedule.answered(flight)
            ended.append((flight.what, answer))
        self._heard.clear()
        return ended


def exchange(asks: Iterable[Ask], waits: Sequence[float] = WAITS) -> Iterator[tuple[Ask, Answer | None]]:
    """Ask all of them and yield each with its answer as it comes."""
    with Client(waits) as client:
        for ask in asks:
            client.ask(ask)
        while len(client):
            yield from client.turn(1.0)


@lru_cache(maxsize=4096)
def plain(address: str) -> str:
    """An address as it is written shortest: sockets and tables must agree."""
    return str(ip_address(address))


@lru_cache(maxsize=4096)
def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _socket(family: socket.AddressFamily) -> socket.socket:
    made = socket.socket(family, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    return made
