"""What lines hold, as the pure functions want it: read for many lines at once."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ispbilling.core.clock import day_end, day_start
from radius.bundles.drawing import Counted, Holding, Mark, Metered

# Bundles of which something may have been drawn since an instant, or may be.
_HELD = """
SELECT data_account_id, id, kind, octets, drawn_octets, starts_at, draws_from, expires_at, voided_at, origin_at,
       valid_seconds
FROM radius_databundle
WHERE data_account_id = ANY(%(ids)s::bigint[]) AND (expires_at IS NULL OR expires_at > %(since)s)
"""
_SPANS = """
SELECT data_account_id, since, until, counts = 'download' FROM radius_meteredspan
WHERE data_account_id = ANY(%(ids)s::bigint[]) AND (until IS NULL OR until > %(since)s)
"""
_MARKS = """
SELECT data_account_id, at, upload_octets, download_octets FROM radius_usagemark
WHERE data_account_id = ANY(%(ids)s::bigint[]) AND at >= %(since)s
"""
_DAYS = """
SELECT data_account_id, day, upload_octets, download_octets FROM radius_usageday
WHERE data_account_id = ANY(%(ids)s::bigint[]) AND day >= %(day)s
"""
_DRAWS = """
SELECT data_account_id, day, bundle_id, octets FROM radius_draw
WHERE data_account_id = ANY(%(ids)s::bigint[]) AND day >= %(day)s
"""
_MONTH = """
SELECT data_account_id, bundle_id, sum(octets)::bigint FROM radius_draw
WHERE data_account_id = ANY(%(ids)s::bigint[]) AND day >= %(first)s AND day < %(end)s
GROUP BY data_account_id, bundle_id
"""


@dataclass(slots=True)
class Held:
    """A bundle with its kind and what was drawn from it."""

    holding: Holding
    kind: str
    drawn: int

    @property
    def left(self) -> int:
        return self.holding.octets - self.drawn


@dataclass(slots=True)
class Line:
    """What a line holds, and what it used and drew since a day."""

    since: date
    bundles: dict[int, Held]
    spans: list[Metered]
    marks: list[Mark]
    days: dict[date, Counted]
    draws: dict[tuple[date, int | None], int]


def lines(cursor: Any, account_ids: Collection[int], since: date, held: date) -> dict[int, Line]:
    """The lines with everything that drawing since that day needs, and the bundles that were not over on `held`."""
    asked = {"ids": list(account_ids), "since": day_start(since), "day": since}
    found = {account_id: Line(since, {}, [], [], {}, {}) for account_id in account_ids}
    for account_id, one in bundles(cursor, account_ids, day_start(min(since, held))):
        found[account_id].bundles[one.holding.pk] = one
    for account_id, begins, until, download_only in _rows(cursor, _SPANS, asked):
        found[account_id].spans.append(Metered(begins, until, download_only))
    for account_id, at, upload, download in _rows(cursor, _MARKS, asked):
        found[account_id].marks.append(Mark(at, upload, download))
    for account_id, day, upload, download in _rows(cursor, _DAYS, asked):
        found[account_id].days[day] = Counted(day, day_start(day), day_end(day), upload, download)
    for account_id, day, bundle_id, octets in _rows(cursor, _DRAWS, asked):
        found[account_id].draws[day, bundle_id] = octets
    return found


def bundles(cursor: Any, account_ids: Iterable[int], since: datetime) -> Iterable[tuple[int, Held]]:
    """Account ids and bundles that were not over at the instant, also what was taken back."""
    rows = _rows(cursor, _HELD, {"ids": list(account_ids), "since": since})
    for account_id, pk, kind, octets, drawn, starts, draws_from, expires, voided, origin, valid in rows:
        ends = min(expires, voided) if expires and voided else expires or voided
        holding = Holding(pk, octets, starts, draws_from, expires, ends, origin, valid)
        yield account_id, Held(holding, kind, drawn)


def drawn_in(
    cursor: Any, account_ids: Collection[int], first: date, end: date
) -> Mapping[int, Mapping[int | None, int]]:
    """Octets drawn from each bundle (None: over the cap) on the days from `first` up to `end`, by line."""
    found: dict[int, dict[int | None, int]] = defaultdict(dict)
    for account_id, bundle_id, octets in _rows(
        cursor, _MONTH, {"ids": list(account_ids), "first": first, "end": end}
    ):
        found[account_id][bundle_id] = octets
    return found


def _rows(cursor: Any, sql: str, parameters: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
    cursor.execute(sql, parameters)
    rows: Sequence[Sequence[Any]] = cursor.fetchall()
    return rows


def coming(octets: int, starts: datetime, ends: datetime) -> Holding:
    """A monthly bundle that is due and not granted yet."""
    return Holding(0, octets, starts, starts, ends, ends, starts)
