"""The only writer of `Session`, `UsageDay` and `QuarantinedPacket`: a batch of accounting packets becomes one
statement, one COMMIT.

Design Overview: whatever waits on a socket is recorded together and answered after COMMIT; without COMMIT
no answer leaves, and the NAS sends again. Counters are the NAS's cumulative totals and only ever grow
(GREATEST) unless the NAS began to count anew (`statement.sql`), so Start, Interim-Update and Stop may come in
any order and any number of times; the difference to what was known goes to `UsageDay`, split at the
provider's midnight by time. A reused Acct-Session-Id opens a new incarnation of its key.

The next report of a session that runs, in order and within a day, is nearly all there is: `moves.sql` records
those, as `starts.sql` does sessions that begin, and what they leave over goes to the statement that knows every
case. Only then, and only for a report
of a session that began long ago, are archived sessions asked: one that goes on is moved back in the same
transaction. One bad record never fails its neighbours: the batch is bisected to it, it is kept as a
`QuarantinedPacket` and acknowledged.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import psycopg2
import structlog
from django.conf import settings
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from ispbilling.core.clock import day_end, day_start, local_day, month_of
from radius.accounts.meaning import accounts
from radius.usage.partitions import USAGE, name
from radius.usage.reports import REBOOTED, SLACK, Quarantined, Reboot, Record, Report, rounds
from radius.wire.usernames import Usernames

log = structlog.get_logger(__name__)

# The columns of a Report whose values need no quotes in an array literal, and those that `moves.sql` and
# `starts.sql` take.
_NUMBERS = frozenset({0, 1, 2, 9, 10, 11, 12, 13, 14, 15})
_MOVES = (0, 2, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19)
_STARTS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 17, 18, 19)
_STATEMENT, _REVIVE, _MOVE, _BEGIN = (
    Path(__file__).with_name(name) for name in ("statement.sql", "revive.sql", "moves.sql", "starts.sql")
)
# Statements as they were measured to be best: what is prepared is planned once, and always by way of the indexes.
_SETTINGS = """
DEALLOCATE ALL; SET plan_cache_mode = force_generic_plan; SET jit = off;
SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off
"""
_ALL = range(len(Report._fields))
_GENERAL = "record_reports"
_ATTEMPTS = 5
# An archived session ended longer ago than RADIUS_ARCHIVE_DAYS; its start may have been estimated later.
_MARGIN = 86_400


class Recorder:
    """Records through one autocommit connection of its own; make a new one after the connection broke.
    `usernames` is the rule by which log-ins find their line.
    """

    def __init__(self, connection: Connection, usernames: Usernames) -> None:
        self._usernames = usernames
        self.connection, self._cursor = connection, connection.cursor()
        #: Since when a batch is under way (any steady clock in seconds), 0 for none: read by who watches over it.
        self.busy_since = 0.0
        self._revival = _REVIVE.read_text()
        sql = _STATEMENT.read_text().replace("{zone}", settings.TIME_ZONE.replace("'", "''"))
        self._cursor.execute(_SETTINGS)
        self._cursor.execute(f"PREPARE {_GENERAL} AS " + sql.replace("{slack}", str(SLACK)))
        _prepare(self._cursor, "begin_sessions", _BEGIN.read_text())
        self._days = _Days(self._cursor)

    def record(self, reports: Sequence[Record]) -> None:
        """Record the packets of a batch in arrival order, durably when this returns.

        Raises psycopg2.OperationalError or InterfaceError when the database is away: then nothing may be
        answered.
        """
        self.busy_since = time.monotonic()
        try:
            self._record(reports)
        finally:
            self.busy_since = 0.0

    def _record(self, reports: Sequence[Record]) -> None:
        waiting: list[Report] = []
        for one in reports:
            if isinstance(one, Report):
                waiting.append(one)
            elif isinstance(one, Quarantined):
                self._quarantine(one)
            else:
                self._record_reports(waiting)
                waiting = []
                self._retrying(partial(self._close_all, one))
        self._record_reports(waiting)

    def _record_reports(self, reports: list[Report]) -> None:
        if not reports:
            return
        if any(one.account_id is None for one in reports):
            reports = self._with_accounts(reports)
        for each in rounds(reports):
            self._round(each)

    def _round(self, reports: list[Report]) -> None:
        try:
            self._retrying(partial(self._write, reports))
        except (psycopg2.DataError, psycopg2.IntegrityError, psycopg2.errors.SyntaxError) as error:
            if len(reports) == 1:
                (one,) = reports
                reason = str(error).partition("\n")[0]
                self._quarantine(Quarantined(one.nas_id, one.at, one.username, reason, one._asdict()))
                return
            middle = len(reports) // 2
            self._round(reports[:middle])
            self._round(reports[middle:])

    def _retrying(self, act: Callable[[], None]) -> None:
        """Closing a whole NAS can meet a batch half-way; PostgreSQL then ends one of the two, which tries
        again.
        """
        for _attempt in range(_ATTEMPTS):
            try:
                act()
            except (psycopg2.errors.DeadlockDetected, psycopg2.errors.SerializationFailure):
                continue
            return
        act()

    def _write(self, reports: list[Report]) -> None:
        """Common reports by a fast statement, what is left by the one that knows all cases.

        Statements sent as one string are one transaction, and the last one alone says what it left over. That
        follows in another transaction: to record a report twice changes nothing, so neither does an end between
        the two.
        """
        day = self._days.of(reports[-1].at)
        common, others = _parted(reports, day)
        if common:
            statement = _execute(day.statement, _MOVES, common, day.arguments)
        elif all(map(_begins, others)) and not self._old(others):
            common, others = others, []
            statement = _execute("begin_sessions", _STARTS, common)
        else:
            self._cursor.execute(self._general(others))
            return
        self._cursor.execute((self._general(others) + ";" if others else "") + statement)
        if left := [common[place - 1] for (place,) in self._cursor.fetchall()]:
            self._cursor.execute(self._general(left))

    def _general(self, reports: list[Report]) -> str:
        return self._revive(reports) + _execute(_GENERAL, _ALL, reports)

    def _revive(self, reports: list[Report]) -> str:
        """What moves back the archived sessions of these reports; "" for reports that can have none."""
        old = self._old(reports)
        if not old:
            return ""
        first = min(one.began for one in old) - _MARGIN
        parameters = {
            "keys": [one.key for one in old],
            "ats": [one.at for one in old],
            "afters": [one.after for one in old],
            "month": month_of(local_day(datetime.fromtimestamp(first, UTC))).start,
        }
        return self._cursor.mogrify(self._revival, parameters).decode() + ";"

    def _old(self, reports: list[Report]) -> list[Report]:
        """Those whose session may be an archived one."""
        horizon = int(time.time()) - settings.RADIUS_ARCHIVE_DAYS * 86_400 + _MARGIN
        return [one for one in reports if one.began < horizon or not one.after]

    def _quarantine(self, one: Quarantined) -> None:
        """Keep what cannot be counted: it is acknowledged, and shown to staff."""
        log.error("accounting_quarantined", nas_id=one.nas_id, username=one.username, reason=one.reason)
        self._cursor.execute(
            "INSERT INTO radius_quarantinedpacket (at, nas_id, username, reason, report)"
            " VALUES (to_timestamp(%s), %s, %s, %s, %s)",
            [one.at, one.nas_id, one.username[:253], one.reason[:500], json.dumps(one.packet)],
        )

    def _with_accounts(self, reports: list[Report]) -> list[Report]:
        """Accounts the caller's snapshot did not know yet; a username nobody has stays without one."""
        sent = {one.username for one in reports if one.account_id is None}
        found = accounts(self._cursor, self._usernames, sent)
        return [
            one if one.account_id is not None else one._replace(account_id=found.get(one.username))
            for one in reports
        ]

    def _close_all(self, reboot: Reboot) -> None:
        # An array is filled once; a sub-select may be asked again for every row when the table looks empty.
        self._cursor.execute(
            """
            UPDATE radius_session_live
            SET stopped_at = GREATEST(updated_at, to_timestamp(%(at)s)), terminate_cause = %(cause)s
            WHERE id = ANY (ARRAY(
                SELECT id FROM radius_session_live
                WHERE nas_id = %(nas)s AND stopped_at IS NULL AND started_at <= to_timestamp(%(at)s)
                ORDER BY key, incarnation
                FOR UPDATE
            ))
            """,
            {"at": reboot.at, "nas": reboot.nas_id, "cause": REBOOTED},
        )


@dataclass(frozen=True, slots=True)
class _Day:
    """A local day as the fast statement is asked about it."""

    start: int
    end: int
    statement: str
    arguments: str


class _Days:
    """Prepares the fast statement for the month of a day, which it writes without asking its parent table."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._prepared: set[str] = set()
        self._last = _Day(0, 0, "", "")

    def of(self, moment: int) -> _Day:
        """The local day in which the moment (seconds since 1970) falls."""
        if not self._last.start <= moment < self._last.end:
            self._last = self._make(local_day(datetime.fromtimestamp(moment, UTC)))
        return self._last

    def _make(self, day: date) -> _Day:
        days = name(USAGE, day)
        self._cursor.execute("SELECT 1 WHERE to_regclass(%s) IS NOT NULL", [days])
        if self._cursor.fetchone() is None:  # not made yet: its parent knows where to
            days = USAGE
        statement = f"move_{days}"
        if statement not in self._prepared:
            _prepare(self._cursor, statement, _MOVE.read_text().replace("{days}", days))
            self._prepared.add(statement)
        start = int(day_start(day).timestamp())
        arguments = f",to_timestamp({start}),'{day}'"
        return _Day(start, int(day_end(day).timestamp()), statement, arguments)


def _parted(reports: list[Report], day: _Day) -> tuple[list[Report], list[Report]]:
    """Reports that may be common ones: made on that day, of a session that went on, no account twice."""
    common, others = [], []
    accounts = set()
    start, end = day.start, day.end
    for one in reports:
        account = one.account_id
        if one.seconds and start <= one.at < end and account not in accounts:
            common.append(one)
            if account is not None:
                accounts.add(account)
        else:
            others.append(one)
    return common, others


def _begins(one: Report) -> bool:
    """Whether it is a Start and nothing else."""
    return one.stopped is None and not (one.seconds or one.upload or one.download)


def _prepare(cursor: Cursor, statement: str, sql: str) -> None:
    """Prepare a statement, and under the name `one_...` the same for a single report: without arrays, and with the
    report planned into the rest, it costs PostgreSQL two thirds.
    """
    cursor.execute(f"PREPARE {statement} AS {sql}")
    reports, rest = sql.split(") WITH ORDINALITY", 1)
    reports = (
        reports.replace("AS (", "AS NOT MATERIALIZED (", 1).replace("unnest(", "(VALUES (").replace("[]", "")
    )
    cursor.execute(f"PREPARE one_{statement} AS {reports}, 1)){rest}")


def _execute(statement: str, chosen: Sequence[int], reports: list[Report], more: str = "") -> str:
    if len(reports) == 1 and statement != _GENERAL:
        (one,) = reports
        values = [_one(n, one[n]) for n in chosen]
        return f"EXECUTE one_{statement} ({','.join(values)}{more})"
    columns = list(zip(*reports, strict=True))
    literals = [_numbers(columns[n]) if n in _NUMBERS else _texts(columns[n]) for n in chosen]
    return f"EXECUTE {statement} ({','.join(literals)}{more})"


def _one(column: int, value: int | str | None) -> str:
    if value is None:
        return "NULL"
    text = str(value)
    return f"'{text}'" if column in _NUMBERS else "'" + text.replace("'", "''") + "'"


def _numbers(column: Sequence[int | str | None]) -> str:
    return "'{" + ",".join(["NULL" if value is None else str(value) for value in column]) + "}'"


def _texts(column: Sequence[str | None]) -> str:
    """A text array literal; built by hand because it is three times faster than adapting each element."""
    joined = '","'.join(["\0" if value is None else value for value in column])
    if "\\" in joined or "'" in joined or joined.count('"') != 2 * (len(column) - 1):
        quoted = [
            "NULL" if value is None else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
            for value in column
        ]
        return "'{" + ",".join(quoted).replace("'", "''") + "}'"
    joined = '"' + joined + '"'
    return "'{" + (joined.replace('"\0"', "NULL") if "\0" in joined else joined) + "}'"
