"""Which of the attributes of an Access-Accept a CoA-Request can still change on a live session.

An address, a pool, a route or a protocol is given at log-in. RouterOS says so of all of them in its manual
("RADIUS Client", Change of Authorization), and other NASes follow RFC 5176 section 3.6.
"""

from collections.abc import Iterable
from hashlib import blake2s
from zlib import crc32

Pair = tuple[str, str | int | bytes]

ADDRESS = "Framed-IP-Address"
AT_LOGIN = frozenset(
    {
        "Service-Type",
        "Framed-Protocol",
        ADDRESS,
        "Framed-IP-Netmask",
        "Framed-Pool",
        "Framed-Route",
        "Framed-Interface-Id",
        "Framed-IPv6-Prefix",
        "Framed-IPv6-Address",
        "Framed-IPv6-Pool",
        "Framed-IPv6-Route",
        "Delegated-IPv6-Prefix",
        "Delegated-IPv6-Prefix-Pool",
        "Stateful-IPv6-Address-Pool",
        "Mikrotik-Delegated-IPv6-Pool",
    }
)
# Harmless to know late, and NASes refuse a whole CoA-Request for one attribute they do not expect in it.
_NOT_SENT = frozenset({"Acct-Interim-Interval"})


def changeable(pairs: Iterable[Pair]) -> list[Pair]:
    """What a CoA-Request carries of them."""
    return [pair for pair in pairs if pair[0] not in AT_LOGIN and pair[0] not in _NOT_SENT]


#: The last sign of a fingerprint. To be changed with the way replies are written (a test notices): sessions that were
#: given the former one are then taken as they are, and not all ended by an upgrade.
FORMAT = "2"


def fingerprint(pairs: Iterable[Pair]) -> str:
    """12 hex digits that say what a session was given, and FORMAT: equal for equal attributes, in every process.

    The first six are of what only a log-in gives; there addresses come in by exclusive or, so that the fingerprints
    of lines that differ in their address alone are made from one.
    """
    given = list(pairs)
    at_login = int(_digest(pair for pair in given if pair[0] in AT_LOGIN and pair[0] != ADDRESS), 16)
    for name, value in given:
        if name == ADDRESS:
            at_login ^= mixed(str(value))
    return f"{at_login:06x}" + _digest(pair for pair in given if pair[0] not in AT_LOGIN) + FORMAT


def mixed(address: str) -> int:
    """What an address, in dotted form, adds to a fingerprint: 24 bits."""
    return crc32(address.encode()) & 0xFFFFFF


def comparable(applied: str) -> bool:
    """Whether a session's fingerprint was made as they are made now; one of nobody's making was not."""
    return len(applied) == 13 and applied.endswith(FORMAT)


def needs_login(applied: str, wanted: str) -> bool:
    """Whether two fingerprints differ in what only a log-in gives."""
    return applied[:6] != wanted[:6]


def _digest(pairs: Iterable[Pair]) -> str:
    return blake2s(repr(list(pairs)).encode(), digest_size=3).hexdigest()
