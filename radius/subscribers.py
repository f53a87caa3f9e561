"""Subscribers as the policy wants them, read by one query; pages and the server's snapshot share it."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Protocol

import structlog
from django.db import connection

from ispbilling.core.clock import day_end, day_start
from ispbilling.core.secrets import SecretError, decrypt
from radius.policy.subscriber import Closure, Subscriber, Terms

log = structlog.get_logger(__name__)

# What a set of rows can be asked for by; the names are those of the NOTIFY payloads.
_WHERE = {
    "account": "a.id = ANY(%(ids)s)",
    "customer": "a.customer_id = ANY(%(ids)s)",
    "group": "c.group_id = ANY(%(ids)s)",
    "package": "a.package_id = ANY(%(ids)s)",
    "service": "p.service_id = ANY(%(ids)s)",
    "username": "lower(a.username) = ANY(%(ids)s)",
}
SCOPES = frozenset(_WHERE)

_QUERY = """
SELECT a.id, a.username, a.customer_id, c.code, g.id, g.title, g.enabled, closed.gates, a.blocked,
       a.blocked_reason, a.starts_on, a.ends_on, host(a.framed_ip), a.framed_ipv6_prefix, a.mac_lock, a.nas_lock_id,
       p.id, p.title, s.authentication = 'accept', s.expires_on, s.down_kbps, s.up_kbps,
       p.session_timeout, p.interim_interval, p.framed_pool,
       p.simultaneous_use{secret}
FROM radius_dataaccount a
JOIN customers_customer c ON c.id = a.customer_id
JOIN groups_customergroup g ON g.id = c.group_id
JOIN radius_package p ON p.id = a.package_id
JOIN radius_service s ON s.id = p.service_id
LEFT JOIN LATERAL (
    SELECT jsonb_agg(
        jsonb_build_array(kind, extract(epoch FROM since), extract(epoch FROM until), reason)
        ORDER BY since, id
    ) AS gates
    FROM customers_gate
    WHERE customer_id = a.customer_id AND (until IS NULL OR until > %(now)s)
) closed ON true
"""


class Cursor(Protocol):
    """What is needed of a cursor, Django's or psycopg2's own."""

    def execute(self, sql: str, params: Any = None) -> Any: ...

    def fetchmany(self, size: int) -> Sequence[Sequence[Any]]: ...


def read(
    cursor: Cursor, now: datetime, scope: str = "", ids: Iterable[int | str] = ()
) -> Iterator[tuple[Subscriber, bytes]]:
    """Yield (subscriber, password) of all lines, or of those of a scope.

    Gates that opened again before `now` are left out. A line whose secret cannot be decrypted is logged and
    left out: it could not log in anyway.
    """
    for row in _rows(cursor, now, scope, ids, ", a.secret"):
        try:
            yield _subscriber(row), decrypt(row[-1]) if len(row[-1]) else b""
        except SecretError as error:
            log.error("secret_unreadable", data_account=row[0], error=str(error))


def find(username: str, now: datetime) -> Subscriber | None:
    """The line of that username (any case), as the server would see it at `now`."""
    return next(iter(_found(now, "username", [username.lower()])), None)


def find_accounts(account_ids: Iterable[int], now: datetime) -> dict[int, Subscriber]:
    """Lines by data account id; those that do not exist are left out.

    The facts alone, without the secret: a key ring that is wrong or lost hides no line.
    """
    return {one.account_id: one for one in _found(now, "account", account_ids)}


def _found(now: datetime, scope: str, ids: Iterable[int | str]) -> list[Subscriber]:
    with connection.cursor() as cursor:
        return [_subscriber(row) for row in _rows(cursor, now, scope, ids)]


def _rows(
    cursor: Cursor, now: datetime, scope: str, ids: Iterable[int | str], secret: str = ""
) -> Iterator[Sequence[Any]]:
    where = f" WHERE {_WHERE[scope]}" if scope else ""
    cursor.execute(_QUERY.format(secret=secret) + where, {"now": now, "ids": list(ids)})
    while rows := cursor.fetchmany(2000):
        yield from rows


def _subscriber(row: Sequence[Any]) -> Subscriber:
    return Subscriber(
        account_id=row[0],
        username=row[1],
        customer_id=row[2],
        customer_code=row[3],
        group_id=row[4],
        group_title=row[5],
        group_enabled=row[6],
        closures=_closures(row[7]) if row[7] else (),
        blocked=row[8],
        blocked_reason=row[9],
        starts=_first_instant(row[10]),
        ends=_instant_after(row[11]),
        terms=_terms(*row[16:26]),
        framed_ip=row[12],
        framed_ipv6_prefix=row[13],
        mac_lock=row[14],
        nas_lock=row[15],
    )


@lru_cache(maxsize=1024)
def _terms(
    package_id: int,
    title: str,
    accepts: bool,
    expires_on: date | None,
    down: int,
    up: int,
    timeout: int,
    interim: int,
    pool: str,
    simultaneous: int,
) -> Terms:
    """One value per package, shared by all its lines."""
    ends = _instant_after(expires_on)
    return Terms(package_id, title, accepts, ends, down, up, timeout, interim, pool, simultaneous)


@lru_cache(maxsize=4096)
def _first_instant(first_day: date) -> datetime:
    return day_start(first_day)


@lru_cache(maxsize=4096)
def _instant_after(last_day: date | None) -> datetime | None:
    return None if last_day is None else day_end(last_day)


def _closures(gates: list[list[Any]] | str) -> tuple[Closure, ...]:
    # Django's cursors leave jsonb as text.
    rows: list[list[Any]] = json.loads(gates) if isinstance(gates, str) else gates
    return tuple(
        Closure(
            kind,
            datetime.fromtimestamp(since, UTC),
            None if until is None else datetime.fromtimestamp(until, UTC),
            reason,
        )
        for kind, since, until, reason in rows
    )
