"""The look-up: from an address or a device and a span of time to the sessions and lines that had it.

Nobody sees a customer by this without leaving a trace: `look_up` writes down who asked what, for when and why,
and in the access log of every customer it names, before it answers.
"""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_interface

from django.db.models import Q, QuerySet, Value
from django.db.models.lookups import Exact

from customers.models import Customer
from customers.protection import visits
from ispbilling.core import events
from ispbilling.core.clock import local_day, month_of
from ispbilling.core.models import User
from radius.accounts.models import DataAccount
from radius.usage.models import BareMac, Session

#: More than this many sessions are not one answer: the span has to be made shorter.
LIMIT = 500
#: Nobody's customer is given a shorter IPv6 prefix.
SHORTEST = 16


class NotAnAddress(ValueError):
    """What was typed is neither an IP address nor a MAC address."""


@dataclass(frozen=True, slots=True)
class Sought:
    """One address (of a prefix, its first) or one device as twelve hex digits."""

    address: IPv4Address | IPv6Address | None = None
    mac: str = ""

    def __str__(self) -> str:
        return ":".join(self.mac[n : n + 2] for n in range(0, 12, 2)) if self.mac else str(self.address)


@dataclass(frozen=True, slots=True)
class Found:
    """The answer: sessions, oldest first, at most LIMIT, and the lines to which the address is given for good."""

    sessions: list[Session]
    statics: list[DataAccount]
    more: bool


def read(text: str) -> Sought:
    """What somebody means by `196.0.2.7`, `2001:db8::1`, `2001:db8:5::/56`, `02-00-5e-00-00-01` or
    `0200.5e00.0001`.

    Raises NotAnAddress.
    """
    text = text.strip()
    bare = text.lower().translate(str.maketrans("", "", ":-. "))
    if len(bare) == 12 and "::" not in text and not bare.strip("0123456789abcdef") and not _is_ip(text):
        return Sought(mac=bare)
    try:
        address = ip_interface(text.strip("[]")).ip
    except ValueError:
        raise NotAnAddress(text) from None
    mapped = getattr(address, "ipv4_mapped", None)
    return Sought(mapped or address)


def _is_ip(text: str) -> bool:
    try:
        ip_interface(text)
    except ValueError:
        return False
    return True


def look_up(
    sought: Sought,
    since: datetime,
    until: datetime,
    reason: str,
    now: datetime,
    *,
    actor: User,
    taken_out: bool = False,
) -> Found:
    """Who had it at any moment from `since` to `until`; recorded with its `reason` before it is answered."""
    rows = list(sessions(sought, since, until)[: LIMIT + 1])
    found = Found(rows[:LIMIT], list(statics(sought)), len(rows) > LIMIT)
    events.record(
        "sessions.traced",
        actor,
        actor=actor,
        at=now,
        sought=str(sought),
        since=since.isoformat(),
        until=until.isoformat(),
        reason=reason,
        sessions=len(found.sessions),
        statics=len(found.statics),
        taken_out=taken_out or None,
    )
    named = [one.data_account.customer_id for one in found.sessions if one.data_account is not None]
    named += [account.customer_id for account in found.statics]
    for customer in Customer.objects.filter(pk__in=named):
        visits.note(customer, actor, now)
    return found


def sessions(sought: Sought, since: datetime, until: datetime) -> QuerySet[Session]:
    """Sessions that had it and overlap the span; only the months since its begin are read, each by an index."""
    rows = Session.objects.filter(
        Q(stopped_at__isnull=True) | Q(stopped_at__gte=since),
        month__gte=month_of(local_day(since)).start,
        started_at__lte=until,
    )
    return (
        rows.filter(_having(sought))
        .select_related("nas", "data_account__customer", "data_account__package")
        .order_by("started_at", "pk")
    )


def _having(sought: Sought) -> Q:
    if sought.address is None:
        return Q(Exact(BareMac("calling_station_id"), Value(sought.mac)))
    if isinstance(sought.address, IPv4Address):
        return Q(framed_ip=str(sought.address))
    around = _around(sought.address)
    return (
        Q(framed_ipv6_prefix__in=around)
        | Q(delegated_ipv6_prefix__in=around)
        | Q(framed_ip=str(sought.address))
    )


def statics(sought: Sought) -> QuerySet[DataAccount]:
    """Lines that are always given this address, or locked to this device; as it is now."""
    rows = DataAccount.objects.select_related("customer", "package").order_by("username")
    if sought.address is None:
        return rows.annotate(bare=BareMac("mac_lock")).filter(bare=sought.mac)
    if isinstance(sought.address, IPv4Address):
        return rows.filter(framed_ip=str(sought.address))
    around = _around(sought.address)
    return rows.filter(Q(framed_ipv6_prefix__in=around) | Q(delegated_ipv6_prefix__in=around))


def _around(address: IPv6Address) -> list[str]:
    """Every prefix that holds the address, as both tables write it."""
    return [str(IPv6Network((address, length), strict=False)) for length in range(SHORTEST, 129)]
