"""What should be against what is: the decision about a line now, and what its live sessions were given.

Desired is `policy.decide` on stored facts and the attributes it would send; applied is the fingerprint a
session was given (`Session.applied`: the Class of its log-in as the NAS repeats it, or of the last CoA-Request
that was acknowledged). A session that may not be online is to be disconnected; one with other settings is to
be changed, or disconnected where nothing but a new log-in changes them.

A closed gate is a fact and is always enforced. A line that is not there is an absence, and a table that was
emptied or badly restored looks the same: when that would end a large share of all sessions, none is ended for it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache, partial
from itertools import chain
from typing import NamedTuple

import structlog
from django.db import connection
from django.db.models import CharField, Exists, Func, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Lower
from django.db.models.lookups import Exact

from customers.models import Gate
from ispbilling.core.clock import local_day
from radius.accounts.models import DataAccount
from radius.accounts.states import without_data
from radius.catalogue.models import Authentication, CapKind, Service
from radius.changes.models import PackageChange
from radius.coa.models import Kind
from radius.degrading.models import AccessAction
from radius.history import supposing
from radius.policy import changing, replies
from radius.policy.decision import Decision, decide
from radius.policy.subscriber import Login, Subscriber
from radius.subscribers import find_accounts
from radius.usage.models import LIVE, Session

log = structlog.get_logger(__name__)

# More sessions without a line than both of these are taken for a fault of ours, not for customers who left.
MANY_UNKNOWN, SHARE_UNKNOWN = 50, 0.2
# Sessions compared at a time: few at first, so that the first request leaves at once, then more and more, which costs
# PostgreSQL less for each.
FIRST, GROWING, BLOCK = 250, 4, 2000
# Sessions that are given a base line in one look: after a power cut all come back at once, and none is in a hurry.
BASELINES = 5_000
# How a line that is gone is found in the scopes in which one can go.
_GONE = {"session": "pk__in", "account": "data_account__in"}
#: `CoaAttempt.because` of a session whose line is accepted with other settings.
SETTINGS = "SETTINGS_CHANGED"

# What a change of facts is about (the NOTIFY payloads), as SQL between a session `s` and the rows it depends on.
_LINE = "JOIN radius_dataaccount a ON a.id = s.data_account_id"
_CUSTOMER = f"{_LINE} JOIN customers_customer c ON c.id = a.customer_id"
_PACKAGE = f"{_LINE} JOIN radius_package p ON p.id = a.package_id"
SCOPES = {
    "session": ("", "s.id = ANY(%s::bigint[])"),
    "account": ("", "s.data_account_id = ANY(%s::bigint[])"),
    "customer": (_LINE, "a.customer_id = ANY(%s::bigint[])"),
    "group": (_CUSTOMER, "c.group_id = ANY(%s::bigint[])"),
    "package": (_LINE, "a.package_id = ANY(%s::bigint[])"),
    "service": (_PACKAGE, "ARRAY[p.service_id, p.service_once_capped_id] && %s::bigint[]"),
    "nas": ("", "s.nas_id = ANY(%s::bigint[])"),
}


_IN_SCOPE = """
SELECT s.id, s.data_account_id, s.nas_id, s.username, s.acct_session_id, host(s.framed_ip), s.calling_station_id,
       s.nas_port, s.applied
FROM radius_session s {joins}
WHERE s.month = %s AND s.stopped_at IS NULL AND s.data_account_id IS NOT NULL AND {condition}
  AND s.id > %s
ORDER BY s.id LIMIT %s
"""

Pairs = tuple[changing.Pair, ...]


class Live(NamedTuple):
    """An open session, as much of it as is compared and as names it to its NAS."""

    pk: int
    data_account_id: int | None
    nas_id: int | None
    username: str
    acct_session_id: str
    framed_ip: str | None
    calling_station_id: str
    nas_port: str
    applied: str


class Difference(NamedTuple):
    """A live session that is not as it should be: what to ask its NAS, and the code that says why.

    `applied` and `pairs` are the fingerprint and the attributes it should have; empty for a disconnect.
    """

    live: Live
    kind: Kind
    because: str
    applied: str = ""
    pairs: Pairs = ()


class Baseline(NamedTuple):
    """A live session of which nobody knows what it was given: taken for what it would be given now."""

    live: Live
    applied: str


Finding = Difference | Baseline


class Comparison:
    """Compares live sessions with decisions. `kinds` gives the kind of each NAS by id.

    Remembers which lines are online by exception (walled garden, throttle): their release by the clock alone
    leaves no fact that SQL could find.
    """

    def __init__(self, kinds: Mapping[int, str]) -> None:
        self.kinds = kinds
        self._by_exception: set[int] = set()

    def everywhere(self, now: datetime) -> Iterator[list[Finding]]:
        """Compare every open session."""
        yield from self._compared(_blocks(_of_lines()), now)
        yield [*unknown(now)]

    def within(self, scope: str, ids: Iterable[int], now: datetime) -> Iterator[list[Finding]]:
        """Compare the open sessions that changed rows touch. Raises KeyError for what is no scope."""
        chosen, start, size = sorted(ids), 0, FIRST
        while some := chosen[start : start + size]:
            # Twice as many: a line seldom has a second session, and then all of a block are read in one go.
            yield from self._compared(partial(_in_scope, scope, some), now, 2 * size)
            start, size = start + size, min(BLOCK, GROWING * size)
        if scope in ("account", "session"):
            gone = {live.pk for live in _lineless(_of_lines().filter(**{_GONE[scope]: chosen}))}
            if gone:
                yield [one for one in unknown(now) if one.live.pk in gone]

    def by_the_clock(self, now: datetime) -> Iterator[list[Finding]]:
        """Compare the open sessions whose decision may have changed although no fact did, and those of which nobody
        knows yet what they were given.
        """
        changed = suspects(now) | Q(data_account__in=list(self._by_exception))
        yield from self._compared(_blocks(_of_lines().filter(changed)), now)
        unmarked = _of_lines().filter(applied="").order_by("pk").values_list("pk", flat=True)[:BASELINES]
        yield from self._compared(_blocks(_of_lines().filter(pk__in=list(unmarked))), now)
        yield [*unknown(now)]

    def settings(self, live: Live, now: datetime) -> tuple[str, Pairs] | str:
        """The fingerprint and attributes a session should have, or the code of why it may not be online."""
        if live.data_account_id is None or (subscriber := _fact(live.data_account_id, now)) is None:
            return decide(None, None, now).code
        decision = decide(subscriber, _login(live), now)
        if not decision.accepted:
            return decision.code
        pairs = tuple(replies.attributes(subscriber, decision, self.kinds[live.nas_id or 0]))
        return _fingerprint(pairs), pairs

    def _compared(self, blocks: "_Blocks", now: datetime, size: int = FIRST) -> Iterator[list[Finding]]:
        """Block by block, so that what is found in the first can leave before the last is read."""
        block = blocks(0, size)
        while block:
            yield self._found(block, now)
            if len(block) < size:
                return
            size = min(BLOCK, GROWING * size)
            block = blocks(block[-1].pk, size)

    def _found(self, block: list[Live], now: datetime) -> list[Finding]:
        accounts = {live.data_account_id or 0 for live in block}
        shut = _shut(accounts, now)
        found: list[Finding] = []
        for live in block:
            if code := shut.get(live.data_account_id or 0):
                found.append(Difference(live, Kind.DISCONNECT, code))
        accounts -= shut.keys()
        facts = find_accounts(accounts, now) if accounts else {}
        logged_in = _changed_since([live.pk for live in block if not live.applied], now) if facts else {}
        for live in block:
            subscriber = facts.get(live.data_account_id or 0)
            if subscriber is None:
                continue
            one = self._compare(subscriber, live, now, logged_in.get(live.pk))
            if one is not None:
                found.append(one)
        return found

    def _compare(
        self, subscriber: Subscriber, live: Live, now: datetime, logged_in: datetime | None
    ) -> Finding | None:
        """What is to be done about a session; of one that is not marked, and whose facts are others since, when its
        log-in was.
        """
        nas_id = live.nas_id or 0
        decision = decide(subscriber, _login(live), now)
        if not decision.accepted:
            return Difference(live, Kind.DISCONNECT, decision.code)
        self._remember(subscriber, decision)
        kind = self.kinds.get(nas_id)
        if kind is None:
            return None  # nobody to tell
        pairs = tuple(replies.attributes(subscriber, decision, kind))
        wanted = _fingerprint(pairs)
        if live.applied == wanted:
            return None
        applied = live.applied
        if not changing.comparable(applied):
            applied = (self._given(live, logged_in, kind) if logged_in else "") or wanted
            if applied == wanted:
                return Baseline(live, wanted)
        because = decision.code or SETTINGS
        if changing.needs_login(applied, wanted):
            return Difference(live, Kind.DISCONNECT, because)
        return Difference(live, Kind.COA, because, wanted, pairs)

    def _given(self, live: Live, logged_in: datetime, kind: str) -> str:
        """The fingerprint of what its line had then, "" when it would not have been let in."""
        then = supposing.line(live.data_account_id or 0, logged_in, logged_in)
        decision = decide(then, _login(live), logged_in)
        if then is None or not decision.accepted:
            return ""
        return _fingerprint(tuple(replies.attributes(then, decision, kind)))

    def _remember(self, subscriber: Subscriber, decision: Decision) -> None:
        if decision.code or decision.once_capped is not None:
            self._by_exception.add(subscriber.account_id)
        else:
            self._by_exception.discard(subscriber.account_id)


def unwanted(now: datetime) -> list[Difference]:
    """Every open session that should not be: for pages and sweeps, which send nothing."""
    found = Comparison({})._compared(_blocks(_of_lines().filter(suspects(now))), now, BLOCK)
    return [*(one for one in chain.from_iterable(found) if isinstance(one, Difference)), *unknown(now)]


def refusals(session_ids: Iterable[int], now: datetime) -> dict[int, str]:
    """Why each of these sessions should not be, by id; those that may are left out."""
    found = Comparison({}).within("session", session_ids, now)
    return {one.live.pk: one.because for one in chain.from_iterable(found) if isinstance(one, Difference)}


def suspects(now: datetime) -> Q:
    """Sessions with a fact that may close a gate: few, so that only these are decided about one by one.

    Every gate of the policy that looks at a fact has its line here; a test holds the two against each other.
    """
    today = local_day(now)
    other_device = ~Q(data_account__mac_lock="")
    other_device &= ~Q(Exact(Bare("data_account__mac_lock"), Bare("calling_station_id")))
    other_nas = Q(data_account__nas_lock__isnull=False) & ~Q(data_account__nas_lock=Coalesce("nas", 0))
    other_port = ~Q(data_account__port_lock="")
    other_port &= ~Q(Exact(Lower("data_account__port_lock"), Lower("nas_port")))
    return (
        Q(data_account__customer__in=Gate.objects.closing(now).order_by().values("customer"))
        | Q(data_account__customer__group__enabled=False)
        | Q(data_account__starts_on__gt=today)
        | Q(data_account__ends_on__lt=today)
        | Q(data_account__blocked=True)
        | Q(data_account__package__service__authentication=Authentication.REJECT)
        | Q(data_account__package__service__expires_on__lt=today)
        | Q(data_account__package__service__in=Service.closed_by_band(now))
        | Q(data_account__package__service__time_limit__gt=0)
        | without_data(now, "data_account__") & _MAY_NOT_STAY
        | Q(data_account__meter__covered_until__lte=now)
        | Q(
            data_account__in=PackageChange.objects.scheduled()
            .filter(activates_at__lte=now)
            .values("data_account")
        )
        | other_device
        | other_nas
        | other_port
    )


# What ends for want of data; a soft cap goes on slower, in a service that may itself refuse.
_MAY_NOT_STAY = (
    Q(data_account__prepaid=True)
    | Q(data_account__package__cap_kind=CapKind.HARD)
    | ~Q(data_account__package__service_once_capped__authentication=Authentication.ACCEPT)
    | Q(data_account__package__service_once_capped__expires_on__isnull=False)
)


def _shut(account_ids: set[int], now: datetime) -> dict[int, str]:
    """The code of those lines that a closed gate of their customer refuses, whatever else is true of them.

    What `decide` would say, but thousands are suspended at once and told within the second. Where something else
    than a reject is chosen for any reason, none: then all gates matter.
    """
    if not account_ids or AccessAction.objects.effective():
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_SHUT, {"accounts": array(account_ids), "now": now, "today": local_day(now)})
        return {account_id: _CLOSED[first] for account_id, first in cursor.fetchall()}


# The customer's gates in the order of the policy, which names a reject by the first.
_CLOSED = ("CUSTOMER_DELETED", "CUSTOMER_DISABLED", "CUSTOMER_CANCELLED", "SUSPENDED")
_SHUT = """
SELECT a.id, min(array_position(ARRAY['deleted', 'disabled', 'cancelled', 'suspended'], g.kind::text)) - 1
FROM radius_dataaccount a
JOIN customers_customer c ON c.id = a.customer_id
JOIN groups_customergroup r ON r.id = c.group_id AND r.enabled
JOIN customers_gate g ON g.customer_id = a.customer_id
WHERE a.id = ANY(%(accounts)s::bigint[]) AND g.since <= %(now)s AND (g.until IS NULL OR g.until > %(now)s)
  AND a.starts_on <= %(today)s AND (a.ends_on IS NULL OR a.ends_on >= %(today)s)
GROUP BY a.id
"""


def _changed_since(session_ids: list[int], now: datetime) -> dict[int, datetime]:
    """When those of these sessions logged in for whose line a fact changed since, or a gate closed or opened.

    Their NAS does not say what it gave them; what is true now it was not. Of sessions from before the history nobody
    knows.
    """
    if not session_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_CHANGED, {"live": LIVE, "ids": array(session_ids), "now": now})
        return dict(cursor.fetchall())


# A Start follows its log-in within two seconds.
_CHANGED = """
SELECT s.id, s.login
FROM (SELECT id, data_account_id, started_at - interval '2 s' AS login FROM radius_session
      WHERE month = %(live)s AND id = ANY(%(ids)s::bigint[])) s
JOIN radius_dataaccount a ON a.id = s.data_account_id
JOIN customers_customer c ON c.id = a.customer_id
JOIN radius_package p ON p.id = a.package_id
WHERE s.login > (SELECT at FROM radius_facthistory WHERE origin = '' LIMIT 1) AND (
  EXISTS (SELECT FROM customers_gate g WHERE g.customer_id = c.id
          AND (g.since > s.login AND g.since <= %(now)s OR g.until > s.login AND g.until <= %(now)s))
  OR EXISTS (SELECT FROM radius_facthistory h WHERE h.at > s.login
             AND (h.origin, h.row_id) IN (('radius_dataaccount', a.id), ('customers_customer', c.id),
               ('groups_customergroup', c.group_id), ('radius_package', p.id), ('radius_service', p.service_id)))
  OR EXISTS (SELECT FROM radius_facthistory h WHERE h.at > s.login AND h.origin = 'radius_accessaction'))
"""


class Bare(Func):
    """`gates.bare_mac` in SQL."""

    template = "translate(lower(%(expressions)s), ':-. ', '')"
    output_field = CharField()


def unknown(now: datetime) -> list[Difference]:
    """Sessions whose line is gone; none when they are suspiciously many."""
    sessions = _lineless(_of_lines())
    if len(sessions) > MANY_UNKNOWN:
        everybody = Session.objects.open().count()
        if len(sessions) > SHARE_UNKNOWN * everybody:
            log.error("disconnects_held_back", unknown=len(sessions), open=everybody,
                      meaning="Too many live sessions have no data account: is the table whole?")  # fmt: skip
            return []
    code = decide(None, None, now).code
    return [Difference(session, Kind.DISCONNECT, code) for session in sessions]


def _lineless(sessions: QuerySet[Session]) -> list[Live]:
    lines = DataAccount.objects.order_by()
    return _read(
        sessions.annotate(name=Lower("username"))
        .exclude(Exists(lines.filter(pk=OuterRef("data_account"))))
        .exclude(Exists(lines.annotate(name=Lower("username")).filter(name=OuterRef("name"))))
    )


def _of_lines() -> QuerySet[Session]:
    """Open sessions that we let in: those that never had a line of ours are their NAS's own affair."""
    return Session.objects.open().filter(data_account__isnull=False).order_by()


# The next so many sessions after one of them.
_Blocks = Callable[[int, int], list[Live]]


def _blocks(sessions: QuerySet[Session]) -> _Blocks:
    return lambda after, size: _read(sessions.filter(pk__gt=after).order_by("pk")[:size])


def _in_scope(scope: str, ids: list[int], after: int, size: int) -> list[Live]:
    """The same for a scope."""
    joins, condition = SCOPES[scope]
    with connection.cursor() as cursor:
        cursor.execute(_IN_SCOPE.format(joins=joins, condition=condition), [LIVE, array(ids), after, size])
        return list(map(Live._make, cursor.fetchall()))


def array(ids: Iterable[int]) -> str:
    """As PostgreSQL writes an array: it reads one text in half the time of as many numbers in a statement."""
    return "{" + ",".join(map(str, ids)) + "}"


def _read(sessions: QuerySet[Session]) -> list[Live]:
    return list(map(Live._make, sessions.values_list(*Live._fields)))


def read(session_ids: Iterable[int]) -> dict[int, Live]:
    """Those of these sessions that are open, by id, whether or not they are of a line of ours."""
    return {
        live.pk: live for live in _read(Session.objects.open().filter(pk__in=list(session_ids)).order_by())
    }


def _fact(account_id: int, now: datetime) -> Subscriber | None:
    return find_accounts([account_id], now).get(account_id)


def _login(live: Live) -> Login:
    return Login(True, live.calling_station_id, live.nas_id or 0, "", live.nas_port)


@lru_cache(maxsize=4096)
def _fingerprint(pairs: Pairs) -> str:
    return changing.fingerprint(pairs)
