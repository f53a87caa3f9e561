"""Finding sessions among millions: by the lines whose they are, which have an index, not by the name on each.

A session keeps the username it came with; the line it belongs to may have been renamed since, and is found by
either name.
"""

from typing import Any

from django.db.models import Q, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from radius.accounts.models import DataAccount
from radius.history.models import FactHistory
from radius.policy.gates import bare_mac
from radius.usage.models import BareMac

#: A word that more usernames contain than this is found in the sessions themselves: the first of them will do.
LINES = 500
_MAC = 12


def of_username(username: str) -> Q:
    """Sessions of the line that has this username or had it, and of nobody's with that name; any case."""
    had = FactHistory.objects.alias(name=Lower(KT("row__username")))
    had = had.filter(origin=DataAccount._meta.db_table, name=username.lower())
    lines = {*DataAccount.objects.filter(username__iexact=username).values_list("pk", flat=True)}
    lines |= {*had.values_list("row_id", flat=True)}
    return Q(data_account__in=lines) | Q(data_account__isnull=True, username__iexact=username)


def matching(word: str) -> Q:
    """Sessions of the device with this MAC address, or of lines whose usernames contain the word."""
    mac = bare_mac(word)
    if len(mac) == _MAC and not mac.strip("0123456789abcdef"):
        return Q(Exact(BareMac("calling_station_id"), Value(mac)))
    named: Any = DataAccount.objects.filter(username__icontains=word).order_by()
    lines = list(named.values_list("pk", flat=True)[: LINES + 1])
    if len(lines) > LINES:
        return Q(username__icontains=word)
    return Q(data_account__in=lines) | Q(data_account__isnull=True, username__icontains=word)
