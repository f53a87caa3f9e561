"""The writer of `Draw`, `Meter` and what was drawn of each bundle: usage becomes draws.

Design Overview: of a line that used something the last days are drawn again with `drawing.draw`, and only what differs
is written; so counting is the same function whether a second or a month of usage is new, and doing it twice changes
nothing. A line's meter is locked first, by acts on its bundles too. What begins or ends within a day is marked when
it is first met. `since` reaches further back: after an act, or when an old day was corrected.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from customers.models import Customer
from ispbilling.core import events
from ispbilling.core.clock import day_end, day_start, local_day, month_of
from radius.accounts.models import DataAccount
from radius.bundles import metering, monthly, stock
from radius.bundles.drawing import Begun, Holding, Mark, Standing, begin, draw
from radius.bundles.metering import Reading
from radius.bundles.stock import Line

#: Usage of today and so many days before is drawn whenever a line is counted; `drawer.behind` finds what is older.
DAYS = 2

_LOCK = """
SELECT m.data_account_id, m.month, m.used_octets, m.over_octets, m.limit_monthly_octets, m.limit_topup_octets,
       m.limit_rollover_octets, m.exhausted_since, m.holds_until, NOT a.prepaid AND p.cap_octets IS NOT NULL,
       a.prepaid OR p.cap_octets IS NOT NULL, a.username, a.customer_id
FROM radius_meter m
JOIN radius_dataaccount a ON a.id = m.data_account_id
JOIN radius_package p ON p.id = a.package_id
WHERE m.data_account_id = ANY(%s::bigint[])
ORDER BY m.data_account_id FOR UPDATE OF m {wait}
"""
_STORE_DRAWS = """
INSERT INTO radius_draw AS d (data_account_id, day, bundle_id, octets)
SELECT * FROM unnest(%s::bigint[], %s::date[], %s::bigint[], %s::bigint[])
ON CONFLICT (data_account_id, day, bundle_id) DO UPDATE SET octets = excluded.octets
"""
_DROP_DRAWS = """
DELETE FROM radius_draw d USING unnest(%s::bigint[], %s::date[], %s::bigint[]) AS gone (account, day, bundle)
WHERE d.data_account_id = gone.account AND d.day = gone.day AND d.bundle_id IS NOT DISTINCT FROM gone.bundle
"""
_STORE_DRAWN = """
UPDATE radius_databundle b SET drawn_octets = v.drawn
FROM unnest(%s::bigint[], %s::bigint[]) AS v (id, drawn) WHERE b.id = v.id
"""
_STORE_BEGUN = """
UPDATE radius_databundle SET starts_at = %s, draws_from = %s, expires_at = %s WHERE id = %s AND starts_at IS NULL
"""
_STORE_MARKS = """
INSERT INTO radius_usagemark (data_account_id, at, day, upload_octets, download_octets)
SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::date[], %s::bigint[], %s::bigint[])
ON CONFLICT DO NOTHING
"""
_STORE_METERS = """
UPDATE radius_meter m SET
    month = v.month, limit_monthly_octets = v.monthly, limit_topup_octets = v.topup,
    limit_rollover_octets = v.rollover, used_octets = v.used, over_octets = v.over, remaining_octets = v.remaining,
    remaining_topup_octets = v.topup_left, exhausted_since = v.since, covered_until = v.covered,
    exhausted_until = v.until, holds_until = v.holds, counted_at = %s
FROM unnest(
    %s::bigint[], %s::date[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
    %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[]
) AS v (id, month, monthly, topup, rollover, used, over, remaining, topup_left, since, covered, until, holds)
WHERE m.data_account_id = v.id
"""


_COUNT_SOON = """
UPDATE radius_meter SET holds_until = %(now)s
WHERE data_account_id = ANY(%(ids)s::bigint[]) AND (holds_until IS NULL OR holds_until > %(now)s)
"""


@dataclass(frozen=True, slots=True)
class Known:
    """A locked meter as it was, and what it is of."""

    account_id: int
    month: date
    used: int
    over: int
    limits: metering.Limits
    exhausted_since: datetime | None
    holds_until: datetime | None
    renews: bool
    metered: bool
    username: str
    customer_id: int


@dataclass(slots=True)
class _Work:
    """What a batch is going to write."""

    draws: list[tuple[int, date, int | None, int]]
    gone: list[tuple[int, date, int | None]]
    drawn: list[tuple[int, int]]
    begun: list[Holding]
    marks: list[tuple[int, datetime, date, int, int]]


def count(
    account_ids: Collection[int], now: datetime, *, since: date | None = None, waiting: bool = True
) -> list[int]:
    """Draw what these lines used and bring their meters up to `now`; lines that are not metered are left out.

    Returns those of which something was drawn differently than before. `since`: count all days from this one on
    again, as an act wants that changed what was true then. `waiting` off: lines that somebody else has locked are left
    to them.
    """
    _renew(account_ids, month_of(local_day(now)).start, now)
    with transaction.atomic(), connection.cursor() as cursor:
        known = _locked(cursor, account_ids, waiting)
        if not known:
            return []
        today = local_day(now)
        recent = today - timedelta(days=DAYS)
        month = month_of(today)
        whole = {
            one.account_id
            for one in known
            if since is not None
            or one.month != month.start
            or one.holds_until is None
            or one.holds_until <= now
        }
        early = min(since or recent, recent, month.start)
        ids = [one.account_id for one in known]
        lines = stock.lines(cursor, sorted(whole), early, month.start) if whole else {}
        if len(whole) < len(ids):
            lines |= stock.lines(cursor, [pk for pk in ids if pk not in whole], recent, month.start)
        work = _Work([], [], [], [], [])
        changes = {pk: _redraw(pk, line, now, work) for pk, line in lines.items()}
        _store(cursor, work)
        whole |= {pk for pk, line in lines.items() if _limits_moved(line, changes[pk], month.start)}
        months = stock.drawn_in(cursor, sorted(whole), month.start, month.end) if whole else {}
        readings = {
            one.account_id: _reading(
                one, lines[one.account_id], changes[one.account_id],
                months.get(one.account_id, {}) if one.account_id in whole else None, now,
            )
            for one in known
        }  # fmt: skip
        _store_meters(cursor, known, readings, now)
        _tell(known, readings, now)
        return [pk for pk, changed in changes.items() if changed]


def _renew(account_ids: Collection[int], month: date, now: datetime) -> None:
    """Grant the month to lines that were last counted in another one; before their meters are locked."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT data_account_id FROM radius_meter WHERE data_account_id = ANY(%s::bigint[]) AND month < %s",
            [list(account_ids), month],
        )
        late = [account_id for (account_id,) in cursor.fetchall()]
    if late:
        monthly.ensure(late, month, now)


def count_soon(account_ids: Collection[int], now: datetime) -> None:
    """Have the drawer count the month of these lines again, within a second or so: for sets of bundles that were
    written at once, of which their meters do not know.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_SOON, {"ids": list(account_ids), "now": now})


def _locked(cursor: Any, account_ids: Collection[int], waiting: bool) -> list[Known]:
    cursor.execute(_LOCK.format(wait="" if waiting else "SKIP LOCKED"), [sorted(account_ids)])
    return [
        Known(pk, month, used, over, metering.Limits(monthly, topup, rollover), *rest)
        for pk, month, used, over, monthly, topup, rollover, *rest in cursor.fetchall()
    ]


_Changes = dict[tuple[date, int | None], int]


def _redraw(account_id: int, line: Line, now: datetime, work: _Work) -> _Changes:
    """Draw the line's days again; what differs is added to `work` and returned, by day and bundle."""
    line.marks += _unmarked(account_id, line, now, work)
    before = {pk: one.drawn for pk, one in line.bundles.items()}
    for (_day, bundle_id), octets in line.draws.items():
        if bundle_id in before:
            before[bundle_id] -= octets
    drawn = draw(
        line.days.values(),
        [one.holding for one in line.bundles.values()],
        line.marks,
        line.spans,
        before,
        now,
    )
    for one in drawn.begun:
        _begin(account_id, line, one, now, work)
    changes: _Changes = {}
    for key in drawn.octets.keys() | line.draws.keys():
        was, octets = line.draws.get(key, 0), drawn.octets.get(key, 0)
        if was == octets:
            continue
        day, bundle_id = key
        changes[key] = octets - was
        if octets:
            work.draws.append((account_id, day, bundle_id, octets))
        else:
            work.gone.append((account_id, day, bundle_id))
        if bundle_id is not None and bundle_id in line.bundles:
            line.bundles[bundle_id].drawn += octets - was
    touched = {bundle_id for _day, bundle_id in changes if bundle_id in line.bundles}
    work.drawn += [(pk, line.bundles[pk].drawn) for pk in touched if pk is not None]
    return changes


def _limits_moved(line: Line, changes: _Changes, month: date) -> bool:
    """Whether what is given for the month changed with what was drawn: of earlier days, or of what was taken back."""
    of_bundles = [
        (day, line.bundles[pk].holding) for day, pk in changes if pk is not None and pk in line.bundles
    ]
    return any(day < month or one.ends_at != one.expires_at for day, one in of_bundles)


def _unmarked(account_id: int, line: Line, now: datetime, work: _Work) -> list[Mark]:
    """Marks of what began or ended within a day that was read, and has none yet: all that is counted came before."""
    turns = {turn for one in line.spans for turn in (one.since, one.until)}
    for held in line.bundles.values():
        turns |= {held.holding.starts_at or held.holding.origin_at, held.holding.ends_at}
    known = {mark.at for mark in line.marks}
    made = []
    for turn in turns - known:
        if turn is None or turn > now:
            continue
        day = local_day(turn)
        if day < line.since or turn == day_start(day):
            continue
        counted = line.days.get(day)
        upload, download = (counted.upload, counted.download) if counted else (0, 0)
        made.append(Mark(turn, upload, download))
        work.marks.append((account_id, turn, day, upload, download))
    return made


def _begin(account_id: int, line: Line, begun: Begun, now: datetime, work: _Work) -> None:
    held, mark = line.bundles[begun.pk], begun.mark
    held.holding = begin(held.holding, mark.at, now)
    work.begun.append(held.holding)
    work.marks.append((account_id, mark.at, begun.day, mark.upload, mark.download))
    line.marks.append(mark)
    _unmarked(account_id, line, now, work)


def _reading(
    known: Known, line: Line, changes: _Changes, month: Mapping[int | None, int] | None, now: datetime
) -> Reading:
    """The meter after the draws; `month` holds what was drawn in the month, None: what is known, and the changes."""
    period = month_of(local_day(now))
    starts, ends = day_start(period.start), day_end(period.last)
    stocked = [(held.kind, held.holding, held.drawn) for held in line.bundles.values()]
    if month is not None:
        found = metering.read(stocked, month, period.start, starts, ends, now, known.renews)
        return found if known.metered else replace(found, standing=_UNCAPPED)
    of_month = {key: octets for key, octets in changes.items() if period.start <= key[0] < period.end}
    found = metering.read(stocked, {}, period.start, starts, ends, now, known.renews)
    return replace(
        found,
        standing=found.standing if known.metered else _UNCAPPED,
        limits=known.limits,
        used=known.used + sum(of_month.values()),
        over=known.over + sum(octets for (_day, bundle), octets in of_month.items() if bundle is None),
    )


# A line that lately became uncapped: it needs nothing.
_UNCAPPED = Standing(0, False, None, None)


def _store(cursor: Any, work: _Work) -> None:
    """In an order in which no statement leaves behind what a constraint forbids."""
    for one in work.begun:
        cursor.execute(_STORE_BEGUN, [one.starts_at, one.draws_from, one.expires_at, one.pk])
    for sql, rows in (
        (_STORE_MARKS, work.marks),
        (_DROP_DRAWS, work.gone),
        (_STORE_DRAWS, work.draws),
        (_STORE_DRAWN, sorted(work.drawn)),
    ):
        if rows:
            cursor.execute(sql, [list(column) for column in zip(*rows, strict=True)])


def _store_meters(
    cursor: Any, known: Sequence[Known], readings: Mapping[int, Reading], now: datetime
) -> None:
    rows = []
    for one in known:
        found = readings[one.account_id]
        stands = found.standing
        since = (one.exhausted_since or now) if stands.exhausted else None
        rows.append(
            (
                one.account_id, found.month, found.limits.monthly, found.limits.topup, found.limits.rollover,
                found.used, found.over, stands.remaining,
                min(found.topup_left, stands.remaining), since, stands.covered_until,
                stands.exhausted_until, found.holds_until,
            )
        )  # fmt: skip
    cursor.execute(_STORE_METERS, [now, *(list(column) for column in zip(*rows, strict=True))])


def _tell(known: Sequence[Known], readings: Mapping[int, Reading], now: datetime) -> None:
    """Events of lines that ran out of data, and of those that have data again."""
    for kind, exhausted in (("data_account.data_used_up", True), ("data_account.data_again", False)):
        events.record_many(
            kind,
            DataAccount,
            Customer,
            [
                events.Happening(
                    one.account_id, one.customer_id, one.username, _said(readings[one.account_id])
                )
                for one in known
                if readings[one.account_id].standing.exhausted is exhausted
                and (one.exhausted_since is not None) is not exhausted
            ],
            at=now,
        )


def _said(reading: Reading) -> dict[str, Any]:
    stands = reading.standing
    return {
        "used_octets": reading.used,
        "remaining_octets": stands.remaining,
        "until": stands.exhausted_until.isoformat() if stands.exhausted and stands.exhausted_until else None,
    }
