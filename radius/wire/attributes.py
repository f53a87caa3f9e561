"""Named attributes to octets, once per package or subscriber, never per packet; pyrad and its dictionary do
the work.
"""

import struct
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from netaddr import AddrFormatError  # type: ignore[import-untyped]
from pyrad.dictionary import Dictionary
from pyrad.packet import Packet, PacketError

from radius.wire.errors import WireError

Value = str | int | bytes


@cache
def dictionary() -> Dictionary:
    """The attributes this system names, and those a provider may add, from the files beside this module."""
    here = Path(__file__)
    return Dictionary(str(here.with_name("dictionary")), str(here.with_name("dictionary.vendors")))


@cache
def names() -> tuple[str, ...]:
    """All names, in the order of the alphabet."""
    return tuple(sorted(_by_lower().values()))


def known(name: str) -> str | None:
    """The name as the dictionaries write it, whatever its case; None when no dictionary has it."""
    return _by_lower().get(name.lower())


@cache
def _by_lower() -> dict[str, str]:
    return {name.lower(): name for name in dictionary().attributes}


_TAKES = {
    "integer": "a whole number from 0 to 4294967295",
    "ipaddr": "an IPv4 address",
    "ipv6addr": "an IPv6 address",
    "ipv6prefix": "an IPv6 prefix such as 2001:db8::/64",
    "octets": "octets, written 0x and hexadecimal digits, or text",
    "string": "text, of 253 octets at most (247 for a vendor's attribute)",
    "date": "a moment in seconds since 1970",
}


def takes(name: str) -> str:
    """What values an attribute has, in words. Raises KeyError for an unknown name."""
    attribute = dictionary().attributes[name]
    words = _TAKES.get(attribute.type, f"a value of the type {attribute.type}")
    named = sorted(attribute.values.forward) if attribute.type == "integer" else []
    return f"{words}, or {', '.join(named[:12])}" if named else words


def encode(pairs: Iterable[tuple[str, Value]]) -> bytes:
    """Encode (name, value) pairs in order; raises WireError for an unknown name or a value that cannot be
    sent.

    Integers, dotted addresses, prefixes and text are given as Python writes them; `octets` attributes as
    bytes.
    """
    encoded = b""
    for name, value in pairs:
        encoded += _encode_one(name, value)
    return encoded


_UNENCODABLE = (
    KeyError,
    ValueError,
    TypeError,
    OverflowError,
    struct.error,
    AddrFormatError,
    PacketError,
)


def _encode_one(name: str, value: Value) -> bytes:
    packet = Packet(code=2, id=0, secret=b"-", authenticator=bytes(16), dict=dictionary())
    try:
        packet.AddAttribute(name, value)
        encoded: bytes = packet._PktEncodeAttributes()
    except _UNENCODABLE as error:
        raise WireError(f"{name} cannot carry this value: {error}", "attribute") from None
    if len(encoded) > 255:
        raise WireError(f"{name} is longer than an attribute may be", "attribute")
    return encoded
