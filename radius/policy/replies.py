"""What the NAS is told: the attributes of an Access-Accept, by name, and of an Access-Reject."""

from radius.policy.codes import message
from radius.policy.subscriber import Subscriber, Terms

Pairs = list[tuple[str, str | int]]


def rate_limit(terms: Terms) -> str:
    """Mikrotik-Rate-Limit: receive/transmit as the router sees it, so upload first.

    Zero means zero; RouterOS reads 0 as unlimited, so one bit per second is the nearest it can be told.
    """
    return f"{_speed(terms.up_kbps)}/{_speed(terms.down_kbps)}"


def _speed(kbps: int) -> str:
    if kbps == 0:
        return "1"
    return f"{kbps // 1000}M" if kbps % 1000 == 0 else f"{kbps}k"


def shared(terms: Terms) -> Pairs:
    """Attributes every line on the package gets; Session-Timeout is added when the reply leaves."""
    return [
        ("Service-Type", "Framed-User"),
        ("Framed-Protocol", "PPP"),
        ("Mikrotik-Rate-Limit", rate_limit(terms)),
        ("Acct-Interim-Interval", terms.interim_interval),
    ]


def own(subscriber: Subscriber) -> Pairs:
    """Attributes of this line alone: its static address or its package's pool, and its IPv6 prefix.

    A /64 goes onto the link itself (RFC 3162); a shorter prefix can only be delegated (RFC 4818).
    """
    pairs: Pairs = []
    if subscriber.framed_ip:
        pairs.append(("Framed-IP-Address", subscriber.framed_ip))
    elif subscriber.terms.framed_pool:
        pairs.append(("Framed-Pool", subscriber.terms.framed_pool))
    if subscriber.framed_ipv6_prefix:
        on_link = subscriber.framed_ipv6_prefix.endswith("/64")
        name = "Framed-IPv6-Prefix" if on_link else "Delegated-IPv6-Prefix"
        pairs.append((name, subscriber.framed_ipv6_prefix))
    return pairs


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
