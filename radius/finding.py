"""What the global search finds here: data accounts (also by their own addresses), NASes, and where to look up who
else has an address.
"""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

from django.db.models import Q
from django.urls import reverse

from ispbilling.search import Hit, Source
from radius.accounts.models import DataAccount
from radius.nas.models import Nas


def _accounts(text: str, user: Any, limit: int) -> Iterator[Hit]:
    where = Q(username__icontains=text)
    if address := _address(text):
        where |= Q(framed_ip=address)
    rows = DataAccount.objects.visible_to(user).filter(where)
    for account in rows.select_related("customer", "package")[:limit]:
        words = f"{account.customer} · {account.package}"
        yield Hit(account.username, account.get_absolute_url(), words, off=account.blocked)


def _nases(text: str, user: Any, limit: int) -> Iterator[Hit]:
    rows = Nas.objects.visible_to(user).filter(Q(name__icontains=text) | Q(address__icontains=text))
    for nas in rows[:limit]:
        yield Hit(nas.name, nas.get_absolute_url(), nas.address or "RadSec", off=not nas.enabled)


def _look_up(text: str, user: Any, limit: int) -> Iterator[Hit]:
    """The page that tells who has or had an address, once it knows what for."""
    if address := _address(text):
        yield Hit(f"Who has {address}?", reverse("radius:ip_lookup"), "asks what for, and records it")


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        return None


SOURCES = (
    Source("data_accounts", "Data Accounts", "radius.accounts.view", _accounts, "plug-connected", 20),
    Source("ip_lookup", "IP Lookup", "radius.sessions.trace", _look_up, "user-search", 30),
    Source("nas", "NAS", "radius.nas.view", _nases, "router", 40),
)
