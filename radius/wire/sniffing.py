"""What can be told from a genuine datagram besides its meaning: looked at now and then, outside the reply path."""

from radius.wire.attributes import dictionary
from radius.wire.codec import attributes, trim
from radius.wire.errors import WireError

# Types that IANA has not assigned or keeps for experiments and private use (RFC 3575, RFC 6929).
_UNASSIGNED = frozenset({17, 21, 54, 93, *range(192, 241)})
# Class (RFC 2865 section 5.25) as we send it in every Access-Accept.
_CLASS, OURS = 25, b"isp:"


def unknown_attributes(data: bytes) -> list[str]:
    """The attributes of a datagram that no dictionary of ours names, as `200` or `Mikrotik/99` or `25506/140`."""
    found: dict[str, None] = {}
    for kind, value in _attributes(data):
        if kind == 26:
            if len(value) >= 5:
                name = _unknown_vendor(int.from_bytes(value[:4], "big"), value[4])
                if name:
                    found[name] = None
        elif kind in _UNASSIGNED and not dictionary().attrindex.HasBackward(kind):
            found[str(kind)] = None
    return list(found)


def _unknown_vendor(vendor: int, kind: int) -> str:
    names = dictionary()
    if names.attrindex.HasBackward((vendor, kind)):
        return ""
    word = names.vendors.GetBackward(vendor) if names.vendors.HasBackward(vendor) else vendor
    return f"{word}/{kind}"


def class_echoed(data: bytes) -> bool:
    """Whether an Accounting-Request carries the Class that we gave with the Accept."""
    return any(kind == _CLASS and value.startswith(OURS) for kind, value in _attributes(data))


def _attributes(data: bytes) -> list[tuple[int, bytes]]:
    """All attributes in order, also those that occur several times; none of what cannot be read."""
    try:
        data = trim(data)
        attributes(data)  # the lengths are right
    except WireError:
        return []
    found, offset = [], 20
    while offset < len(data):
        end = offset + data[offset + 1]
        found.append((data[offset], data[offset + 2 : end]))
        offset = end
    return found
