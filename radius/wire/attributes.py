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
    """The attributes this system names, from the file beside this module."""
    return Dictionary(str(Path(__file__).with_name("dictionary")))


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
