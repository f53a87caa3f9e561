"""What the counters become: rows that people read, a log line a minute, and NASes that must sign from now on.

One background thread per worker takes the counters every ten seconds. While PostgreSQL is away they are kept,
added up, and written later; a login never waits for any of it (W-11).
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from ipaddress import ip_address
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError, connection, transaction

from ispbilling.core.clock import local_day
from radius.nas import devices
from radius.server.counting import Counts, Tally
from radius.wire.sniffing import class_echoed, unknown_attributes

log = structlog.get_logger(__name__)

SECONDS, TELL_SECONDS, DAY_SECONDS = 10.0, 60.0, 86_400.0
# A moment for the worker to add the packet it has in hand to counters that were just taken.
SETTLE_SECONDS = 0.02
WORST = 10
# Bounds: rows waiting for PostgreSQL, strangers written at once, strangers kept, kinds of attributes a row names.
WAITING, STRANGERS_WRITTEN, STRANGERS_KEPT, KINDS = 10_000, 100, 1_000, 40

Row = dict[str, Any]
Ratcheted = Mapping[tuple[int, int], datetime]


class PostureLog:
    """Writes what one worker counted. `ratcheted` is the worker's own list of NASes seen to sign; `protected`
    says that TLS signs for all of them.
    """

    def __init__(
        self,
        counts: Counts,
        ratcheted: Ratcheted,
        names: Callable[[], Mapping[int, str]],
        protected: bool = False,
    ) -> None:
        self._protected = protected
        self._counts, self._ratcheted, self._names = counts, ratcheted, names
        self._written: set[tuple[int, int]] = set()
        self._rows: dict[tuple[int, date], Row] = {}
        self._strangers: Counter[bytes] = Counter()
        self._drops: Counter[str] = Counter()
        self._by_nas: dict[int, Counter[str]] = {}
        self._far: Counter[bytes] = Counter()
        self._unsigned_told: dict[int, float] = {}
        self._flush_at = self._tell_at = self._again_at = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="posture", daemon=True)

    def start(self) -> None:
        self._flush_at = time.monotonic() + SECONDS
        self._tell_at = time.monotonic() + TELL_SECONDS
        self._thread.start()

    def stop(self) -> None:
        """Write what was counted, then end; gives up after some seconds without PostgreSQL."""
        self._stopping.set()
        self._thread.join(5)

    def _run(self) -> None:
        while not self._stopping.wait(1.0):
            try:
                self._tick(time.monotonic())
            except Exception:  # counting must go on, whatever is wrong with what was counted
                log.exception("posture_failed", worker=self._counts.worker)
        self.collect(datetime.now(UTC))
        self.write(datetime.now(UTC))
        connection.close()

    def _tick(self, steady: float) -> None:
        now = datetime.now(UTC)
        if steady >= self._flush_at:
            self._flush_at = steady + SECONDS
            self.collect(now)
        if steady >= self._tell_at:
            self._tell_at = steady + TELL_SECONDS
            self.tell()
        due = self._rows or self._strangers or len(self._written) < len(self._ratcheted)
        if due and steady >= self._again_at and not self.write(now):
            self._again_at = steady + SECONDS

    def collect(self, now: datetime) -> None:
        """Take the worker's counters and add them to what waits."""
        tallies, strangers, dropped = self._counts.take()
        time.sleep(SETTLE_SECONDS)
        day = local_day(now)
        for nas_id, tally in tallies.items():
            self._add(nas_id, day, tally)
        self._drops += dropped
        # Of many, those that matter: the ones that send most.
        self._strangers = _worst(self._strangers + strangers, STRANGERS_WRITTEN)
        self._far = _worst(self._far + strangers, STRANGERS_WRITTEN)
        if strangers:
            self._drops["nas_unknown"] += strangers.total()

    def _add(self, nas_id: int, day: date, tally: Tally) -> None:
        if tally.drops:
            self._by_nas.setdefault(nas_id, Counter()).update(tally.drops)
        if self._protected:
            tally.unsigned = 0
        if tally.unsigned:
            self._warn_unsigned(nas_id)
        fresh = _row(nas_id, day, tally)
        waiting = self._rows.get((nas_id, day))
        if waiting is not None:
            _merge(waiting, fresh)
        elif len(self._rows) < WAITING:
            self._rows[nas_id, day] = fresh

    def _warn_unsigned(self, nas_id: int) -> None:
        """A NAS that does not send Message-Authenticator: said once a day, for CVE-2024-3596 is about it."""
        now = time.monotonic()
        if self._unsigned_told.get(nas_id, now - DAY_SECONDS) <= now - DAY_SECONDS:
            self._unsigned_told[nas_id] = now
            log.warning("message_authenticator_missing", worker=self._counts.worker, nas=self._name(nas_id))

    def _name(self, nas_id: int) -> str:
        return self._names().get(nas_id, str(nas_id))

    def tell(self) -> None:
        """At most one line for each NAS that sent what had to be dropped, and one for all strangers together."""
        worker = self._counts.worker
        for nas_id, reasons in self._by_nas.items():
            log.warning("radius_dropped", worker=worker, nas=self._name(nas_id), **reasons)
        if self._drops:
            worst = {
                str(ip_address(host)): n for host, n in self._far.most_common(WORST) if len(host) in (4, 16)
            }
            log.warning("radius_dropped", worker=worker, **self._drops, strangers=worst)
        self._by_nas, self._drops, self._far = {}, Counter(), Counter()

    def write(self, now: datetime) -> bool:
        """Write what waits; False while PostgreSQL is away, and then it keeps waiting."""
        try:
            for (nas_id, forgotten), at in list(self._ratcheted.items()):
                if (nas_id, forgotten) not in self._written:
                    with _briefly():
                        devices.ratchet(nas_id, forgotten, at)
                    self._written.add((nas_id, forgotten))
            if self._rows:
                with _briefly():
                    _write_rows(list(self._rows.values()))
                self._rows = {}
            if self._strangers:
                with _briefly():
                    _write_strangers(self._strangers, now)
                self._strangers = Counter()
        except (DatabaseError, InterfaceError) as error:
            log.warning("posture_not_written", worker=self._counts.worker, error=str(error).strip())
            connection.close()
            return False
        return True


@contextmanager
def _briefly() -> Iterator[None]:
    """A transaction that gives way to others rather than wait for their locks: what waits can wait longer."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '300ms'")
        yield


_SUMS = ("access", "accounting", "unsigned", "duplicates", "repeated", "class_asked", "class_echoed")


def _row(nas_id: int, day: date, tally: Tally) -> Row:
    samples = [sample for sample in (tally.access_sample, tally.accounting_sample) if sample]
    unknown = Counter(name for sample in samples for name in unknown_attributes(sample))
    return {
        "nas_id": nas_id,
        "day": day.isoformat(),
        "access": tally.access,
        "accounting": tally.accounting,
        "unsigned": tally.unsigned,
        "duplicates": tally.duplicates,
        "repeated": tally.repeated,
        "drops": dict(tally.drops),
        "unknown": dict(unknown),
        "skew": tally.skew,
        "worst_skew": tally.worst_skew,
        "class_asked": int(bool(tally.accounting_sample)),
        "class_echoed": int(class_echoed(tally.accounting_sample)) if tally.accounting_sample else 0,
        "access_at": _time(tally.access_at),
        "accounting_at": _time(tally.accounting_at),
    }


def _time(seconds: float) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds else None


def _merge(row: Row, later: Row) -> None:
    for name in _SUMS:
        row[name] += later[name]
    for name in ("drops", "unknown"):
        row[name] = dict(_worst(Counter(row[name]) + Counter(later[name]), KINDS))
    if later["skew"] is not None:
        row["skew"] = later["skew"]
        if row["worst_skew"] is None or abs(later["worst_skew"]) > abs(row["worst_skew"]):
            row["worst_skew"] = later["worst_skew"]
    for name in ("access_at", "accounting_at"):
        row[name] = later[name] or row[name]


def _worst(counter: Counter[Any], count: int) -> Counter[Any]:
    return Counter(dict(counter.most_common(count))) if len(counter) > count else counter


def _added(column: str) -> str:
    """Two JSON objects of counters added up in SQL, the largest kept."""
    return (
        f"{column} = (SELECT coalesce(jsonb_object_agg(kind, n), '{{}}') FROM (SELECT kind, sum(n::bigint) AS n"  # noqa: S608
        f" FROM (SELECT * FROM jsonb_each_text(p.{column}) UNION ALL SELECT * FROM jsonb_each_text(excluded.{column}))"
        f" AS both_of_them (kind, n) GROUP BY kind ORDER BY 2 DESC LIMIT {KINDS}) AS added)"
    )


_COLUMNS = (
    "nas_id, day, access, accounting, unsigned, duplicates, repeated, drops, unknown, skew, worst_skew,"
    " class_asked, class_echoed, access_at, accounting_at"
)
_ROWS = f"""
INSERT INTO radius_nasposture AS p ({_COLUMNS})
SELECT {_COLUMNS}
FROM jsonb_to_recordset(%s) AS x (
    nas_id bigint, day date, access bigint, accounting bigint, unsigned bigint, duplicates bigint, repeated bigint,
    drops jsonb, unknown jsonb, skew bigint, worst_skew bigint, class_asked bigint, class_echoed bigint,
    access_at timestamptz, accounting_at timestamptz)
WHERE EXISTS (SELECT FROM radius_nas WHERE radius_nas.id = x.nas_id)
ORDER BY nas_id, day
ON CONFLICT (nas_id, day) DO UPDATE SET
    {", ".join(f"{name} = p.{name} + excluded.{name}" for name in _SUMS)},
    {_added("drops")},
    {_added("unknown")},
    skew = coalesce(excluded.skew, p.skew),
    worst_skew = CASE WHEN p.worst_skew IS NULL OR abs(excluded.worst_skew) > abs(p.worst_skew)
                      THEN excluded.worst_skew ELSE p.worst_skew END,
    access_at = greatest(excluded.access_at, p.access_at),
    accounting_at = greatest(excluded.accounting_at, p.accounting_at)
"""  # noqa: S608 - the names are ours
_STRANGERS = """
INSERT INTO radius_stranger AS s (address, packets, first_at, last_at)
SELECT host, packets, %s, %s FROM jsonb_to_recordset(%s) AS x (host inet, packets bigint) ORDER BY host
ON CONFLICT (address) DO UPDATE SET packets = s.packets + excluded.packets, last_at = excluded.last_at
"""
_FORGET_STRANGERS = """
DELETE FROM radius_stranger WHERE id IN (
    SELECT id FROM radius_stranger ORDER BY last_at DESC, packets DESC OFFSET %s FOR UPDATE SKIP LOCKED)
"""


def _write_rows(rows: list[Row]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [json.dumps(rows)])


def _write_strangers(strangers: Counter[bytes], now: datetime) -> None:
    rows = [
        {"host": str(ip_address(host)), "packets": packets}
        for host, packets in strangers.items()
        if len(host) in (4, 16)
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_STRANGERS, [now, now, json.dumps(rows)])
            cursor.execute(_FORGET_STRANGERS, [STRANGERS_KEPT])
