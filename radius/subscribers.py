"""Subscribers as the policy wants them; pages and the server's snapshot read them here.

Design Overview: a million lines are read page by page in the order of their ids, each page with what hangs
on it (groups, packages, closed gates) by one more query each, so that neither side ever holds more than a
page. What decides about lines is mostly alike: it is one shared `Facts` value for all lines that have the
same, and `Subscriber`, the full value of one line, is put together when somebody asks.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any, NamedTuple, Protocol, TypeVar

import structlog
from django.conf import settings
from django.db import connection

from ispbilling.core.clock import day_end, day_start, local_day, month_of
from ispbilling.core.secrets import SecretError, decrypt
from radius.policy.bands import Band
from radius.policy.degrading import Action
from radius.policy.subscriber import Closure, OnceCapped, Subscriber, Terms

log = structlog.get_logger(__name__)

T = TypeVar("T")

# What a set of rows can be asked for by; the names are those of the NOTIFY payloads.
_WHERE = {
    "": "true",
    "account": "a.id = ANY(%(ids)s)",
    "customer": "a.customer_id = ANY(%(ids)s)",
    "group": "c.group_id = ANY(%(ids)s)",
    "package": "a.package_id = ANY(%(ids)s)",
    "service": "a.package_id IN (SELECT id FROM radius_package WHERE service_id = ANY(%(ids)s)"
    " OR service_once_capped_id = ANY(%(ids)s))",
    "username": "lower(a.username) = ANY(%(ids)s)",
}
SCOPES = frozenset(_WHERE) - {""}
_PAGE = 2000

# Days as text: what PostgreSQL can hold and Python cannot ('infinity') is then the affair of one line.
_LINES = """
SELECT a.id, a.username, a.customer_id, c.code, a.starts_on::text, {secret}, host(a.framed_ip),
       c.group_id, a.package_id, a.blocked, a.blocked_reason, a.ends_on::text, a.framed_ipv6_prefix,
       a.delegated_ipv6_prefix, a.mac_lock, a.nas_lock_id, a.port_lock, a.mac_authentication, a.prepaid
FROM radius_dataaccount a
JOIN customers_customer c ON c.id = a.customer_id
WHERE a.id > %(after)s AND {where}
ORDER BY a.id LIMIT %(page)s
"""
_WHO = 7  # columns of a row that are a line's own; the rest is mostly alike

_GROUPS = "SELECT id, title, enabled FROM groups_customergroup WHERE id = ANY(%(ids)s)"
_TERMS = """
SELECT p.id, p.title, s.authentication = 'accept', s.expires_on::text, s.down_kbps, s.up_kbps,
       p.session_timeout, p.interim_interval, p.framed_pool, p.simultaneous_use,
       p.framed_ipv6_pool, p.delegated_ipv6_pool, s.band_days, s.band_from, s.band_to, s.time_limit, s.limit_type,
       (SELECT array_agg(ARRAY[name, value] ORDER BY id) FROM radius_replyattribute WHERE service_id = s.id),
       p.cap_kind, o.title, o.authentication = 'accept', o.expires_on::text, o.down_kbps, o.up_kbps,
       (SELECT array_agg(ARRAY[name, value] ORDER BY id) FROM radius_replyattribute WHERE service_id = o.id)
FROM radius_package p
JOIN radius_service s ON s.id = p.service_id
LEFT JOIN radius_service o ON o.id = p.service_once_capped_id
WHERE p.id = ANY(%(ids)s)
"""
_ACTIONS = """
SELECT code, kind, address_list, pool, redirect_url, down_kbps, up_kbps
FROM radius_accessaction WHERE kind <> 'reject' ORDER BY code
"""
# Gates that opened again before `now` decide nothing any more.
_CLOSURES = """
SELECT customer_id, kind, extract(epoch FROM since)::float8, extract(epoch FROM until)::float8, reason
FROM customers_gate
WHERE customer_id = ANY(%(ids)s) AND (until IS NULL OR until > %(now)s)
ORDER BY since, id
"""
_ATTRIBUTES = """
SELECT data_account_id, name, value FROM radius_replyattribute
WHERE data_account_id = ANY(%(ids)s) ORDER BY id
"""
# Packages that lines are to have; of those whose instant has come, one that was not applied yet holds all the same.
_FOLLOWING = """
SELECT data_account_id, extract(epoch FROM activates_at)::float8, to_package_id FROM radius_packagechange
WHERE state = 'scheduled' AND data_account_id = ANY(%(ids)s) ORDER BY activates_at, id
"""
# Time online of lines that have a limit, since its day or month began.
_USED = """
SELECT data_account_id, sum(seconds)::bigint FROM radius_usageday
WHERE data_account_id = ANY(%(ids)s) AND day >= %(since)s
GROUP BY data_account_id
"""
# Of capped and prepaid lines only those for which data is over, or will be by the clock alone.
_DATA = """
SELECT data_account_id, exhausted_since IS NOT NULL, extract(epoch FROM covered_until)::float8,
       extract(epoch FROM exhausted_until)::float8
FROM radius_meter
WHERE data_account_id = ANY(%(ids)s) AND (exhausted_since IS NOT NULL OR covered_until IS NOT NULL)
"""


class Cursor(Protocol):
    """What is needed of a cursor, Django's or psycopg2's own."""

    def execute(self, sql: str, params: Any = None) -> Any: ...

    def fetchall(self) -> Sequence[Sequence[Any]]: ...


class Facts(NamedTuple):
    """What decides about a line, apart from who it is and its address; the fields are those of `Subscriber`.

    `starts` is None once the first day has come.
    """

    group_id: int
    group_title: str
    group_enabled: bool
    closures: tuple[Closure, ...]
    blocked: bool
    blocked_reason: str
    starts: datetime | None
    ends: datetime | None
    terms: Terms
    framed_ipv6_prefix: str
    delegated_ipv6_prefix: str
    mac_lock: str
    nas_lock: int | None
    port_lock: str
    mac_authentication: bool = False
    prepaid: bool = False
    used_seconds: int = 0
    used_until: datetime | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    exhausted: bool = False
    covered_until: datetime | None = None
    exhausted_until: datetime | None = None
    following: tuple[tuple[datetime, Terms], ...] = ()
    unreadable: str = ""

    def at(self, now: datetime) -> "Facts":
        """As `Subscriber.at`."""
        due = [terms for instant, terms in self.following if instant <= now]
        if not due or self.prepaid:
            return self
        rest = self.following[len(due) :]
        nothing: dict[str, Any] = {"exhausted": False, "covered_until": None, "exhausted_until": None}
        return self._replace(terms=due[-1], following=rest, **nothing)


class Stored(NamedTuple):
    """A line as it is stored; `password` is empty when nobody asked for it."""

    account_id: int
    username: str
    customer_id: int
    customer_code: str
    starts: datetime
    facts: Facts
    password: bytes
    framed_ip: str | None = None

    def subscriber(self) -> Subscriber:
        """The full value."""
        return subscriber(self.facts, *self[:5], self.framed_ip)


_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


def subscriber(
    facts: Facts,
    account_id: int = 0,
    username: str = "",
    customer_id: int = 0,
    customer_code: str = "",
    starts: datetime | None = None,
    framed_ip: str | None = None,
) -> Subscriber:
    """A line with these facts; without the rest nobody in particular, who is decided about in the same way."""
    known = facts._asdict()
    known["starts"] = starts or facts.starts or _LONG_AGO
    return Subscriber(account_id, username, customer_id, customer_code, **known, framed_ip=framed_ip)


def read(
    cursor: Cursor,
    now: datetime,
    scope: str = "",
    ids: Iterable[int | str] = (),
    secrets: bool = True,
    page: int = _PAGE,
    between: Callable[[], None] = lambda: None,
) -> Iterator[Stored]:
    """Yield all lines, or those of a scope, in the order of their ids; `between()` is called between pages.

    A line of which something cannot be read is logged and yielded as `unreadable`, so that it is refused for
    that reason and all others are read.
    """
    wanted, after = list(ids), 0
    sql = _LINES.format(secret="a.secret" if secrets else "''::bytea", where=_WHERE[scope])
    known = _Known()
    while True:
        cursor.execute(sql, {"after": after, "ids": wanted, "page": page})
        rows = cursor.fetchall()
        if rows:
            yield from _stored(cursor, rows, known, now)
            after = rows[-1][0]
        if len(rows) < page:
            return
        between()


def find(username: str, now: datetime) -> Subscriber | None:
    """The line of that username (any case), as the server would see it at `now`."""
    with connection.cursor() as cursor:
        found = next(read(cursor, now, "username", [username.lower()]), None)
    return None if found is None else found.subscriber()


def find_accounts(account_ids: Iterable[int], now: datetime) -> dict[int, Subscriber]:
    """Lines by data account id; those that do not exist are left out.

    The facts alone, without the secret: a key ring that is wrong or lost ends nobody's session.
    """
    with connection.cursor() as cursor:
        found = read(cursor, now, "account", account_ids, secrets=False)
        return {one.account_id: one.subscriber() for one in found}


class _Known:
    """What was read for earlier pages and is needed again."""

    def __init__(self) -> None:
        self.groups: dict[int, tuple[str, bool]] = {}
        self.terms: dict[int, Terms] = {}
        self.actions: tuple[Action, ...] | None = None
        self.facts: dict[tuple[Any, ...], Facts] = {}

    def fill(self, cursor: Cursor, rows: Sequence[Sequence[Any]], following: set[int]) -> None:
        """Read the groups and packages of these rows that are new, and the packages that follow."""
        if missing := {row[7] for row in rows} - self.groups.keys():
            cursor.execute(_GROUPS, {"ids": list(missing)})
            self.groups |= {key: (title, enabled) for key, title, enabled in cursor.fetchall()}
        if missing := ({row[8] for row in rows} | following) - self.terms.keys():
            if self.actions is None:
                cursor.execute(_ACTIONS)
                self.actions = tuple(Action(*row) for row in cursor.fetchall())
            cursor.execute(_TERMS, {"ids": list(missing)})
            self.terms |= {row[0]: _terms(self.actions, *row) for row in cursor.fetchall()}


def _stored(cursor: Cursor, rows: Sequence[Sequence[Any]], known: _Known, now: datetime) -> Iterator[Stored]:
    following = _following(cursor, [row[0] for row in rows])
    known.fill(cursor, rows, {package for some in following.values() for _, package in some})
    closures = _closures(cursor, {row[2] for row in rows}, now)
    used = _used(cursor, rows, known, now)
    data = _data(cursor, rows, known)
    added = _added(cursor, [row[0] for row in rows])
    for row in rows:
        account_id, username, customer_id, code, first_day, sealed, framed_ip = row[:_WHO]
        shut = closures.get(customer_id, ())
        starts, unreadable, password = _LONG_AGO, "", b""
        try:
            starts = _first_instant(first_day)
            early = starts if starts > now else None
            last = (
                *used.get(account_id, (0, None)),
                tuple(added.get(account_id, ())),
                *data.get(account_id, (False, None, None)),
                tuple([(at, known.terms[package]) for at, package in following.get(account_id, ())]),
            )
            facts = _facts(known, row[_WHO:], shut, early, last).at(now)
        except (ValueError, OverflowError, KeyError) as error:
            log.error("facts_unreadable", data_account=account_id, error=repr(error))
            facts, unreadable = _nothing_known(), "facts"
        try:
            password = decrypt(sealed) if len(sealed) else b""
        except SecretError as error:
            log.error("secret_unreadable", data_account=account_id, error=str(error))
            unreadable = "secret"
        if unreadable:
            facts = facts._replace(unreadable=unreadable)
        yield Stored(account_id, username, customer_id, code, starts, facts, password, framed_ip)


def _facts(
    known: _Known,
    shared: Sequence[Any],
    shut: Sequence[Sequence[Any]],
    starts: datetime | None,
    last: tuple[Any, ...],
) -> Facts:
    group_id, package_id, blocked, reason, last_day, *network = shared
    key = (tuple(shared), tuple(shut), starts, last)
    found = known.facts.get(key)
    if found is None:
        title, enabled = known.groups[group_id]
        closures = tuple([_closure(*row) for row in shut])
        found = known.facts[key] = Facts(
            group_id, title, enabled, closures, blocked, reason, starts, _instant_after(last_day),
            known.terms[package_id], *(*network, *last),
        )  # fmt: skip
    return found


@lru_cache(maxsize=1)
def _nothing_known() -> Facts:
    """Of a line whose facts cannot be read."""
    terms = Terms(0, "", True, None, 0, 0, 0, 0, "")
    return Facts(0, "", True, (), False, "", None, None, terms, "", "", "", None, "")


def _used(
    cursor: Cursor, rows: Sequence[Sequence[Any]], known: _Known, now: datetime
) -> dict[int, tuple[int, datetime | None]]:
    """Seconds online and when they count no more, of those lines that have a time limit."""
    limited: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        terms = known.terms.get(row[8])
        if terms is not None and terms.time_limit:
            limited[terms.limit_type].append(row[0])
    found: dict[int, tuple[int, datetime | None]] = {}
    today = local_day(now)
    for kind, ids in limited.items():
        since, until = {
            "daily": (today, day_end(today)),
            "monthly": (month_of(today).start, day_end(month_of(today).last)),
        }.get(kind, (date.min, None))
        found |= dict.fromkeys(ids, (0, until))
        cursor.execute(_USED, {"ids": ids, "since": since})
        found |= {account_id: (int(seconds), until) for account_id, seconds in cursor.fetchall()}
    return found


def _data(
    cursor: Cursor, rows: Sequence[Sequence[Any]], known: _Known
) -> dict[int, tuple[bool, datetime | None, datetime | None]]:
    """Whether, from when and until when there is no data, of those lines for which there is anything to say."""
    metered = [row[0] for row in rows if row[-1] or getattr(known.terms.get(row[8]), "cap", "")]
    if not metered:
        return {}
    cursor.execute(_DATA, {"ids": metered})
    return {
        account_id: (exhausted, _one(_instant_or_none(covered)), _one(_instant_or_none(until)))
        for account_id, exhausted, covered, until in cursor.fetchall()
    }


def _instant_or_none(seconds: float | None) -> datetime | None:
    return None if seconds is None else _instant(seconds)


def _added(cursor: Cursor, ids: list[int]) -> dict[int, list[tuple[str, str]]]:
    """The reply attributes of lines that have their own."""
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    cursor.execute(_ATTRIBUTES, {"ids": ids})
    for account_id, name, value in cursor.fetchall():
        found[account_id].append((name, value))
    return found


def _following(cursor: Cursor, ids: list[int]) -> dict[int, list[tuple[datetime, int]]]:
    """When lines are to have which package."""
    found: dict[int, list[tuple[datetime, int]]] = defaultdict(list)
    cursor.execute(_FOLLOWING, {"ids": ids})
    for account_id, at, package_id in cursor.fetchall():
        found[account_id].append((_instant(at), package_id))
    return found


def _closures(cursor: Cursor, customers: set[int], now: datetime) -> dict[int, list[Sequence[Any]]]:
    cursor.execute(_CLOSURES, {"ids": list(customers), "now": now})
    found: dict[int, list[Sequence[Any]]] = defaultdict(list)
    for customer_id, *closure in cursor.fetchall():
        found[customer_id].append(tuple(closure))
    return found


def _closure(kind: str, since: float, until: float | None, reason: str) -> Closure:
    return Closure(kind, _instant(since), None if until is None else _instant(until), reason)


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _terms(
    actions: tuple[Action, ...],
    package_id: int,
    title: str,
    accepts: bool,
    expires_on: str | None,
    down: int,
    up: int,
    timeout: int,
    interim: int,
    pool: str,
    simultaneous: int,
    ipv6_pool: str,
    delegated_pool: str,
    band_days: str,
    band_from: time | None,
    band_to: time | None,
    time_limit: int,
    limit_type: str,
    attributes: list[list[str]] | None,
    cap: str,
    *capped: Any,
) -> Terms:
    shut = Band(band_days, band_from, band_to) if band_days and band_from and band_to else None
    return _one(
        Terms(
            package_id,
            title,
            accepts,
            _instant_after(expires_on),
            down,
            up,
            timeout,
            interim,
            pool,
            simultaneous,
            ipv6_pool,
            delegated_pool,
            (shut,) if shut else (),
            settings.TIME_ZONE if shut else "",
            time_limit,
            limit_type if time_limit else "",
            tuple((name, value) for name, value in attributes or ()),
            actions,
            "" if cap == "uncapped" else cap,
            _once_capped(*capped),
        )  # fmt: skip
    )


def _once_capped(
    title: str | None,
    accepts: bool,
    expires_on: str | None,
    down: int,
    up: int,
    added: list[list[str]] | None,
) -> OnceCapped | None:
    if title is None:
        return None
    attributes = tuple((name, value) for name, value in added or ())
    return OnceCapped(title, accepts, _instant_after(expires_on), down, up, attributes)


@lru_cache(maxsize=4096)
def _one(value: T) -> T:
    """The same object for equal values, over all reads: a comparison of lines then is one of addresses."""
    return value


@lru_cache(maxsize=4096)
def _first_instant(first_day: str) -> datetime:
    return day_start(date.fromisoformat(first_day))


@lru_cache(maxsize=4096)
def _instant_after(last_day: str | None) -> datetime | None:
    return None if last_day is None else day_end(date.fromisoformat(last_day))
