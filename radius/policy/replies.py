"""What the NAS is told: the attributes of an Access-Accept, by name, and of an Access-Reject.

A speed is told in the form the NAS understands (`Nas.kind`). Zero means zero; where a NAS reads 0 as
unlimited it is told the least it can enforce.
"""

from collections.abc import Callable, Iterable

from radius.policy.changing import fingerprint
from radius.policy.codes import message
from radius.policy.decision import Decision
from radius.policy.degrading import GARDEN, Action
from radius.policy.subscriber import Subscriber

Value = str | int | bytes
Pairs = list[tuple[str, Value]]

#: Class of ours (RFC 2865 section 5.25) starts with this; the fingerprint follows.
CLASS_PREFIX = b"isp:"
# The least IOS's rate-limit takes, in bit/s.
_CISCO_LEAST = 8000
# The most it takes as normal burst, in octets.
_CISCO_MOST_BURST = 512_000_000
_HIGHEST = 0xFFFFFFFF


def attributes(subscriber: Subscriber, decision: Decision, kind: str) -> Pairs:
    """Everything an Access-Accept tells a NAS of that kind, but Session-Timeout and Class.

    Raises KeyError for a kind that is not `NasKind`'s.
    """
    service = decision.once_capped or subscriber.terms
    pairs: Pairs = [
        ("Service-Type", "Framed-User"),
        ("Framed-Protocol", "PPP"),
        *RATES[kind](service.down_kbps, service.up_kbps),
        ("Acct-Interim-Interval", subscriber.terms.interim_interval),
        *_addresses(subscriber, kind),
    ]
    pairs = _instead(_instead(pairs, service.attributes), subscriber.attributes)
    if decision.degraded is not None:
        if decision.degraded.pool:
            pairs = [pair for pair in pairs if pair[0] not in _ADDRESS]
        if decision.degraded.kind == GARDEN:
            # Its walls are an IPv4 address list or pool: beside them IPv6 would stay open.
            pairs = [pair for pair in pairs if "IPv6" not in pair[0] and pair[0] != "Framed-Route"]
        pairs = _instead(pairs, degraded(decision.degraded, kind))
    return pairs


_ADDRESS = frozenset({"Framed-IP-Address", "Framed-Pool"})


def degraded(action: Action, kind: str) -> Pairs:
    """What a line is told instead of a reject (W-16); it wins over everything else of the name.

    RouterOS puts the line's address on an address list. IOS takes a Filter-Id as the name of an access list
    with its direction, others as the name of whatever filter they have (RFC 2865 section 5.11).
    """
    pairs: Pairs = []
    if action.down_kbps is not None and action.up_kbps is not None:
        pairs += RATES[kind](action.down_kbps, action.up_kbps)
    if action.address_list:
        if kind == "mikrotik":
            pairs.append(("Mikrotik-Address-List", action.address_list))
        else:
            pairs.append(
                ("Filter-Id", f"{action.address_list}.in" if kind == "cisco" else action.address_list)
            )
    if action.pool:
        pairs.append(("Framed-Pool", action.pool))
    if action.redirect_url and kind == "wispr":
        pairs.append(("WISPr-Redirection-URL", action.redirect_url))
    return pairs


def _instead(pairs: Pairs, others: Iterable[tuple[str, Value]]) -> Pairs:
    """The pairs, with all of a name replaced by the others of that name."""
    others = list(others)
    names = set(map(_name, others))
    return [*(pair for pair in pairs if _name(pair) not in names), *others] if others else pairs


def _name(pair: tuple[str, Value]) -> str:
    """What an attribute is about: a Cisco-AVPair has a name within, before its number and its value."""
    name, value = pair
    return f"{name} {str(value).partition('=')[0].partition('#')[0]}" if name == "Cisco-AVPair" else name


def marked(pairs: Pairs) -> Pairs:
    """The attributes with their Class, which the NAS sends back in accounting (RFC 2865 section 5.25)."""
    return [*pairs, ("Class", CLASS_PREFIX + fingerprint(pairs).encode())]


def _addresses(subscriber: Subscriber, kind: str) -> Pairs:
    """Its static addresses, or the pools of its package that they are drawn from.

    Framed-IPv6-Prefix goes onto the link itself (RFC 3162), Delegated-IPv6-Prefix to the router behind it
    (RFC 4818). RouterOS knows the pool of the latter by its own attribute only, others by RFC 6911's.
    """
    terms = subscriber.terms
    pairs: Pairs = []
    if subscriber.framed_ip:
        pairs.append(("Framed-IP-Address", subscriber.framed_ip))
    elif terms.framed_pool:
        pairs.append(("Framed-Pool", terms.framed_pool))
    if subscriber.framed_ipv6_prefix:
        pairs.append(("Framed-IPv6-Prefix", subscriber.framed_ipv6_prefix))
    elif terms.framed_ipv6_pool:
        pairs.append(("Framed-IPv6-Pool", terms.framed_ipv6_pool))
    if subscriber.delegated_ipv6_prefix:
        pairs.append(("Delegated-IPv6-Prefix", subscriber.delegated_ipv6_prefix))
    elif terms.delegated_ipv6_pool:
        name = "Mikrotik-Delegated-IPv6-Pool" if kind == "mikrotik" else "Delegated-IPv6-Prefix-Pool"
        pairs.append((name, terms.delegated_ipv6_pool))
    return pairs


def mikrotik(down_kbps: int, up_kbps: int) -> Pairs:
    """Receive/transmit as the router sees it, so upload first; RouterOS reads 0 as unlimited."""
    return [("Mikrotik-Rate-Limit", f"{_routeros(up_kbps)}/{_routeros(down_kbps)}")]


def _routeros(kbps: int) -> str:
    if kbps == 0:
        return "1"
    return f"{kbps // 1000}M" if kbps % 1000 == 0 else f"{kbps}k"


def cisco(down_kbps: int, up_kbps: int) -> Pairs:
    """Two `rate-limit` lines for the subscriber's virtual-access interface.

    The other form, sub-qos-policy-in/-out, names a policy map that must exist on every router before a
    service with that speed can be sold; this one carries the speed itself. Bursts are those Cisco recommends:
    1.5 s at the rate, and twice that.
    """
    return [
        ("Cisco-AVPair", f"lcp:interface-config#1=rate-limit input {_cisco(up_kbps)}"),
        ("Cisco-AVPair", f"lcp:interface-config#2=rate-limit output {_cisco(down_kbps)}"),
    ]


def _cisco(kbps: int) -> str:
    rate = max(kbps * 1000, _CISCO_LEAST)
    burst = min(rate * 3 // 16, _CISCO_MOST_BURST)
    return f"{rate} {burst} {2 * burst} conform-action transmit exceed-action drop"


def wispr(down_kbps: int, up_kbps: int) -> Pairs:
    """bit/s, each direction by its name; gateways read 0 as unlimited."""
    return [("WISPr-Bandwidth-Max-Up", _bits(up_kbps)), ("WISPr-Bandwidth-Max-Down", _bits(down_kbps))]


def generic(down_kbps: int, up_kbps: int) -> Pairs:
    """bit/s as Ascend named them: the NAS transmits what the subscriber downloads."""
    return [("Ascend-Data-Rate", _bits(up_kbps)), ("Ascend-Xmit-Rate", _bits(down_kbps))]


def _bits(kbps: int) -> int:
    """bit/s in the 32 bits these attributes have: 4.29 Gbit/s is the most they can say."""
    return min(max(kbps * 1000, 1), _HIGHEST)


RATES: dict[str, Callable[[int, int], Pairs]] = {
    "mikrotik": mikrotik,
    "cisco": cisco,
    "wispr": wispr,
    "generic": generic,
}


def session_seconds(session_timeout: int, left: float | None) -> int:
    """Session-Timeout in seconds, 0 for none: the package's, cut to what is left until the decision lapses.

    So the NAS itself ends a session at a last day of service, even if nobody can reach it then.
    """
    if left is None:
        return session_timeout
    bound = max(1, min(int(left), 0x7FFFFFFF))
    return min(session_timeout, bound) if session_timeout else bound


def reject(code: str) -> Pairs:
    """Attributes of an Access-Reject."""
    return [("Reply-Message", message(code))]
