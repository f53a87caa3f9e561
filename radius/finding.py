"""What the global search finds here: data accounts, NASes, and the session behind an address."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

from django.db.models import Q

from ispbilling.search import Hit, Source
from radius.accounts.models import DataAccount
from radius.nas.models import Nas
from radius.usage.models import Session


def _accounts(text: str, user: Any, limit: int) -> Iterator[Hit]:
    rows = DataAccount.objects.visible_to(user).filter(username__icontains=text)
    for account in rows.select_related("customer", "package")[:limit]:
        words = f"{account.customer} · {account.package}"
        yield Hit(account.username, account.get_absolute_url(), words, off=account.blocked)


def _nases(text: str, user: Any, limit: int) -> Iterator[Hit]:
    rows = Nas.objects.visible_to(user).filter(Q(name__icontains=text) | Q(address__icontains=text))
    for nas in rows[:limit]:
        yield Hit(nas.name, nas.get_absolute_url(), nas.address, off=not nas.enabled)


def _sessions(text: str, user: Any, limit: int) -> Iterator[Hit]:
    """The open session that has the address; anything but a whole address finds none."""
    try:
        address = str(ip_address(text))
    except ValueError:
        return
    for session in Session.objects.open().filter(framed_ip=address)[:limit]:
        yield Hit(session.username, session.get_absolute_url(), f"online from {address}")


SOURCES = (
    Source("data_accounts", "Data Accounts", "radius.accounts.view", _accounts, "plug-connected", 20),
    Source("sessions", "Active Sessions", "radius.sessions.view", _sessions, "activity", 30),
    Source("nas", "NAS", "radius.nas.view", _nases, "router", 40),
)
