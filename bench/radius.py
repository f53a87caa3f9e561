"""RADIUS: our server against a tuned FreeRADIUS with rlm_sql_postgresql, on the same machine and database server.

Both sides have the same subscribers, history and replies, and get the same packets; some logins must be rejected.
The two take turns test by test in a shuffled order, so that other work on the machine meets both. Every reply is
verified, a sample of replies is compared attribute by attribute, and all recorded octets are added up.
"""

import argparse
import json
import os
import platform
import random
import resource
import signal
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import django

from bench import comparing, cpu, peer, population, sql
from bench.loadgen import load, program
from bench.population import Line
from ispbilling.runner.embedded import services

AUTHENTICATION = ("pap", "chap", "mschapv2")
ACCOUNTING = ("start", "interim", "stop")
TESTS = AUTHENTICATION + ACCOUNTING
SECRET = "bench-secret"
# Service-Type, Framed-Protocol, Session-Timeout, Acct-Interim-Interval, Mikrotik-Rate-Limit
REQUIRED = "6,7,27,85,14988.8"
# For both sides: a server of this size in production, and nothing that is not durable.
POSTGRES = {
    "shared_buffers": "1GB",
    "effective_cache_size": "6GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "max_connections": "100",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
}


@dataclass(frozen=True)
class Side:
    """One of the two; `recorded` gives sessions and sums of the load with a seed."""

    name: str
    auth_port: int
    acct_port: int
    pid: int
    recorded: Callable[[int], tuple[int, int, int]]

    def count(self, test: str, options: argparse.Namespace) -> int:
        """Requests per sample: both run about as long, so the slower one gets fewer."""
        if options.count:
            return int(options.count)
        whole = 5_000 if self.name == "peer" else 40_000 if test in AUTHENTICATION else 20_000
        return whole // 3 if options.quick else whole


@dataclass(frozen=True)
class Sample:
    """One test of one side: requests a second, latencies and processor time of a request in microseconds
    (responder, PostgreSQL, both), and the cores that other work used meanwhile.
    """

    rate: float
    p50: float
    p99: float
    server_us: float
    database_us: float
    cpu_us: float
    foreign: float


class Bench:
    """Runs samples and keeps them."""

    def __init__(self, options: argparse.Namespace, users: Path, database_pid: int) -> None:
        self.options, self.users, self.database_pid = options, users, database_pid
        self.samples: dict[tuple[str, str], list[Sample]] = {}
        self.began = int(time.time()) - 3600
        self.faults: list[str] = []

    def round(self, number: int, sides: list[Side], rnd: random.Random) -> None:
        """Every test on every side once; Start, Interim and Stop stay in order. Round 0 only warms up."""
        groups = [(test,) for test in AUTHENTICATION] + [ACCOUNTING]
        for tests in rnd.sample(groups, len(groups)):
            sums: dict[str, dict[str, Any]] = {}
            for test in tests:
                for side in rnd.sample(sides, len(sides)):
                    sums[side.name] = self.run(side, test, number)
            if tests is ACCOUNTING:
                for side in sides:
                    self.reconcile(side, number, sums[side.name])

    def run(self, side: Side, test: str, number: int) -> dict[str, Any]:
        """One sample."""
        options: dict[str, Any] = {
            "window": self.options.window,
            "seed": number + 1,
            "secret": SECRET,
            "dup": 1,
        }
        options["count"] = side.count(test, self.options)
        flags: tuple[str, ...] = ()
        if test in AUTHENTICATION:
            options |= {"port": side.auth_port, "require": REQUIRED}
            options |= {"bad": self.options.rejects / 2, "unknown": self.options.rejects / 2}
            flags = ("reply-ma",) if side.name == "ours" else ()  # Debian's FreeRADIUS signs no reply
        else:
            options |= {"port": side.acct_port, "began": self.began, "interims": 1}
        before = self._spent(side)
        result = load(self.users, test, *flags, **options)
        time.sleep(0.2)  # what a side does after its reply is its work too
        spent = [new - old for new, old in zip(self._spent(side), before, strict=True)]
        server, database, generator, machine, moment = spent
        if not result["pass"]:
            self.faults.append(f"{side.name} {test}: {json.dumps(result)}")
        each = 1e6 / options["count"]
        sample = Sample(
            result["rate"],
            result["p50_us"],
            result["p99_us"],
            server * each,
            database * each,
            (server + database) * each,
            max(0.0, machine - server - database - generator) / moment,
        )
        say(
            f"  round {number} {side.name:4} {test:8} {sample.rate:9.0f}/s  p50 {sample.p50:6.0f}"
            f"  p99 {sample.p99:6.0f} us  cpu {sample.server_us:5.1f} + {sample.database_us:5.1f} us"
            f"  others {sample.foreign:.2f} cores{'' if result['pass'] else '  FAILED'}"
        )
        if number:
            self.samples.setdefault((side.name, test), []).append(sample)
        return result

    def reconcile(self, side: Side, number: int, result: dict[str, Any]) -> None:
        """What the tables hold must be what was sent."""
        wanted = (result["sessions"], result["sum_in"], result["sum_out"])
        held = side.recorded(number + 1)
        if held != wanted:
            self.faults.append(f"{side.name} recorded {held} (sessions, octets in, out), sent were {wanted}")

    def _spent(self, side: Side) -> tuple[float, ...]:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        generator = children.ru_utime + children.ru_stime
        server, database = cpu.seconds(side.pid), cpu.seconds(self.database_pid)
        return server, database, generator, cpu.machine_busy(), time.monotonic()

    def table(self, side: str) -> dict[str, dict[str, float]]:
        """Medians of a side by test."""
        return {
            test: {
                name: round(statistics.median(getattr(one, name) for one in self.samples[side, test]), 1)
                for name in ("rate", "p50", "p99", "server_us", "database_us", "cpu_us")
            }
            for test in TESTS
        }

    def spread(self, test: str) -> list[float]:
        """Lowest and highest ratio of a single round."""
        pairs = zip(self.samples["ours", test], self.samples["peer", test], strict=True)
        ratios = sorted(ours.rate / theirs.rate for ours, theirs in pairs)
        return [round(ratios[0], 2), round(ratios[-1], 2)]

    def foreign(self) -> float:
        """Cores that other work used, the median of all samples."""
        return round(statistics.median(one.foreign for kept in self.samples.values() for one in kept), 2)


def main(arguments: list[str]) -> int:
    """Run the bench, print one JSON line, and return 0 when everything both sides said was right."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, _leave)
    peer.require_packages()
    program()
    for name in ("DATABASE_URL", "REDIS_URL"):  # never somebody's own database
        os.environ.pop(name, None)
    started = time.monotonic()
    with services("bench", settings=POSTGRES) as servers:
        where = sql.address(os.environ["DATABASE_URL"])
        people = list(population.lines(options.users))
        users = servers.folder / "users.csv"
        population.write_users(people, users)
        with _both_sides(servers.folder, where, people) as (sides, version):
            bench = Bench(options, users, servers.servers[0].process.pid)
            from bench.ours import daily_usage_adds_up

            ours, theirs = sides
            for difference in comparing.differences(people, SECRET, ours.auth_port, theirs.auth_port):
                bench.faults.append(f"replies differ: {difference}")
            say(f"replies compared; {len(bench.faults)} differ")
            rnd = random.Random(options.users)
            for number in range(options.rounds + 1):
                bench.round(number, sides, rnd)
            if not daily_usage_adds_up():
                bench.faults.append("ours: the octets of days are not those of sessions")
    print(json.dumps(_result(bench, options, version, time.monotonic() - started)))
    for fault in bench.faults:
        say(f"FAULT {fault}")
    return 1 if bench.faults else 0


@contextmanager
def _both_sides(folder: Path, where: dict[str, str], people: list[Line]) -> Iterator[tuple[list[Side], str]]:
    """Fill both databases and run both servers; ours first, then the peer, and FreeRADIUS' version."""
    sql.make_afresh(where, "isp", peer.DATABASE)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ispbilling.settings")
    django.setup()
    from django.core.management import call_command

    from bench import ours  # imports models, so only now

    say(f"migrating and filling both databases with {len(people)} lines ...")
    call_command("migrate", verbosity=0, interactive=False)
    ours.fill(people, SECRET)
    database = sql.connect(where, peer.DATABASE)
    peer.fill(database, people)
    with database.cursor() as cursor:
        cursor.execute("CHECKPOINT")
    auth, acct, peer_auth, peer_acct = _free_ports(4)
    with ExitStack() as stack:
        stack.callback(database.close)
        theirs = stack.enter_context(peer.running(folder / "freeradius", where, SECRET, peer_auth, peer_acct))
        process = stack.enter_context(ours.running(folder, people, SECRET, auth, acct))
        say(f"both answer: radiusd and FreeRADIUS {theirs.version}")
        sides = [
            Side("ours", auth, acct, process.pid, ours.recorded),
            Side(
                "peer", peer_auth, peer_acct, theirs.process.pid, lambda seed: peer.recorded(database, seed)
            ),
        ]
        yield sides, theirs.version


def _result(bench: Bench, options: argparse.Namespace, version: str, seconds: float) -> dict[str, Any]:
    ours, theirs = bench.table("ours"), bench.table("peer")
    return {
        "ratios": {test: round(ours[test]["rate"] / theirs[test]["rate"], 2) for test in TESTS},
        "cpu_ratios": {test: round(theirs[test]["cpu_us"] / ours[test]["cpu_us"], 2) for test in TESTS},
        "spread": {test: bench.spread(test) for test in TESTS},
        "ours": ours,
        "peer": theirs,
        "correct": not bench.faults,
        "config": {
            "users": options.users, "rounds": options.rounds, "window": options.window, "rejects": options.rejects,
            "count": options.count or "auth 40000 and acct 20000, the peer 5000", "quick": options.quick,
            "freeradius": version, "threads": peer.THREADS, "python": platform.python_version(),
            "cpus": os.cpu_count(), "others_cores": bench.foreign(), "seconds": round(seconds),
        },
    }  # fmt: skip


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench radius", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--users", type=int, help="subscribers on both sides (100000)")
    parser.add_argument("--rounds", type=int, help="samples of each test; the median counts (5)")
    parser.add_argument("--count", type=int, help="requests per sample, for both sides the same")
    parser.add_argument("--window", type=int, default=64, help="requests outstanding (64)")
    parser.add_argument(
        "--rejects",
        type=float,
        default=2,
        help="percent of logins to reject, half for their password and half for an unknown user (2)",
    )
    parser.add_argument("--quick", action="store_true", help="20000 subscribers, 2 short rounds")
    chosen = parser.parse_args(arguments)
    chosen.users = chosen.users or (20_000 if chosen.quick else 100_000)
    chosen.rounds = chosen.rounds or (2 if chosen.quick else 5)
    return chosen


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    numbers = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return numbers


def _leave(number: int, frame: object) -> NoReturn:
    raise SystemExit(1)  # unwinds, so that what was started is stopped


def say(text: str) -> None:
    """Progress, apart from the result."""
    print(text, file=sys.stderr, flush=True)
