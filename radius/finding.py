"""What the global search finds here: data accounts, NASes, and who has an address, now or always."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

from django.db.models import Q

from ispbilling.search import Hit, Source
from radius.accounts.models import DataAccount
from radius.nas.models import Nas
from radius.usage.models import Session


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


def _sessions(text: str, user: Any, limit: int) -> Iterator[Hit]:
    """The open session that has the address; anything but a whole address finds none."""
    address = _address(text)
    if not address:
        return
    found = Session.objects.open().filter(framed_ip=address).select_related("data_account__customer")
    for session in found[:limit]:
        who = f"{session.data_account.customer}, " if session.data_account else ""
        yield Hit(session.username, session.get_absolute_url(), f"{who}online from {address}")


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        return None


SOURCES = (
    Source("data_accounts", "Data Accounts", "radius.accounts.view", _accounts, "plug-connected", 20),
    Source("sessions", "Active Sessions", "radius.sessions.view", _sessions, "activity", 30),
    Source("nas", "NAS", "radius.nas.view", _nases, "router", 40),
)
