"""The loop of the drawing process: usage becomes draws within a second or two, and never makes accounting wait.

It works in small batches and rests as long as it worked, so that a flood of accounting is drawn a little later and not
recorded a little later. What it was not told of it finds: lines whose meter no longer holds every second, recent usage
that is not drawn every few minutes, that of this month and the last when it starts and every hour.
"""

import threading
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from itertools import islice
from time import monotonic

import structlog
from django.db import DatabaseError, InterfaceError, connection
from psycopg2.extensions import connection as Connection

from ispbilling.core import clock
from ispbilling.core.clock import add_months, local_day, month_of
from radius.accounts.models import DataAccount
from radius.bundles import behind, counting, settling
from radius.server.following import Between

log = structlog.get_logger(__name__)

#: Lines counted in one transaction, and how long a turn works on them at most.
BATCH, WORK_SECONDS = 250, 0.5
TURN_SECONDS, RECENT_SECONDS, ALL_SECONDS = 1.0, 300.0, 3600.0
_BACK_OFF_SECONDS = 1.0


class Metered:
    """What the process keeps in memory: which lines have a meter, so that the others cost nothing."""

    def __init__(self) -> None:
        self.lines: set[int] = set()

    def reload(self, connection: Connection, between: Between) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT data_account_id FROM radius_meter")
            self.lines = {account_id for (account_id,) in cursor.fetchall()}

    def apply(self, connection: Connection, scope: str, ids: list[int]) -> None:
        if scope != "account":
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT data_account_id FROM radius_meter WHERE data_account_id = ANY(%s)", [ids])
            found = {account_id for (account_id,) in cursor.fetchall()}
        self.lines = (self.lines - set(ids)) | found


class Drawer:
    """Draws what `hear()` tells of; `metered` is kept current by a follower, which tells of changed facts too."""

    def __init__(self, hear: Callable[[], set[int]], metered: Metered) -> None:
        self._hear, self._metered = hear, metered
        self._told: set[str] = {"*"}
        self._lock = threading.Lock()
        self._pending: dict[int, None] = {}
        self._recent_at = self._all_at = 0.0
        self._hurried: object = None
        self._strange: set[int] = set()

    def tell(self, payloads: Iterable[str]) -> None:
        """Facts changed, named as PostgreSQL's notifications name them; from any thread."""
        with self._lock:
            self._told |= set(payloads)

    def run(self, stopping: Callable[[], bool]) -> None:
        """Draw until `stopping()`; while PostgreSQL is away, wait."""
        pause = threading.Event()
        while not stopping():
            began = monotonic()
            try:
                self.turn(clock.now())
            except (DatabaseError, InterfaceError) as error:
                log.warning("drawing_failed", error=str(error).strip())
                self._start_over(pause)
            except Exception:
                log.exception("drawing_failed")
                self._start_over(pause)
            spent = monotonic() - began
            pause.wait(max(TURN_SECONDS - spent, min(spent, TURN_SECONDS)))

    def _start_over(self, pause: threading.Event) -> None:
        """What was in hand is found again by comparing."""
        connection.close()
        self._pending.clear()
        self._recent_at = self._all_at = 0.0
        self.tell({"*"})
        pause.wait(_BACK_OFF_SECONDS)

    def turn(self, now: datetime) -> int:
        """Settle what changed, and draw what is to be drawn for as long as a turn may last; how many lines."""
        self._hurry()
        end, done = monotonic() + WORK_SECONDS, 0
        self._settle(now, end)
        # A line that came to be metered a moment ago may not be among them yet: it is asked for once more.
        heard = self._hear()
        self._pending |= dict.fromkeys((heard | self._strange) & self._metered.lines)
        self._strange = heard - self._metered.lines
        self._catch_up(now)
        # First lines whose meter no longer holds: a month that began opens what was closed.
        while monotonic() < end and (batch := behind.due(now, BATCH)):
            counting.count(batch, now, waiting=False)
            done += len(batch)
            if len(batch) < BATCH:
                break
        while (batch := list(islice(self._pending, BATCH))) and monotonic() < end:
            counting.count(batch, now, waiting=False)
            for account_id in batch:
                del self._pending[account_id]
            done += len(batch)
        return done

    def _hurry(self) -> None:
        """Whoever has a line locked counts it too: nobody is waited for."""
        connection.ensure_connection()
        if self._hurried is not connection.connection:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '500ms'")
            self._hurried = connection.connection

    def _settle(self, now: datetime, end: float) -> None:
        with self._lock:
            told, self._told = self._told, set()
        if "*" in told:
            while (found := settling.settle(None, now)) >= settling.MOST and monotonic() < end:
                pass
            if found >= settling.MOST:
                self.tell({"*"})
            return
        named: dict[str, list[int]] = {"account": [], "package": []}
        for payload in told:
            scope, _, number = payload.partition(":")
            if scope in named and number.isdigit():
                named[scope].append(int(number))
        ids = set(named["account"])
        if named["package"]:
            ids |= set(DataAccount.objects.filter(package__in=named["package"]).values_list("pk", flat=True))
        some = iter(sorted(ids))
        while batch := list(islice(some, settling.MOST)):
            settling.settle(batch, now)

    def _catch_up(self, now: datetime) -> None:
        moment, today = monotonic(), local_day(now)
        if moment >= self._all_at:
            since = add_months(month_of(today).start, -1)
            self._all_at, self._recent_at = moment + ALL_SECONDS, moment + RECENT_SECONDS
            self.tell({"*"})
        elif moment >= self._recent_at:
            since = today - timedelta(days=counting.DAYS)
            self._recent_at = moment + RECENT_SECONDS
        else:
            return
        for day, ids in _by_day(behind.behind(since)).items():
            if day >= today - timedelta(days=counting.DAYS):
                self._pending |= dict.fromkeys(ids)
                continue
            for start in range(0, len(ids), BATCH):
                counting.count(ids[start : start + BATCH], now, since=day)


def _by_day(found: dict[int, date]) -> dict[date, list[int]]:
    days: dict[date, list[int]] = {}
    for account_id, day in found.items():
        days.setdefault(day, []).append(account_id)
    return days
