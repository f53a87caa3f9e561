"""The loop of the drawing process: usage becomes draws within a second or two, and never makes accounting wait.

It works in small batches and rests as long as it worked; in a flood of accounting it works a fifth of the time, until
somebody has waited for a minute: so a flood is drawn a little later, and not recorded a little later. What it was not
told of it finds: lines whose meter no longer holds every second, recent usage that is not drawn every few minutes, that
of this month and the last when it starts and every hour.
"""

import threading
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from itertools import islice
from time import monotonic

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from psycopg2.extensions import connection as Connection

from ispbilling.core import clock
from ispbilling.core.clock import add_months, local_day, month_of
from radius.accounts.models import DataAccount
from radius.bundles import behind, counting, recounting, settling
from radius.rolling import sets
from radius.server.following import Between
from radius.server.hints import SOMEBODY

log = structlog.get_logger(__name__)

#: Lines counted in one transaction, and how long a turn works on them at most.
BATCH, WORK_SECONDS = 250, 0.5
#: A flood is so many lines told of in a turn; then it works less, as long as no line waited longer than that.
FLOOD, FLOOD_SECONDS, WAIT_SECONDS = 2000, 0.2, 60.0
TURN_SECONDS, RECENT_SECONDS, ALL_SECONDS = 1.0, 300.0, 3600.0
#: Between looks at what is not drawn when somebody used something of whom it is not said who.
SOMEBODY_SECONDS = 10.0
#: Lines settled at a time, of those that are told of and of all; how long one that could not be counted is left alone.
SETTLED, LOOKED, PARKED_SECONDS = 100, 1000, 3600.0
_BACK_OFF_SECONDS = 1.0
#: What ended longer ago is rolled over by the sweep.
ROLLED = timedelta(hours=1)


class Metered:
    """What the process keeps in memory: which lines have a meter, so that the others cost nothing."""

    def __init__(self) -> None:
        self.lines: set[int] = set()
        self._new: set[int] = set()
        self._lock = threading.Lock()

    def reload(self, connection: Connection, between: Between) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT data_account_id FROM radius_meter")
            self._learn({account_id for (account_id,) in cursor.fetchall()}, bool(self.lines))

    def apply(self, connection: Connection, scope: str, ids: list[int]) -> None:
        if scope != "account":
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT data_account_id FROM radius_meter WHERE data_account_id = ANY(%s)", [ids])
            found = {account_id for (account_id,) in cursor.fetchall()}
        self._learn((self.lines - set(ids)) | found, True)

    def _learn(self, lines: set[int], telling: bool) -> None:
        with self._lock:
            if telling:
                self._new |= lines - self.lines
            self.lines = lines

    def new(self) -> set[int]:
        """Those that came to have one since the last time: what they used until then nobody was told of."""
        with self._lock:
            found, self._new = self._new, set()
        return found


class Drawer:
    """Draws what `hear()` tells of; `metered` is kept current by a follower, which tells of changed facts too."""

    def __init__(self, hear: Callable[[], set[int]], metered: Metered) -> None:
        self._hear, self._metered = hear, metered
        self._told: set[str] = {"*"}
        self._lock = threading.Lock()
        self._pending: dict[int, float] = {}  # since when each is waiting, the longest first
        self._late: dict[int, date] = {}
        self._recent_at = self._all_at = self._looked_at = 0.0
        self._hurried: object = None
        self._unsettled: set[int] = set()
        self._settled_to: int | None = None  # all lines are gone through, up to this one so far
        self._parked: dict[int, float] = {}

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
        self._late.clear()
        self._recent_at = self._all_at = 0.0
        self.tell({"*"})
        pause.wait(_BACK_OFF_SECONDS)

    def turn(self, now: datetime) -> int:
        """Settle what changed, and draw what is to be drawn for as long as a turn may last; how many lines."""
        self._hurry()
        self._settle(now, monotonic() + WORK_SECONDS)
        heard = self._hear()
        told = self._metered.new() | (heard & self._metered.lines)
        self._wait(told - self._parked.keys())
        if SOMEBODY in heard:
            self._recent_at = min(self._recent_at, self._looked_at + SOMEBODY_SECONDS)
        self._catch_up(now)
        done, end = 0, monotonic() + WORK_SECONDS
        # First lines whose meter no longer holds: a month that began opens what was closed.
        while monotonic() < end and (batch := self._due(now)):
            self._roll(batch, now)
            done += self._count(batch, now)
            if len(batch) < BATCH:
                break
        end = monotonic() + (FLOOD_SECONDS if len(told) > FLOOD and not self._waited() else WORK_SECONDS)
        while monotonic() < end and (batch := list(islice(self._pending, BATCH))):
            done += self._count(batch, now)
            for account_id in batch:
                del self._pending[account_id]
        end = monotonic() + WORK_SECONDS
        while monotonic() < end and self._late:
            since = min(self._late.values())
            batch = [account_id for account_id, day in self._late.items() if day == since][:BATCH]
            done += self._count(batch, now, since)
            for account_id in batch:
                del self._late[account_id]
        return done

    def _wait(self, account_ids: Iterable[int]) -> None:
        moment = monotonic()
        for account_id in account_ids:
            self._pending.setdefault(account_id, moment)

    def _waited(self) -> bool:
        """Whether a line has waited for as long as one may."""
        return next(iter(self._pending.values()), monotonic()) < monotonic() - WAIT_SECONDS

    def _due(self, now: datetime) -> list[int]:
        found = behind.due(now, BATCH + len(self._parked))
        return [account_id for account_id in found if account_id not in self._parked][:BATCH]

    def _roll(self, batch: list[int], now: datetime) -> None:
        """What ended with data left rolls over before the line is found to have none: nobody is cut off for it. What
        fails here, or ended while nobody drew, is left to the sweep.
        """
        try:
            with transaction.atomic():
                sets.roll_urgent(batch, now - ROLLED, now)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("bundles_not_rolled", lines=len(batch))

    def _count(self, batch: list[int], now: datetime, since: date | None = None) -> int:
        """Count the lines, how many; one that cannot be counted holds up no other. `since`: of an older day on."""
        try:
            if since is None:
                counting.count(batch, now, waiting=False)
            else:
                recounting.late(batch, now, since)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("lines_not_drawn", lines=len(batch))
        else:
            return len(batch)
        if len(batch) == 1:
            log.error("line_parked", data_account=batch[0])
            self._parked[batch[0]] = monotonic() + PARKED_SECONDS
            return 0
        middle = len(batch) // 2
        return self._count(batch[:middle], now, since) + self._count(batch[middle:], now, since)

    def _hurry(self) -> None:
        """Whoever has a line locked counts it too: nobody is waited for."""
        connection.ensure_connection()
        if self._hurried is not connection.connection:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '500ms'")
            self._hurried = connection.connection

    def _settle(self, now: datetime, end: float) -> None:
        """What is not done when time is up is done in the next turn."""
        with self._lock:
            told, self._told = self._told, set()
        packages = [int(one.partition(":")[2]) for one in told if _numbered(one, "package")]
        self._unsettled |= {int(one.partition(":")[2]) for one in told if _numbered(one, "account")}
        if packages:
            lines = DataAccount.objects.filter(package__in=packages)
            self._unsettled |= set(lines.values_list("pk", flat=True))
        while self._unsettled and monotonic() < end:
            some = list(islice(self._unsettled, SETTLED))
            self._settle_lines(some, now)
            self._unsettled -= set(some)
        if "*" in told:
            self._settled_to = 0
        while self._settled_to is not None and monotonic() < end:
            some = settling.lines_after(self._settled_to, LOOKED)
            self._settle_lines(some, now, patient=True)
            self._settled_to = some[-1] if some else None

    def _settle_lines(self, account_ids: list[int], now: datetime, *, patient: bool = False) -> None:
        """As `settling.settle`; a line that cannot be settled is logged, and holds up neither others nor drawing."""
        try:
            settling.settle(account_ids, now, patient=patient)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("lines_not_settled", lines=len(account_ids))
            if len(account_ids) > 1:
                middle = len(account_ids) // 2
                self._settle_lines(account_ids[:middle], now, patient=patient)
                self._settle_lines(account_ids[middle:], now, patient=patient)

    def _catch_up(self, now: datetime) -> None:
        moment, today = monotonic(), local_day(now)
        if moment >= min(self._all_at, self._recent_at):
            self._looked_at = moment
        if moment >= self._all_at:
            since = add_months(month_of(today).start, -1)
            self._all_at, self._recent_at = moment + ALL_SECONDS, moment + RECENT_SECONDS
            self.tell({"*"})
        elif moment >= self._recent_at:
            since = today - timedelta(days=counting.DAYS)
            self._recent_at = moment + RECENT_SECONDS
        else:
            return
        self._parked = {line: until for line, until in self._parked.items() if until > moment}
        recent = today - timedelta(days=counting.DAYS)
        for account_id, day in behind.behind(since).items():
            if account_id in self._parked:
                continue
            if day >= recent:
                self._pending.setdefault(account_id, moment)
            else:
                self._late[account_id] = day


def _numbered(payload: str, scope: str) -> bool:
    named, _, number = payload.partition(":")
    return named == scope and number.isdigit()
