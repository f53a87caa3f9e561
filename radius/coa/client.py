"""Asking NASes over UDP: many at once, each request repeated unchanged until answered or given up."""

import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from radius.wire.attributes import Value
from radius.wire.coa import Answer, decode_answer, encode_request
from radius.wire.codec import Key
from radius.wire.errors import WireError
from radius.wire.requests import Code

# One identifier octet tells the answers of one socket apart.
AT_ONCE = 256
WAITS = (1.0, 2.0, 3.0)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request to one NAS; attributes as (name, value) pairs."""

    address: str
    port: int
    key: Key
    code: Code
    pairs: tuple[tuple[str, Value], ...]


def exchange(asks: Sequence[Ask], now: int, waits: Sequence[float] = WAITS) -> list[Answer | None]:
    """The verified answers, in order; None where none came, however often we asked. `now` in seconds since
    1970.

    `waits` are the seconds to wait after each try. A NAS that cannot be reached at all counts as silent.
    """
    answers: list[Answer | None] = []
    for start in range(0, len(asks), AT_ONCE):
        answers += _exchange(asks[start : start + AT_ONCE], now, waits)
    return answers


def _exchange(asks: Sequence[Ask], now: int, waits: Sequence[float]) -> list[Answer | None]:
    requests = [encode_request(a.code, n, a.key, a.pairs, now) for n, a in enumerate(asks)]
    answers: list[Answer | None] = [None] * len(asks)
    missing = set(range(len(asks)))
    with _socket(socket.AF_INET) as four, _socket(socket.AF_INET6) as six:
        for wait in waits:
            for n in sorted(missing):
                _send(six if _is_six(asks[n].address) else four, requests[n], asks[n])
            end = time.monotonic() + wait
            while missing and (left := end - time.monotonic()) > 0:
                for ready in select.select([four, six], [], [], left)[0]:
                    _receive(ready, asks, requests, answers, missing)
            if not missing:
                break
    return answers


def _socket(family: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_DGRAM)
    made.setblocking(False)
    return made


def _is_six(address: str) -> bool:
    return isinstance(ip_address(address), IPv6Address)


def _send(through: socket.socket, request: bytes, ask: Ask) -> None:
    try:
        through.sendto(request, (ask.address, ask.port))
    except OSError:
        return  # no route: the same silence as a NAS that is off


def _receive(
    ready: socket.socket,
    asks: Sequence[Ask],
    requests: Sequence[bytes],
    answers: list[Answer | None],
    missing: set[int],
) -> None:
    try:
        data, sender = ready.recvfrom(4096)
    except OSError:
        return
    n = data[1] if len(data) > 1 else -1
    if n not in missing or (ip_address(sender[0]), sender[1]) != (ip_address(asks[n].address), asks[n].port):
        return
    try:
        answers[n] = decode_answer(data, requests[n], asks[n].key)
    except WireError:
        return
    missing.discard(n)
