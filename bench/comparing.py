"""Do both sides tell a NAS the same? Every attribute of some Access-Accepts, side by side."""

import random
import socket
from collections.abc import Sequence

from bench.asking import MICROSOFT, chap, mschapv2, pap
from bench.population import Line
from radius.wire.codec import Key
from radius.wire.errors import WireError

Attribute = tuple[int, int, bytes]  # vendor or 0, type, value

# Ours alone: the signature of the reply, and Class, which tells us in accounting what a session was given.
OURS = {(0, 80), (0, 25)}
# MPPE keys differ by their salt; the load generator decrypts them, here only their size counts.
SALTED = {(MICROSOFT, 16), (MICROSOFT, 17)}


def differences(people: Sequence[Line], secret: str, ours: int, peer: int, sample: int = 200) -> list[str]:
    """One sentence for each of `sample` lines whose Accepts differ; `ours` and `peer` are authentication ports.

    The order of attributes is left out, and so is what only ours adds.
    """
    found = []
    chosen = random.Random(7).sample(people, min(sample, len(people)))
    for n, line in enumerate(chosen):
        ask = (pap, chap, mschapv2)[n % 3]
        request = ask(line, Key(secret.encode()))
        first, second = (_accepted(request, port) for port in (ours, peer))
        if first != second:
            found.append(f"{line.username} ({ask.__name__}): ours {first}, the peer's {second}")
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
        if (vendor, kind) not in OURS
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
