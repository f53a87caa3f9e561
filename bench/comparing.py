"""Do both sides tell a NAS the same? Every attribute of some Access-Accepts, side by side."""

import os
import random
import socket
from collections.abc import Sequence
from hashlib import md5

from bench.population import Line
from radius.wire import mschap, passwords
from radius.wire.codec import Key
from radius.wire.errors import WireError

Attribute = tuple[int, int, bytes]  # vendor or 0, type, value

MESSAGE_AUTHENTICATOR = (0, 80)
MICROSOFT = 311
# MPPE keys differ by their salt; the load generator decrypts them, here only their size counts.
SALTED = {(MICROSOFT, 16), (MICROSOFT, 17)}


def differences(people: Sequence[Line], secret: str, ours: int, peer: int, sample: int = 200) -> list[str]:
    """One sentence for each of `sample` lines whose Accepts differ; `ours` and `peer` are authentication ports.

    Message-Authenticator and the order of attributes are left out.
    """
    found = []
    chosen = random.Random(7).sample(people, min(sample, len(people)))
    for n, line in enumerate(chosen):
        ask = (_pap, _chap, _mschapv2)[n % 3]
        request = ask(line, Key(secret.encode()))
        first, second = (_accepted(request, port) for port in (ours, peer))
        if first != second:
            found.append(f"{line.username} ({ask.__name__[1:]}): ours {first}, the peer's {second}")
    return found


def _accepted(request: bytes, port: int) -> list[Attribute]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(3)
        asking.connect(("127.0.0.1", port))
        asking.send(request)
        reply = asking.recv(4096)
    if reply[0] != 2:
        raise WireError(f"port {port} answered with code {reply[0]} instead of Access-Accept")
    return sorted(
        (vendor, kind, b"%d octets" % len(value) if (vendor, kind) in SALTED else value)
        for vendor, kind, value in _attributes(reply[20:])
        if (vendor, kind) != MESSAGE_AUTHENTICATOR
    )


def _attributes(octets: bytes) -> list[Attribute]:
    found: list[Attribute] = []
    while octets:
        kind, size = octets[0], octets[1]
        if kind == 26:
            vendor = int.from_bytes(octets[2:6], "big")
            found += [(vendor, inner, value) for _none, inner, value in _attributes(octets[6:size])]
        else:
            found.append((0, kind, octets[2:size]))
        octets = octets[size:]
    return found


def _request(line: Line, key: Key, authenticator: bytes, proof: bytes) -> bytes:
    name = line.username.encode()
    body = _plain(80, bytes(16)) + _plain(1, name) + proof + _plain(4, bytes((10, 0, 0, 1)))
    packet = bytes((1, 1)) + (20 + len(body)).to_bytes(2, "big") + authenticator + body
    return packet[:22] + key.hmac(packet) + packet[38:]


def _pap(line: Line, key: Key) -> bytes:
    authenticator = os.urandom(16)
    return _request(
        line, key, authenticator, _plain(2, passwords.hide(line.password.encode(), key, authenticator))
    )


def _chap(line: Line, key: Key) -> bytes:
    challenge = os.urandom(16)
    answer = md5(b"\1" + line.password.encode() + challenge, usedforsecurity=False).digest()
    return _request(line, key, os.urandom(16), _plain(3, b"\1" + answer) + _plain(60, challenge))


def _mschapv2(line: Line, key: Key) -> bytes:
    # The challenges are the line's own, so that both sides prove the same.
    challenge, peer_challenge = bytes(range(16)), bytes(range(16, 32))
    hashed = mschap.challenge_hash(peer_challenge, challenge, line.username.encode())
    answer = mschap.challenge_response(hashed, mschap.des_keys(mschap.nt_hash(line.password)))
    response = _microsoft(25, b"\1\0" + peer_challenge + bytes(8) + answer)
    return _request(line, key, os.urandom(16), _microsoft(11, challenge) + response)


def _plain(kind: int, value: bytes) -> bytes:
    return bytes((kind, len(value) + 2)) + value


def _microsoft(kind: int, value: bytes) -> bytes:
    return _plain(26, MICROSOFT.to_bytes(4, "big") + _plain(kind, value))
