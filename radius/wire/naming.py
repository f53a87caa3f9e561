"""What a NAS was told, by name: read back from the octets that were sent, without anything secret."""

from functools import lru_cache

from pyrad.tools import DecodeAttr

from radius.wire.attributes import dictionary

Named = tuple[tuple[str, str], ...]

SESSION_TIMEOUT = 27
_VENDOR_SPECIFIC = 26
#: Never kept: keys, and proofs that are made with a password.
SECRET = frozenset({
    "MS-MPPE-Send-Key", "MS-MPPE-Recv-Key", "MS-CHAP-MPPE-Keys", "MS-CHAP2-Success", "MS-CHAP-Error",
    "Message-Authenticator", "Tunnel-Password", "User-Password", "CHAP-Password", "State", "Proxy-State",
    "Mikrotik-Wireless-PSK", "Mikrotik-Wireless-Enc-Key", "ERX-Tunnel-Password",
})  # fmt: skip


@lru_cache(maxsize=4096)
def named(octets: bytes) -> tuple[Named, int | None]:
    """The attributes in the order they were sent, and Session-Timeout, which differs from login to login.

    An attribute that no dictionary of ours names keeps its number and its octets in hex.
    """
    pairs: list[tuple[str, str]] = []
    timeout = None
    while len(octets) > 2:
        kind, length = octets[0], max(octets[1], 2)
        value, octets = octets[2:length], octets[length:]
        if kind == SESSION_TIMEOUT:
            timeout = int.from_bytes(value, "big")
        elif kind != _VENDOR_SPECIFIC:
            pairs.append(_one(kind, value))
        else:
            vendor, value = int.from_bytes(value[:4], "big"), value[4:]
            while len(value) > 2:
                end = max(value[1], 2)
                pairs.append(_one((vendor, value[0]), value[2:end]))
                value = value[end:]
    return tuple(pair for pair in pairs if pair[0] not in SECRET), timeout


def _one(key: int | tuple[int, int], value: bytes) -> tuple[str, str]:
    if not dictionary().attrindex.HasBackward(key):
        number = str(key) if isinstance(key, int) else f"{key[0]}:{key[1]}"
        return f"Attribute {number}", value.hex()
    name = dictionary().attrindex.GetBackward(key)
    attribute = dictionary().attributes[name]
    try:
        read = DecodeAttr(attribute.type, value)
    except (ValueError, TypeError, IndexError):
        return name, value.hex()
    if attribute.values.HasBackward(read):
        read = attribute.values.GetBackward(read)
    if isinstance(read, bytes):
        read = read.decode() if read.isascii() and read.decode().isprintable() else read.hex()
    return name, str(read)
