"""Data of a provider of any size: the first of a month, and pages about usage.

The provider of `./run bench web`: two of three lines have a cap, thirteen months of usage are distributed to their
bundles, a month's cap each. `month` begins the next month as the sweep does: a bundle for every line with a cap, and
what the last one left rolls over. `floor_s` is a bare INSERT ... SELECT of the same rows into the same table, with
its indexes, constraints and triggers; `ratio` is ours, by that. Then it is done again while the process is killed
with SIGKILL again and again until it is through, and the rows must be the same; `again_s` is the sweep with nothing
left to do. `pages` are measured as `./run bench web` does.
"""

import argparse
import json
import random
import signal
import statistics
import subprocess
import sys
import time
from datetime import datetime
from typing import Any

from bench.goals import Goal, judged
from bench.web import Url, Visitor, provider_of

BAR_MS, BAR_QUERIES = 150, 30
GOALS = (
    Goal("grant and rollover, of the floor", ("month", "ratio"), 4, 6, lower=True),
    Goal("the same sweep with nothing left to do, of it", ("month", "again"), 1, 2, lower=True),
    Goal("the slowest page p95, ms", ("slowest_p95_ms",), BAR_MS, 2 * BAR_MS, lower=True),
)
SWEEP = """
import django; django.setup()
import sys
from datetime import datetime
from ispbilling import sweeping
from ispbilling.core.collecting import settle
settle()
print("ready", flush=True)
input()
result = sweeping.run("new_bundles", datetime.fromisoformat(sys.argv[1]))
print(result.applied, len(result.failed), flush=True)
"""
#: What a month's beginning made, without what differs from run to run.
MADE = """
SELECT md5(string_agg(concat_ws('|', data_account_id, kind, octets, month, starts_at, expires_at, draws_from, source,
    rolled_count), E'\\n' ORDER BY source)), count(*), count(*) FILTER (WHERE kind = 'rollover')
FROM radius_databundle WHERE id > %s
"""
KILLS = 20


def main(arguments: list[str]) -> int:
    """Run it and print one JSON line at the end. Returns 1 when something is wrong or misses its bar."""
    parser = argparse.ArgumentParser(prog="./run bench usage", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", help="one page by name, and no month")
    options = parser.parse_args(arguments)
    with provider_of(options.customers):
        result = measure(options)
    print(json.dumps(result))
    return 0 if result["sound"] else 1


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Ask for the pages, then begin a month several times."""
    from bench import provider

    visitor, pages = Visitor(), {}
    for name, url in addresses(options.customers).items():
        if options.only in (None, name):
            pages[name] = visitor.figures(url, options.requests)
            provider.say(f"{name:28} {pages[name]}")
    month = Month(options.rounds).run() if options.only is None else {"sound": True}
    result = {
        "bench": "usage",
        "customers": options.customers,
        "requests": options.requests,
        "month": month,
        "pages": pages,
        "slowest_p95_ms": max(page["p95_ms"] for page in pages.values()),
        "sound": month["sound"]
        and all(page["queries"] == page["queries_at_100_rows"] <= BAR_QUERIES for page in pages.values()),
    }
    result["goals"] = judged(result, GOALS)
    return result


def addresses(customers: int) -> dict[str, Url]:
    """The pages by name; each asks for something else every time."""
    from django.urls import reverse

    from groups.models import CustomerGroup
    from ispbilling.core import clock
    from radius.models import Package

    groups = list(CustomerGroup.objects.values_list("pk", flat=True))
    packages = list(Package.objects.values_list("pk", flat=True))
    this = clock.local_day(clock.now()).replace(day=1)
    listed = reverse("radius:usage_list")

    def month(rnd: random.Random) -> str:
        return f"{clock.add_months(this, -rnd.randrange(13)):%Y-%m}"

    def detail(rnd: random.Random) -> str:
        return f"{reverse('radius:usage_detail', args=[rnd.randint(1, customers)])}?month={month(rnd)}"

    return {
        "usage_list": lambda rnd: f"{listed}?rows=15&page={1 + rnd.randrange(500)}",
        "usage_list_of_a_month": lambda rnd: f"{listed}?rows=15&state={month(rnd)}",
        "usage_list_of_a_group": lambda rnd: f"{listed}?rows=15&group={rnd.choice(groups)}",
        "usage_list_of_a_package": lambda rnd: f"{listed}?rows=15&package={rnd.choice(packages)}",
        "usage_list_by_most_used": lambda rnd: f"{listed}?rows=15&sort=-used&page={1 + rnd.randrange(50)}",
        "usage_list_nearly_used_up": lambda rnd: f"{listed}?rows=15&over={80 + rnd.randrange(20)}",
        "usage_search": lambda rnd: f"{listed}?rows=15&q=sub00{rnd.randrange(99999):05}",
        "usage_detail": detail,
    }


class Month:
    """The beginning of the month after the present one, several times over, each time from the same state."""

    def __init__(self, rounds: int) -> None:
        from ispbilling.core import clock

        self.rounds = rounds
        following = clock.add_months(clock.local_day(clock.now()).replace(day=1), 1)
        self.at: datetime = clock.day_start(following)
        self.last = self.one("SELECT coalesce(max(id), 0) FROM radius_databundle")[0]
        self.sql(
            "UPDATE radius_datasettings SET rollover_months = 1, rolled_until = %s WHERE id = 1", self.at
        )

    def run(self) -> dict[str, Any]:
        """Ours, the floor, killed, and again; the median of the rounds."""
        times, floors = [], []
        for _ in range(self.rounds):
            times.append(self.whole())
            made = self.one(MADE, self.last)
            self.keep()
            floors.append(self.floor())
            self.forget()
        times.append(self.whole())
        same = self.one(MADE, self.last) == made
        again = self.whole()
        same = same and self.one(MADE, self.last) == made
        self.forget()
        kills = self.killed()
        same_after_kills = self.one(MADE, self.last) == made
        self.forget()
        ours, floor = statistics.median(times), statistics.median(floors)
        return {
            "rows": made[1],
            "rolled_over": made[2],
            "seconds": round(ours, 2),
            "floor_s": round(floor, 2),
            "ratio": round(ours / floor, 2),
            "rounds_s": [round(one, 2) for one in times],
            "again_s": round(again, 2),
            "again": round(again / ours, 2),
            "kills": kills,
            "sound": same and same_after_kills and made[1] > 0,
        }

    def whole(self) -> float:
        """Seconds the sweep takes in a process of its own that has loaded the product, as a worker has."""
        process = self.process()
        started = time.perf_counter()
        process.stdin.write("go\n")
        process.stdin.flush()
        applied = process.stdout.readline().split()
        spent = time.perf_counter() - started
        process.wait()
        if len(applied) != 2 or applied[1] != "0":
            raise SystemExit(f"the sweep failed: {applied}")
        return spent

    def killed(self) -> int:
        """Kill the sweep after ever longer times until it gets through; how often it was killed."""
        for number in range(KILLS):
            process = self.process()
            process.stdin.write("go\n")
            process.stdin.flush()
            try:
                process.wait(0.3 + number * 0.4)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
            else:
                return number
        self.whole()
        return KILLS

    def process(self) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", SWEEP, self.at.isoformat()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        process.stdout.readline()
        return process

    def keep(self) -> None:
        """Put the rows that were made aside, and out of the table."""
        self.sql("DROP TABLE IF EXISTS bench_made")
        self.sql(
            "CREATE TABLE bench_made AS SELECT * FROM radius_databundle WHERE id > %s ORDER BY id", self.last
        )
        self.forget()

    def floor(self) -> float:
        started = time.perf_counter()
        self.sql("INSERT INTO radius_databundle SELECT * FROM bench_made ORDER BY id")
        return time.perf_counter() - started

    def forget(self) -> None:
        """As before the month began."""
        self.sql("SET session_replication_role = replica")
        self.sql("DELETE FROM radius_databundle WHERE id > %s", self.last)
        self.sql("UPDATE radius_datasettings SET rolled_until = %s WHERE id = 1", self.at)
        self.sql("SET session_replication_role = origin")
        self.sql("VACUUM ANALYZE radius_databundle")
        self.sql("VACUUM ANALYZE radius_meter")
        self.sql("CHECKPOINT")

    @staticmethod
    def sql(statement: str, *values: Any) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)

    @staticmethod
    def one(statement: str, *values: Any) -> tuple[Any, ...]:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            row: tuple[Any, ...] = cursor.fetchone()
            return row
