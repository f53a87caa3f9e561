"""Whole months in SQL: which lines lack their grant, what has ended and rolls over, what was rolled too far.

The same decisions as `deciding` and `regulation`, for as many lines as there are; a test holds both against each
other. Nothing here is decided from what a sweep did before: `source` and the parent say what is there already.

Statistics never know the rows of this night: what is there already is looked up row by row through an index (a scalar
sub-select, a lateral with OFFSET), which no estimate can turn into comparing all with all. Such a look names the key
alone: told the kind as well, it is made through the index of that kind, which is thought to be empty, and read whole.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection

from ispbilling.core.clock import Period, day_start, local_day, month_of
from radius.rolling.regulation import SHORT

#: For so long after a bundle ended, its rollover follows late accounting up, and late choices count.
GRACE: Final = timedelta(hours=48)

#: Lines that are to have a monthly bundle of a month: capped, not prepaid, in service on one of its days.
_LACKING: Final = """
SELECT a.id FROM radius_dataaccount a
JOIN radius_package p ON p.id = a.package_id
WHERE NOT a.prepaid AND p.cap_octets IS NOT NULL
  AND a.starts_on < %(end_day)s AND (a.ends_on IS NULL OR a.ends_on >= %(start_day)s)
  AND (SELECT b.id FROM radius_databundle b
    WHERE b.data_account_id = a.id AND b.month = %(start_day)s AND b.kind = 'monthly' LIMIT 1) IS NULL
  AND a.customer_id NOT IN (
    SELECT customer_id FROM customers_gate
    WHERE kind IN ('deleted', 'cancelled') AND since <= %(start)s AND (until IS NULL OR until > %(now)s))
ORDER BY a.id
"""

#: What a line's owner, package, category, group and the settings say of its unused data, in months.
_MONTHS: Final = """
COALESCE(
  {own}, CASE WHEN p.cap_kind = 'soft' AND NOT a.prepaid AND NOT s.rollover_soft_capped THEN 0 END,
  CASE WHEN p.{package} THEN COALESCE(p.{package}_months, 1) WHEN NOT p.{package} THEN 0 END,
  (SELECT max(t.{category}) FROM customers_customer_categories m JOIN groups_category t ON t.id = m.category_id
    WHERE m.customer_id = a.customer_id),
  CASE WHEN g.auto_data_rollover THEN s.group_months END, s.{system})
"""
_MONTHLY: Final = _MONTHS.format(
    own="e.monthly_months", package="rollover_monthly", category="rollover_months", system="rollover_months"
)
_TOPUP: Final = _MONTHS.format(
    own="e.topup_months",
    package="rollover_topup",
    category="rollover_topup_months",
    system="rollover_topup_months",
)

#: What ended with something left, nothing rolled from it yet, and should. A bundle that came of another one (rolled
#: over, transferred) is judged by the one that was granted first: its kind, its price, how long it was valid.
_ENDED: Final = f"""
WITH RECURSIVE ended AS MATERIALIZED (
  SELECT b.* FROM radius_databundle b
  WHERE b.expires_at > %(since)s AND b.expires_at <= %(now)s AND b.voided_at IS NULL
    AND b.data_account_id BETWEEN %(first)s AND %(last)s
    AND (%(lines)s::bigint[] IS NULL OR b.data_account_id = ANY(%(lines)s))
    AND b.octets > b.drawn_octets AND NOT b.promotional
    AND (SELECT r.id FROM radius_databundle r WHERE r.parent_id = b.id AND r.kind = 'rollover' LIMIT 1) IS NULL
), line AS (
  SELECT id AS bundle_id, kind, parent_id, price, starts_at, expires_at FROM ended
  UNION ALL
  SELECT line.bundle_id, up.kind, up.parent_id, up.price, up.starts_at, up.expires_at
  FROM line CROSS JOIN LATERAL (SELECT * FROM radius_databundle WHERE id = line.parent_id OFFSET 0) up
), judged AS (
  SELECT b.id, b.data_account_id, b.title, b.octets - b.drawn_octets AS unused, b.expires_at, b.origin_at,
    b.rolled_count, root.kind = 'monthly' AS monthly, root.expires_at - root.starts_at AS valid,
    CASE WHEN root.kind = 'monthly' THEN {_MONTHLY} ELSE {_TOPUP} END AS months, p.rollover_max_octets AS most,
    b.rolled_count = 0 AND root.expires_at - root.starts_at > %(short)s
      AND root.price > 0
      AND (b.expires_at AT TIME ZONE %(zone)s)::date >= s.regulation_from AS lawful
  FROM ended b
  JOIN line root ON root.bundle_id = b.id AND root.parent_id IS NULL
  JOIN radius_dataaccount a ON a.id = b.data_account_id
  JOIN radius_package p ON p.id = a.package_id
  JOIN customers_customer c ON c.id = a.customer_id
  JOIN groups_customergroup g ON g.id = c.group_id
  JOIN radius_datasettings s ON s.id = 1
  LEFT JOIN radius_customerdataexpiry e ON e.customer_id = c.id
  WHERE (a.prepaid OR p.cap_octets IS NOT NULL)
    AND (a.ends_on IS NULL OR a.ends_on >= (b.expires_at AT TIME ZONE %(zone)s)::date)
    AND NOT EXISTS (
      SELECT FROM customers_gate x
      WHERE x.customer_id = c.id AND x.kind IN ('deleted', 'cancelled')
        AND x.since <= b.expires_at AND (x.until IS NULL OR x.until > b.expires_at))
), rolling AS (
  SELECT *, CASE
      WHEN most IS NULL OR lawful IS TRUE THEN unused
      ELSE LEAST(unused, GREATEST(0, most - (
          SELECT COALESCE(sum(h.octets - h.drawn_octets), 0) FROM radius_databundle h
          WHERE h.data_account_id = judged.data_account_id AND h.kind = 'rollover' AND h.voided_at IS NULL
            AND h.expires_at > judged.expires_at)
        - COALESCE(sum(unused) OVER (PARTITION BY data_account_id ORDER BY expires_at, origin_at, id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)))
    END AS octets
  FROM judged WHERE rolled_count < GREATEST(months, CASE WHEN lawful THEN 1 ELSE 0 END)
)
"""  # noqa: S608 - constants of this module

_ROLL: Final = f"""
{_ENDED}
INSERT INTO radius_databundle (
  data_account_id, kind, title, octets, drawn_octets, price, promotional, starts_at, expires_at,
  draws_from, origin_at, source, parent_id, rolled_count, voided_reason, created_at)
SELECT data_account_id, 'rollover',
  left(CASE WHEN rolled_count = 0 THEN 'Rollover of ' || title ELSE title END, 120), octets, 0, 0, false, expires_at,
  CASE WHEN monthly
    THEN (date_trunc('month', expires_at AT TIME ZONE %(zone)s) + interval '1 month') AT TIME ZONE %(zone)s
    ELSE GREATEST((expires_at AT TIME ZONE %(zone)s + interval '1 month') AT TIME ZONE %(zone)s, expires_at + valid)
  END,
  expires_at, origin_at, 'rollover:' || id, id, rolled_count + 1, '', %(now)s
FROM rolling WHERE octets > 0
ORDER BY data_account_id, id
ON CONFLICT DO NOTHING
RETURNING data_account_id, starts_at
"""  # noqa: S608

#: Lines on which something ended with data left that may have been all they had: the others live from their new month.
_URGENT: Final = """
SELECT DISTINCT b.data_account_id FROM radius_databundle b
JOIN radius_dataaccount a ON a.id = b.data_account_id
WHERE a.id = ANY(%(lines)s::bigint[]) AND b.expires_at > %(since)s AND b.expires_at <= %(now)s
  AND b.voided_at IS NULL AND b.octets > b.drawn_octets AND (a.prepaid OR b.expires_at <> %(month)s)
"""

#: Ranges of lines with so many rows to write in each.
_RANGES: Final = """
SELECT min(line), max(line), count(*) FROM (
  SELECT line, (row_number() OVER (ORDER BY line) - 1) / %(chunk)s AS part FROM ({rows}) rows) parts
GROUP BY part ORDER BY part
"""
_ROLL_RANGES: Final = _ENDED + _RANGES.format(
    rows="SELECT data_account_id AS line FROM rolling WHERE octets > 0"
)

#: What was rolled over and is not over yet, and what that rolled on from, beside what its parent leaves now. `gone`
#: cannot be taken back: it was drawn, or given away. Up only for so long after the parent ended, or when somebody asks,
#: and never where a package limits what rolls.
CORRECTIONS: Final = """
WITH RECURSIVE held AS (
  SELECT id, parent_id FROM radius_databundle
  WHERE kind = 'rollover' AND expires_at > %(now)s
    AND (%(lines)s::bigint[] IS NULL OR data_account_id = ANY(%(lines)s))
  UNION ALL
  SELECT up.id, up.parent_id
  FROM held CROSS JOIN LATERAL (SELECT * FROM radius_databundle WHERE id = held.parent_id OFFSET 0) up
  WHERE up.kind = 'rollover'
)
SELECT id, line, rolled, gone, given, unused, may_grow, began FROM (
  SELECT r.id, r.data_account_id AS line, r.starts_at AS began,
    CASE WHEN r.voided_at IS NULL THEN r.octets ELSE 0 END + given.octets AS rolled,
    r.drawn_octets + given.octets AS gone, given.octets AS given,
    CASE WHEN up.voided_at IS NULL THEN up.octets - up.drawn_octets ELSE 0 END AS unused,
    (up.expires_at > %(grace)s OR %(grow)s) AND p.rollover_max_octets IS NULL AS may_grow
  FROM held JOIN radius_databundle r ON r.id = held.id
  JOIN radius_databundle up ON up.id = r.parent_id
  JOIN radius_dataaccount a ON a.id = r.data_account_id
  JOIN radius_package p ON p.id = a.package_id
  CROSS JOIN LATERAL (
    SELECT COALESCE(sum(t.octets), 0)::bigint AS octets FROM radius_datatransfer t
    WHERE t.from_bundle_id = r.id AND t.undone_at IS NULL) given
  WHERE r.voided_at IS NULL OR r.voided_reason = %(nothing)s
) found
WHERE rolled > GREATEST(unused, gone) OR (unused > rolled AND may_grow)
ORDER BY line, id
"""


def owed(since: datetime, until: datetime) -> int:
    """Bundles that ended in this time with data left, and have to roll over by law, and have not."""
    statement = f"{_ENDED} SELECT count(*) FROM rolling WHERE lawful"  # noqa: S608 - a constant of this module
    with connection.cursor() as cursor:
        cursor.execute(statement, {**_when(since, until), "first": 0, "last": 2**62})
        return int(cursor.fetchone()[0])


def lacking(month: Period, now: datetime) -> list[int]:
    """The lines whose bundle of the month is missing."""
    facts = {"start_day": month.start, "end_day": month.end, "start": day_start(month.start), "now": now}
    with connection.cursor() as cursor:
        cursor.execute(_LACKING, facts)
        return [line for (line,) in cursor.fetchall()]


def ended(since: datetime, now: datetime, chunk: int) -> list[tuple[int, int, int]]:
    """Chunks of lines on which something that ended since then rolls over: the first and last line, and how many
    bundles roll over.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ROLL_RANGES, {**_when(since, now), "first": 0, "last": 2**62, "chunk": chunk})
        return [(int(first), int(last), int(count)) for first, last, count in cursor.fetchall()]


def roll(since: datetime, first: int, last: int, now: datetime) -> list[tuple[int, datetime]]:
    """Roll over what ended on these lines, with one statement: line and beginning of each new bundle."""
    with connection.cursor() as cursor:
        cursor.execute(_ROLL, {**_when(since, now), "first": first, "last": last})
        return [(line, begins) for line, begins in cursor.fetchall()]


def roll_urgent(lines: Sequence[int], since: datetime, now: datetime) -> int:
    """Roll over what ended since then on those of these lines that may have nothing else; how many bundles."""
    with connection.cursor() as cursor:
        month = day_start(month_of(local_day(now)).start)
        cursor.execute(_URGENT, {"lines": list(lines), "since": since, "now": now, "month": month})
        urgent = [line for (line,) in cursor.fetchall()]
        if not urgent:
            return 0
        cursor.execute(_ROLL, {**_when(since, now), "first": 0, "last": 2**62, "lines": urgent})
        return len(cursor.fetchall())


def _when(since: datetime, now: datetime) -> dict[str, Any]:
    return {"since": since, "now": now, "zone": settings.TIME_ZONE, "short": SHORT, "lines": None}
