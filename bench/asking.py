"""Requests made one by one, where the load generator's millions would not do: to compare, to probe, to mutate."""

import os
import select
import socket
import time
from collections.abc import Sequence
from hashlib import md5

from bench.population import Line
from radius.wire import mschap, passwords
from radius.wire.codec import Key

MICROSOFT = 311
ACCEPT, REJECT = 2, 3
#: Between an answer and the next question of a socket, so that asking is not a load of its own.
PAUSE = 0.004


def pap(line: Line, key: Key, identifier: int = 1) -> bytes:
    """A signed Access-Request."""
    authenticator = os.urandom(16)
    hidden = passwords.hide(line.password.encode(), key, authenticator)
    return _request(line, key, authenticator, plain(2, hidden), identifier)


def chap(line: Line, key: Key, identifier: int = 1) -> bytes:
    """The same with CHAP-Password and CHAP-Challenge."""
    challenge = os.urandom(16)
    answer = md5(b"\1" + line.password.encode() + challenge, usedforsecurity=False).digest()
    return _request(line, key, os.urandom(16), plain(3, b"\1" + answer) + plain(60, challenge), identifier)


def mschapv2(line: Line, key: Key, identifier: int = 1) -> bytes:
    """The same with MS-CHAPv2; the challenges are always the same, so that two servers prove the same."""
    challenge, peer_challenge = bytes(range(16)), bytes(range(16, 32))
    hashed = mschap.challenge_hash(peer_challenge, challenge, line.username.encode())
    answer = mschap.challenge_response(hashed, mschap.des_keys(mschap.nt_hash(line.password)))
    response = _microsoft(25, b"\1\0" + peer_challenge + bytes(8) + answer)
    return _request(line, key, os.urandom(16), _microsoft(11, challenge) + response, identifier)


def status(_line: Line, key: Key, identifier: int = 1) -> bytes:
    """A Status-Server (RFC 5997)."""
    return _signed(12, identifier, os.urandom(16), plain(80, bytes(16)), key)


def start(line: Line, key: Key, identifier: int = 1) -> bytes:
    """An Accounting-Request that starts a session of the line, always the same one."""
    return _accounting(line, key, identifier, plain(40, _four(1)))


def stop(line: Line, key: Key, identifier: int = 1) -> bytes:
    """The one that stops it."""
    counters = plain(42, _four(1_000)) + plain(43, _four(10_000)) + plain(46, _four(60)) + plain(49, _four(1))
    return _accounting(line, key, identifier, plain(40, _four(2)) + counters)


def _accounting(line: Line, key: Key, identifier: int, status: bytes) -> bytes:
    about = (
        plain(1, line.username.encode())
        + plain(44, b"ask-%d" % line.number)
        + plain(55, _four(int(time.time())))
    )
    body = (
        status
        + about
        + plain(4, bytes((10, 0, 0, 1)))
        + plain(8, bytes((10, 1, 2, 3)))
        + plain(31, b"02:00:00:01")
    )
    packet = bytes((4, identifier)) + (20 + len(body)).to_bytes(2, "big") + bytes(16) + body
    return packet[:4] + md5(packet + key.secret, usedforsecurity=False).digest() + body


def _four(number: int) -> bytes:
    return number.to_bytes(4, "big")


def _request(line: Line, key: Key, authenticator: bytes, proof: bytes, identifier: int) -> bytes:
    name = line.username.encode()
    body = plain(80, bytes(16)) + plain(1, name) + proof + plain(4, bytes((10, 0, 0, 1)))
    return _signed(1, identifier, authenticator, body, key)


def _signed(code: int, identifier: int, authenticator: bytes, body: bytes, key: Key) -> bytes:
    """A packet whose first attribute is an empty Message-Authenticator, filled in."""
    packet = bytes((code, identifier)) + (20 + len(body)).to_bytes(2, "big") + authenticator + body
    return packet[:22] + key.hmac(packet) + packet[38:]


def plain(kind: int, value: bytes) -> bytes:
    """An attribute."""
    return bytes((kind, len(value) + 2)) + value


def _microsoft(kind: int, value: bytes) -> bytes:
    return plain(26, MICROSOFT.to_bytes(4, "big") + plain(kind, value))


class Prober:
    """Asks the same from several source ports: the kernel chooses the worker by the port, so every one is asked."""

    def __init__(self, ports: Sequence[int], secret: str, each: int = 6) -> None:
        self._key = Key(secret.encode())
        self._sockets = []
        for port in ports:
            for _ in range(each):
                asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                asking.connect(("127.0.0.1", port))
                asking.setblocking(False)
                self._sockets.append(asking)
        self._asked = 0

    def __enter__(self) -> "Prober":
        return self

    def __exit__(self, *_error: object) -> None:
        for asking in self._sockets:
            asking.close()

    def until(self, line: Line, wanted: int, seconds: float = 5.0) -> float | None:
        """Let `line` log in until every socket got the `wanted` code; the moment the last of them did on the
        steady clock, None when one never did.
        """
        waiting = dict.fromkeys(self._sockets, 0)
        due = dict.fromkeys(self._sockets, 0.0)
        end = time.monotonic() + seconds
        while waiting and (now := time.monotonic()) < end:
            for asking in waiting:
                if due[asking] <= now:
                    self._ask(asking, line, waiting)
                    due[asking] = now + 0.5  # lost, by then
            soonest = max(0.0, min(due[asking] for asking in waiting) - now)
            for asking in select.select(list(waiting), [], [], soonest)[0]:
                reply = _received(asking)
                if len(reply) < 20 or reply[1] != waiting[asking]:
                    continue
                due[asking] = time.monotonic() + PAUSE
                if reply[0] == wanted:
                    del waiting[asking]
        return None if waiting else time.monotonic()

    def _ask(self, asking: socket.socket, line: Line, waiting: dict[socket.socket, int]) -> None:
        self._asked = self._asked % 255 + 1
        waiting[asking] = self._asked
        asking.send(pap(line, self._key, self._asked))


def _received(asking: socket.socket) -> bytes:
    try:
        return asking.recv(4096)
    except OSError:  # nobody listens at this moment
        return b""
