"""Sessions and usage by month: partitions made ahead, ended sessions archived, old archives dropped.

Sessions that run, and those that ended within RADIUS_ARCHIVE_DAYS, share one hot partition that accounting
writes directly; its indexes stay small for ever. The others are moved into the month (of the provider's zone) of
their end. An archived session that turns out to go on is moved back by `recording`.

Dropping a month of sessions loses no octet of anybody's: the statement that writes a session adds the same
difference to `UsageDay` (see `statement.sql`), so there is never a session that is not rolled up, and usage
days are kept.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from ispbilling.core.clock import add_months, local_day, month_of
from radius.usage.models import LIVE, Session, SessionMark, UsageDay

SESSIONS, USAGE, MARKS = (model._meta.db_table for model in (Session, UsageDay, SessionMark))
#: By the local day on which something was used, each with a default partition; `radius.bundles` fills the second.
DAILY = (USAGE, "radius_draw", MARKS)
#: The month that runs and so many after it have their partitions.
AHEAD = 2
#: Sessions moved in one transaction.
SPAN = 5_000
# Putting a partition in or taking one out locks the whole table for a moment; a page that reads for long must not
# hold up all others.
_PATIENCE = "3s"


@dataclass(frozen=True, slots=True)
class Block:
    """Identifiers among which `count` sessions wait to be archived."""

    first: int
    last: int
    count: int


def name(table: str, month: date) -> str:
    """The partition of a month: `radius_session_2026_11`."""
    return f"{table}_{month:%Y_%m}"


def missing(now: datetime) -> list[tuple[str, date]]:
    """Partitions (table, first of the month) that are or will soon be needed and do not exist."""
    this = month_of(local_day(now)).start
    ahead = {add_months(this, n) for n in range(AHEAD + 1)}
    wanted = [(table, month) for table in DAILY for month in ahead | _months(_STRAYS.format(table=table))]
    wanted += [(SESSIONS, month) for month in ahead | _months(_MONTHS_DUE, _months_due(now))]
    return sorted((table, month) for table, month in wanted if not _exists(name(table, month)))


def create(table: str, month: date) -> bool:
    """Make the partition of a month unless it is there, with what waited for it; whether it was made.

    Attached, not created in place: accounting may go on writing meanwhile.
    """
    made, after = name(table, month), add_months(month, 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [made])
        if _exists(made):
            return False
        cursor.execute(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
        room = " WITH (fillfactor = 80)" if table in DAILY and table != MARKS else ""
        cursor.execute(f"CREATE TABLE {made} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS){room}")
        if table in DAILY:
            _take_strays(cursor, table, made, month, after)
        else:
            # A late packet asks for the key; unique it is not, a NAS may use an id again after it was archived.
            cursor.execute(f"CREATE INDEX {made}_key ON {made} (key)")
            # Told in one word that nothing runs here, PostgreSQL looks for running sessions in the hot one alone.
            cursor.execute(f"ALTER TABLE {made} ADD CONSTRAINT {made}_over CHECK (stopped_at IS NOT NULL)")
        cursor.execute(
            f"ALTER TABLE {table} ATTACH PARTITION {made} FOR VALUES FROM (%s) TO (%s)", [month, after]
        )
    return True


_STRAYS = "SELECT DISTINCT date_trunc('month', day)::date FROM {table}_default"


def _take_strays(cursor: Any, table: str, made: str, month: date, after: date) -> None:
    cursor.execute(f"LOCK TABLE {table}_default IN ACCESS EXCLUSIVE MODE")
    cursor.execute(
        f"WITH taken AS (DELETE FROM {table}_default WHERE day >= %s AND day < %s RETURNING *)"  # noqa: S608
        f" INSERT INTO {made} SELECT * FROM taken",
        [month, after],
    )


def archivable(now: datetime, span: int = SPAN) -> list[Block]:
    """Sessions that ended longer than RADIUS_ARCHIVE_DAYS ago, in blocks of about `span`."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT min(id), max(id), count(*)
            FROM (
                SELECT id, (row_number() OVER (ORDER BY id) - 1) / %s AS block
                FROM radius_session_live WHERE stopped_at < %s
            ) due
            GROUP BY block ORDER BY block
            """,
            [span, *_due(now)],
        )
        return [Block(*row) for row in cursor.fetchall()]


def archive(block: Block, now: datetime) -> int:
    """Move the block's sessions into the months of their ends; how many. Makes the partitions they need."""
    of_block = [block.first, block.last]
    for month in _months(f"{_MONTHS_DUE} AND id BETWEEN %s AND %s", [*_months_due(now), *of_block]):
        create(SESSIONS, month)
    with connection.cursor() as cursor:
        # Locked in the order in which accounting locks them, so that neither waits for the other in a circle.
        cursor.execute(
            f"""
            UPDATE radius_session s SET month = {_MONTH}
            FROM (
                SELECT id AS due FROM radius_session_live
                WHERE id BETWEEN %s AND %s AND stopped_at < %s
                ORDER BY key, incarnation FOR UPDATE
            ) locked
            WHERE s.id = due AND s.month = %s
            """,  # noqa: S608
            [settings.TIME_ZONE, *of_block, *_due(now), LIVE],
        )
        return int(cursor.rowcount)


def droppable(now: datetime) -> list[date]:
    """Months whose archived sessions have been kept for RADIUS_KEEP_SESSIONS_MONTHS (0: for ever)."""
    if not settings.RADIUS_KEEP_SESSIONS_MONTHS:
        return []
    oldest = add_months(month_of(local_day(now)).start, -settings.RADIUS_KEEP_SESSIONS_MONTHS)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_date(substr(inhrelid::regclass::text, %s), 'YYYY_MM') FROM pg_inherits"
            " WHERE inhparent = %s::regclass AND inhrelid::regclass::text ~ '_[0-9]{4}_[0-9]{2}$'",
            [len(SESSIONS) + 2, SESSIONS],
        )
        return sorted(month for (month,) in cursor.fetchall() if month < oldest)


def count(month: date) -> int:
    """Sessions archived in the month."""
    return Session.objects.filter(month=month).count()


def drop(month: date, now: datetime) -> bool:
    """Drop a month of archived sessions; False when it is not (or no longer) due."""
    if month not in droppable(now):
        return False
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
        cursor.execute(f"DROP TABLE {name(SESSIONS, month)}")
        # A session of the month that comes next may have begun in this one: its marks stay for a month more.
        cursor.execute(f"DROP TABLE IF EXISTS {name(MARKS, add_months(month, -1))}")
    return True


# The local month in which a session ended; the parameter is the provider's zone.
_MONTH = "date_trunc('month', stopped_at AT TIME ZONE %s)::date"
_MONTHS_DUE = f"SELECT DISTINCT {_MONTH} FROM radius_session_live WHERE stopped_at < %s"  # noqa: S608


def _months_due(now: datetime) -> list[Any]:
    return [settings.TIME_ZONE, *_due(now)]


def _due(now: datetime) -> list[datetime]:
    return [now - timedelta(days=settings.RADIUS_ARCHIVE_DAYS)]


def _months(sql: str, parameters: list[Any] | None = None) -> set[date]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return {month for (month,) in cursor.fetchall()}


def _exists(relation: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [relation])
        return bool(cursor.fetchone()[0])
