"""A line as it was at an instant, or as it would be with a change.

Design Overview: `radius.subscribers` reads lines with SQL on tables. Here the same SQL runs on other rows: each table
that decides is shadowed by a common table expression of its name, in which rows are what they were (`FactHistory`) and
what is supposed of them. What a gate comes to need tomorrow is thereby known for the past too, and no question is
ever answered by a second reading that could differ from the server's.

The password is neither in the history nor supposed: whoever asks says whether it was right.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import connection

from ispbilling.core.clock import local_day
from radius import subscribers
from radius.accounts.meaning import accounts, rule
from radius.accounts.models import DataAccount
from radius.history.models import FactHistory
from radius.policy.subscriber import Subscriber
from radius.wire.usernames import Usernames

Columns = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """What is supposed: columns of the rows that decide about the line, and closed gates that are thought open."""

    account: Columns = field(default_factory=dict)
    customer: Columns = field(default_factory=dict)
    group: Columns = field(default_factory=dict)
    service: Columns = field(default_factory=dict)
    opened: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.account or self.customer or self.group or self.service or self.opened)


NOTHING = Change()


def known_since() -> datetime | None:
    """The instant before which changes were not kept."""
    return FactHistory.objects.filter(origin="").values_list("at", flat=True).first()


def find(
    username: str, now: datetime, past: datetime | None = None, change: Change = NOTHING
) -> Subscriber | None:
    """The line that the User-Name meant at `past`, or means; decided about at `now`."""
    account_id = _account(username, past)
    return None if account_id is None else line(account_id, now, past, change)


def line(
    account_id: int, now: datetime, past: datetime | None = None, change: Change = NOTHING
) -> Subscriber | None:
    """The line as it was at `past` (None: as it is) with the change; None where there was none."""
    with connection.cursor() as cursor:
        supposed = _Supposed(cursor, account_id, past, change)
        stored = next(subscribers.read(supposed, now, "account", [account_id], secrets=past is None), None)
    if stored is None:
        return None
    found = stored.subscriber()
    return replace(found, closures=tuple(one for one in found.closures if one.kind not in change.opened))


def _account(username: str, past: datetime | None) -> int | None:
    usernames = rule()
    if past is None:
        with connection.cursor() as cursor:
            return accounts(cursor, usernames, [username]).get(username)
    found = (_named(usernames, key, past) for key in usernames.keys(username))  # noqa: SIM118 - not a dict
    return next((pk for pk in found if pk is not None), None)


def _named(usernames: Usernames, key: str, past: datetime) -> int | None:
    rows = DataAccount.objects.all()
    changed = FactHistory.objects.filter(origin="radius_dataaccount", at__gt=past)
    named = changed.filter(row__username__iexact=key).values_list("row_id", flat=True)
    alive = rows.filter(created_at__lte=past)
    for pk in {*named, *alive.filter(username__iexact=key).values_list("pk", flat=True)}:
        then = changed.filter(row_id=pk).order_by("at", "id").values_list("row", flat=True).first()
        name = then["username"] if then else rows.values_list("username", flat=True).get(pk=pk)
        if usernames.key(name) == key and alive.filter(pk=pk).exists():
            return pk
    return None


class _Supposed:
    """A cursor for which the rows that decide about one line are other ones."""

    def __init__(self, cursor: Any, account_id: int, past: datetime | None, change: Change) -> None:
        self._cursor = cursor
        self._parameters = {
            "supposed_line": account_id,
            "supposed_past": past,
            "supposed_day": None if past is None else local_day(past),
            "supposed_account": json.dumps(dict(change.account), default=str),
            "supposed_customer": json.dumps(dict(change.customer), default=str),
            "supposed_group": json.dumps(dict(change.group), default=str),
            "supposed_service": json.dumps(dict(change.service), default=str),
        }

    def execute(self, sql: str, params: Any = None) -> Any:
        return self._cursor.execute(_SHADOWS + sql, {**(params or {}), **self._parameters})

    def fetchall(self) -> Sequence[Sequence[Any]]:
        rows: Sequence[Sequence[Any]] = self._cursor.fetchall()
        return rows


_SHADOW = """
{table} AS (
    SELECT shadow.* FROM public.{table} live
    LEFT JOIN LATERAL (
        SELECT row FROM public.radius_facthistory
        WHERE origin = '{table}' AND row_id = live.id AND at > %(supposed_past)s::timestamptz
        ORDER BY at, id LIMIT 1
    ) past ON true
    CROSS JOIN LATERAL jsonb_populate_record(live, coalesce(past.row, '{{}}') || {supposed}::jsonb) shadow
    WHERE live.id IN ({which})
)"""


def _shadow(table: str, which: str, supposed: str = "'{}'") -> str:
    """The rows of a table as they were, with what is supposed of them; `which` keeps it to those that matter."""
    return _SHADOW.format(table=table, which=which, supposed=supposed)


# Rows that come and go: what was there then, from the live ones and those that are gone.
_COMING_AND_GOING = """
{table} AS (
    SELECT shadow.* FROM (
        SELECT DISTINCT ON (row_id) row_id, row FROM public.radius_facthistory
        WHERE origin = '{table}' AND at > %(supposed_past)s::timestamptz
        ORDER BY row_id, at, id
    ) past
    FULL JOIN public.{table} live ON live.id = past.row_id
    CROSS JOIN LATERAL jsonb_populate_record(live, coalesce(past.row, '{{}}')) shadow
    WHERE past.row_id IS NULL OR past.row IS NOT NULL
)"""

# Package changes as they stood then; one that was made later was not there.
_CHANGES = """
radius_packagechange AS (
    SELECT shadow.* FROM public.radius_packagechange live
    LEFT JOIN LATERAL (
        SELECT true AS known, row FROM public.radius_facthistory
        WHERE origin = 'radius_packagechange' AND row_id = live.id AND at > %(supposed_past)s::timestamptz
        ORDER BY at, id LIMIT 1
    ) past ON true
    CROSS JOIN LATERAL jsonb_populate_record(live, coalesce(past.row, '{}')) shadow
    WHERE live.data_account_id = %(supposed_line)s AND (past.known IS NULL OR past.row IS NOT NULL)
)"""

# What was used by then, to the day.
_USED = """
radius_usageday AS (
    SELECT * FROM public.radius_usageday
    WHERE data_account_id = %(supposed_line)s
      AND (%(supposed_day)s::date IS NULL OR day <= %(supposed_day)s::date)
)"""

# What was left then: a meter is remembered by its line, whenever data ended or began.
_METER = """
radius_meter AS (
    SELECT (jsonb_populate_record(NULL::public.radius_meter, coalesce(past.row, to_jsonb(live)))).*
    FROM (SELECT %(supposed_line)s::bigint AS id) one
    LEFT JOIN public.radius_meter live ON live.data_account_id = one.id
    LEFT JOIN LATERAL (
        SELECT row_id, row FROM public.radius_facthistory
        WHERE origin = 'radius_meter' AND row_id = one.id AND at > %(supposed_past)s::timestamptz
        ORDER BY at, id LIMIT 1
    ) past ON true
    WHERE past.row IS NOT NULL OR (past.row_id IS NULL AND live.data_account_id IS NOT NULL)
)"""
# What is supposed of the service is of the package's own, and not of the one once capped.
_SERVICE = (
    "CASE WHEN live.id IN (SELECT service_id FROM radius_package) THEN %(supposed_service)s ELSE '{}' END"
)

# In the order in which each leads to the next; what no query reads is not computed.
_SHADOWS = "WITH " + ",".join([  # noqa: S608 - names and fragments from this module
    _shadow("radius_dataaccount", "%(supposed_line)s", "%(supposed_account)s"),
    _shadow("customers_customer", "SELECT customer_id FROM radius_dataaccount", "%(supposed_customer)s"),
    _shadow("groups_customergroup", "SELECT group_id FROM customers_customer", "%(supposed_group)s"),
    _CHANGES,
    _shadow(
        "radius_package",
        "SELECT package_id FROM radius_dataaccount UNION SELECT to_package_id FROM radius_packagechange",
    ),
    _shadow(
        "radius_service",
        "SELECT unnest(ARRAY[service_id, service_once_capped_id]) FROM radius_package",
        f"({_SERVICE})",
    ),
    _COMING_AND_GOING.format(table="radius_replyattribute"),
    _COMING_AND_GOING.format(table="radius_accessaction"),
    _USED,
    _METER,
])  # fmt: skip
