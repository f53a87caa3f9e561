"""Month ends under fire: workers killed with -9 five hundred times, PostgreSQL ten times, the broker emptied.

The stack is the product's own: Celery workers and beat over the broker, and a till that takes payments at the same
time. Month after month is asked for, approved, issued, and half of them taken back and billed again, while processes
die at random moments of their work. Afterwards every number, invoice and payment is counted by queries of the bench's
own. A control, written without thinking, goes through the same harness and has to fail: else this proves nothing.
"""

import argparse
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import date
from typing import Any

import django

from bench import cpu, sql
from bench.chaos import naive, teller
from bench.chaos.fleet import Fleet, known_as
from bench.measuring import say
from ispbilling.runner.account import StartError, unprivileged_account
from ispbilling.runner.embedded import Running, services
from ispbilling.runner.postgres import postgres

INSTANCE = "bench-chaos"
MONTHS = [
    date(year, month, 1) for year in range(2019, 2027) for month in range(1, 13) if (year, month) < (2026, 11)
]
NAIVE_CUSTOMERS, NAIVE_PERIODS, NAIVE_KILLS = 300, 40, 40
#: What a figure has to be at the end. `left` counts work that did not come to its end.
NOTHING = (
    "doubled",
    "lost",
    "gaps",
    "duplicate_numbers",
    "unbalanced",
    "different_totals",
    "parked",
    "damaged",
    "left",
)


def main(arguments: list[str]) -> int:
    """Run it, print one JSON line, and return 0 when nothing is lost or doubled and the control failed."""
    parser = argparse.ArgumentParser(
        prog="./run bench chaos_billing", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument(
        "--kills", type=int, default=500, help="how often a worker is killed while it works (500)"
    )
    parser.add_argument("--seconds", type=int, default=600, help="stop killing after that time (600)")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**6, help="of what is random")
    options = parser.parse_args(arguments)
    for name in ("DATABASE_URL", "REDIS_URL"):  # never somebody's own
        os.environ.pop(name, None)
    with services(INSTANCE, port=None) as running, ExitStack() as stack:
        sql.make_afresh(sql.address(os.environ["DATABASE_URL"]), "isp")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ispbilling.settings")
        os.environ["EMAIL_URL"] = "consolemail://"
        django.setup()
        result = Chaos(running, stack, options).run()
    print(json.dumps(result), flush=True)
    return 0 if result["naive_failed"] and not any(result[name] for name in NOTHING) else 1


class Chaos:
    """One bench: the stage, the fire, and the count."""

    def __init__(self, running: Running, stack: ExitStack, options: argparse.Namespace) -> None:
        self.running, self.stack, self.options = running, stack, options
        self.random = random.Random(options.seed)
        self.log = running.folder / "till.log"

    def run(self) -> dict[str, Any]:
        from bench.chaos import counting
        from billing.documents.verification import findings

        self._fill()
        naive_counts = self._naive()
        office = Office(self.random)
        began = time.monotonic()
        with Fleet(self.running.folder) as fleet:
            self._staff(fleet)
            fire = Fire(fleet, ("worker",), self.random, self._accidents(fleet))
            kills = fire.rage(self.options.kills, self.options.seconds, office.step)
            raged = time.monotonic() - began
            office.closing = True
            self._settle(fleet, office, 180)
            fleet.dismiss("till")
        counts = counting.counted(office.standing, teller.said(self.log), self.options.customers)
        found = list(findings())
        for sentence in found[:10]:
            say(f"damaged: {sentence}")
        return {
            "bench": "chaos_billing",
            "customers": self.options.customers,
            "seed": self.options.seed,
            "kills": kills,
            **fire.counts,
            "starts": fleet.starts,
            "seconds": round(raged, 1),
            "runs": office.runs,
            "undone": office.undone,
            "payments": teller.said(self.log),
            **counts,
            "parked": office.parked(),
            "damaged": len(found),
            "left": int(not office.settled),
            "naive": naive_counts,
            "naive_failed": any(naive_counts.values()),
        }

    def _fill(self) -> None:
        from django.core.management import call_command
        from django.db import connection

        from bench.billing import SEED

        call_command("migrate", verbosity=0, interactive=False)
        self._flush()  # what an earlier bench left
        with connection.cursor() as cursor:
            for statement in filter(str.strip, SEED.split(";")):
                cursor.execute(statement, {"customers": self.options.customers})
            cursor.execute(
                "UPDATE billing_recurringline SET starts_on = %s WHERE starts_on < '2026-01-01'", [MONTHS[0]]
            )
            cursor.execute("ANALYZE")
        connection.close()
        for old in self.running.folder.glob("*.log"):
            if old.name not in ("postgres.log", "valkey.log"):
                old.unlink()

    def _staff(self, fleet: Fleet) -> None:
        """The processes of the product, as `./run` starts them."""
        celery = ["-W", "ignore:You're running the worker with superuser", "-m", "celery", "-A", "ispbilling"]
        worker = [*celery, "worker", "--concurrency", "2", "--loglevel", "warning"]
        schedule = self.running.folder / "celerybeat-schedule"
        fleet.add("worker", lambda: [*worker, "--without-gossip", "--without-mingle"], parent=True)
        fleet.add(
            "beat",
            lambda: [*celery, "beat", "--schedule", str(schedule), "--pidfile=", "--loglevel", "warning"],
        )
        customers, day = str(self.options.customers), _today()
        till = ["-m", "bench.chaos.teller"]
        fleet.add("till", lambda: [*till, str(teller.said(self.log)), customers, day])

    def _accidents(self, fleet: Fleet) -> dict[str, tuple[int, Callable[[], None]]]:
        """What else goes wrong, and how often."""
        return {
            "postgresql_kills": (10, self._crash),
            "broker_flushes": (5, self._flush),
            "whole_workers": (10, lambda: fleet.kill_group("worker")),
            "parents": (5, lambda: fleet.kill_parent("worker")),
            "beats": (3, lambda: fleet.kill_group("beat")),
            "tills": (20, lambda: fleet.kill_group("till")),
        }

    def _crash(self) -> None:
        """Every process of PostgreSQL dies at once, as when the machine does; it starts again with recovery."""
        from django.db import connection

        connection.close()
        server = self.running.servers[0]
        for pid in cpu.family(server.process.pid):
            with suppress(ProcessLookupError):  # one that ended by itself meanwhile
                os.kill(pid, signal.SIGKILL)
        server.process.wait()
        end = time.monotonic() + 60
        while True:
            try:
                again = postgres(
                    unprivileged_account(), self.running.folder, durable=True, settings={}, port=None
                )
                self.running.servers[0] = self.stack.enter_context(again)
                return
            except StartError:  # a dying backend holds the shared memory for a moment
                if time.monotonic() > end:
                    raise
                time.sleep(0.3)

    def _flush(self) -> None:
        import redis

        redis.Redis.from_url(os.environ["REDIS_URL"].replace("redis+socket:", "unix:")).flushall()

    def _settle(self, fleet: Fleet, office: "Office", seconds: float) -> None:
        end = time.monotonic() + seconds
        while not office.settled and time.monotonic() < end:
            fleet.revive()
            office.step()
            time.sleep(0.1)

    def _naive(self) -> dict[str, int]:
        """The control in the same fire: two workers a period, killed and started again until all are billed."""
        from django.db import connection

        from bench.chaos import counting

        with connection.cursor() as cursor:
            cursor.execute(naive.TABLES)
        period = 0

        def next_period() -> None:
            nonlocal period
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(DISTINCT customer) FROM naive_invoice WHERE period = %s", [period]
                )
                period += int(cursor.fetchone()[0] >= NAIVE_CUSTOMERS)

        with Fleet(self.running.folder) as fleet:
            for name in ("one", "two"):
                fleet.add(name, lambda: ["-m", "bench.chaos.naive", str(NAIVE_CUSTOMERS), str(period)])
            Fire(fleet, ("one", "two"), self.random, {}).rage(NAIVE_KILLS, 30, next_period)
        counts = counting.counted_naively()
        say(f"the control: {counts}")
        return counts


class Fire:
    """Kills whoever works, at random moments, and lets accidents happen in between."""

    def __init__(
        self,
        fleet: Fleet,
        victims: tuple[str, ...],
        chance: random.Random,
        accidents: dict[str, tuple[int, Callable[[], None]]],
    ) -> None:
        self.fleet, self.victims, self.random, self.accidents = fleet, victims, chance, accidents
        self.counts = dict.fromkeys(accidents, 0)

    def rage(self, kills: int, seconds: float, work: Callable[[], None]) -> int:
        """Until that many were killed at work, or the time is over; `work` is called in between. The kills."""
        end = time.monotonic() + seconds
        due = self._when(kills)
        done, at = 0, 0.0
        while done < kills and time.monotonic() < end:
            self.fleet.revive()
            work()
            busy = self.fleet.busy(*self.victims)
            if busy and time.monotonic() >= at and _in_transaction(self.victims):
                self.fleet.kill(self.random.choice(busy))
                done += 1
                for name in due.pop(done, ()):
                    self.accidents[name][1]()
                    self.counts[name] += 1
                if done % 50 == 0:
                    say(f"{done} kills, {seconds - (end - time.monotonic()):.0f} s")
                gap = min(2.0, max(0.05, (end - time.monotonic()) / max(1, kills - done)))
                at = time.monotonic() + self.random.uniform(0, gap)
            time.sleep(0.02)
        return done

    def _when(self, kills: int) -> dict[int, list[str]]:
        """After which kills the accidents happen."""
        due: dict[int, list[str]] = {}
        for name, (times, _) in self.accidents.items():
            for after in self.random.sample(range(1, kills + 1), max(1, times * min(kills, 500) // 500)):
                due.setdefault(after, []).append(name)
        return due


class Office:
    """Staff: asks for a month, approves what was previewed, takes half of it back; tries again after an error."""

    def __init__(self, chance: random.Random) -> None:
        self.random = chance
        self.months = iter(MONTHS)
        self.month = next(self.months)
        self.standing: list[date] = []
        self.runs = self.undone = 0
        self.closing = self.settled = False

    def step(self) -> None:
        """The next thing a person would do now, if anything."""
        from django.db import InterfaceError, OperationalError, connection

        try:
            if not self.settled:
                self._look()
        except (OperationalError, InterfaceError):
            connection.close()

    def parked(self) -> int:
        """Customers that any run left out."""
        from billing.models import RunException

        return RunException.objects.filter(state="parked").count()

    def _look(self) -> None:
        from billing.models import Run
        from billing.runs import monthly, planning, undoing
        from billing.runs.models import RunState
        from billing.runs.planning import Asked
        from ispbilling.core.clock import month_of, now

        run = Run.objects.filter(period_start=self.month).order_by("-pk").first()
        if run is None or run.state == RunState.UNDONE:
            if self.closing:
                self.settled = True
                return
            self.runs += 1
            planning.request(Asked(month_of(self.month), self.month), now(), actor=None)
        elif run.state == RunState.PREVIEWED:
            monthly.approve(run, now(), actor=None)
        elif run.state in (RunState.ISSUED, RunState.PARTLY_FAILED):
            if self.closing or self.random.random() < 0.5:
                self.standing.append(self.month)
                self.month = next(self.months)
            else:
                undoing.request(run, now(), actor=None, reason="chaos")
                self.undone += 1


def _in_transaction(names: tuple[str, ...]) -> bool:
    """Whether one of them has a transaction open at this moment."""
    from django.db import DatabaseError, InterfaceError, connection

    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = ANY(%s) AND xact_start IS NOT NULL",
                [list(map(known_as, names))],
            )
            return bool(cursor.fetchone()[0])
    except (DatabaseError, InterfaceError):
        connection.close()
        return False


def _today() -> str:
    from ispbilling.core.clock import local_day, now

    return local_day(now()).isoformat()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
