"""Whether an attribute may be added to replies, and what to do instead. Pure."""

from collections.abc import Iterable

from radius.wire import attributes as wire
from radius.wire.errors import WireError

#: Octets that the attributes of one service or data account may take of a reply's 4096 (RFC 2865 section 3).
MOST_OCTETS = 1500

_OURS = "The server writes it into every reply itself; leave it out."
_ASKED = "A NAS says it in its requests; it means nothing in a reply."
_REFUSED = {
    "Message-Authenticator": "It is the signature of the reply; the server writes it itself.",
    "Class": "The server uses it to know what a session was given; leave it out.",
    "Proxy-State": "Proxies use it to find their way back; the server echoes it itself.",
    "State": "It belongs to challenges, which an Accept ends; leave it out.",
    "Framed-IP-Address": "Write the address as Static IPv4 of the data account: there it is unique.",
    "Framed-IPv6-Prefix": "Write the prefix as static IPv6 prefix of the data account: there it is unique.",
    "Delegated-IPv6-Prefix": "Write it as delegated IPv6 prefix of the data account: there it is unique.",
    "Session-Timeout": "Set it on the package; the server shortens it to what ends the session first.",
    "Acct-Interim-Interval": "Set Accounting Updates on the package.",
    "Service-Type": "Lines are Framed-User; another value could open the router itself to the line.",
    "Mikrotik-Group": "It gives rights on the router itself; leave it out.",
    "Reply-Message": "The server writes it into rejects; routers show it to nobody in an Accept.",
}
_REFUSED_PREFIXES = {
    "MS-MPPE-": _OURS + " Its keys come from the password.",
    "MS-CHAP": _OURS,
    "EAP-": "EAP is not answered here; leave it out.",
    "Acct-": _ASKED,
    "NAS-": _ASKED,
    "User-": _ASKED,
    "CHAP-": _ASKED,
    "ARAP-": "AppleTalk is not served here; leave it out.",
}
_ASKED_NAMES = frozenset({"Called-Station-Id", "Calling-Station-Id", "Event-Timestamp", "Connect-Info"})


def names() -> list[str]:
    """The names one may choose from, for the field that completes them."""
    return [name for name in wire.names() if not refused_name(name)]


def refused_name(name: str) -> str:
    """Why an attribute of this name is refused and what to do; empty when it may be added."""
    if name in _REFUSED:
        return _REFUSED[name]
    if name in _ASKED_NAMES:
        return _ASKED
    return next((said for prefix, said in _REFUSED_PREFIXES.items() if name.startswith(prefix)), "")


def refused_value(name: str, value: str) -> str:
    """Why the value cannot be sent, as a sentence; empty when it can."""
    if name == "Cisco-AVPair" and value.strip().lower().startswith("shell:"):
        return "It gives rights on the router itself; leave it out."
    try:
        wire.encode([(name, value)])
    except WireError:
        return f"{name} takes {wire.takes(name)}."
    return ""


def octets(pairs: Iterable[tuple[str, str]]) -> int:
    """How much of a reply they take."""
    return len(wire.encode(pairs))
