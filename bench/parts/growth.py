"""How memory, the time to start and the cost of a login grow with the number of subscribers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import measuring, ours, population, processes, sql
from bench.loadgen import load
from bench.measuring import Side, medians, say
from bench.population import Line
from bench.stage import EMPTY, MAIN, Stage, free_ports

SIZES = (1_000, 10_000, 100_000)
MILLION = 1_000_000
DATABASE = "growth"
#: Logins per line before memory is read: two workers share them, so each of them has then seen most lines.
WALKS = 3


def run(stage: Stage) -> dict[str, Any]:
    """Figures by number of subscribers; each has a server, and but for the main one a database, of its own."""
    sizes = {size for size in SIZES if size < stage.options.users} | {stage.options.users}
    if stage.options.million:
        sizes.add(MILLION)
    return {str(size): _measured(stage, size) for size in sorted(sizes)}


def _measured(stage: Stage, size: int) -> dict[str, Any]:
    say(f"  {size} subscribers ...")
    with _database(stage, size) as (people, users):
        auth, acct = free_ports(2)
        log = stage.folder / f"radiusd-{size}.log"
        with ours.running(log, people[0], auth, acct, 120 + size / 5_000) as started:
            side = Side("ours", auth, acct, started.process.pid, ours.recorded)
            fresh = processes.largest_mb(side.pid, auth)
            for _ in range(WALKS):
                _walk(stage, side, users, size)
            workers = [processes.private_mb(pid) for pid in processes.listeners(side.pid, auth)]
            rounds = 1 if stage.quick else 3
            samples = [_logins(stage, side, users) for _ in range(rounds)]
            figures = medians(samples)
            return {
                "worker_mb": round(max(workers), 1),
                "worker_fresh_mb": round(fresh, 1),
                "acct_worker_mb": round(processes.largest_mb(side.pid, acct), 1),
                "server_mb": round(sum(map(processes.private_mb, processes.everybody(side.pid))), 1),
                "load_seconds": round(started.ready_seconds, 2),
                "load_cpu_seconds": round(started.ready_cpu, 2),
                "pap_rate": figures["rate"],
                "pap_cpu_us": figures["cpu_us"],
            }


@contextmanager
def _database(stage: Stage, size: int) -> Iterator[tuple[list[Line], Path]]:
    """A filled database of that size in use; the main one when it has that size."""
    if size == stage.options.users:
        yield stage.people, stage.write_users(f"users-{size}.csv", stage.people)
        return
    people = list(population.lines(size))
    sql.copy_database(stage.where, DATABASE, EMPTY)
    ours.use_database(DATABASE)
    try:
        ours.fill(people)
        yield people, stage.write_users(f"users-{size}.csv", people)
    finally:
        ours.use_database(MAIN)
        sql.drop_database(stage.where, DATABASE)


def _walk(stage: Stage, side: Side, users: Path, size: int) -> None:
    """Every line logs in once with MS-CHAPv2, which leaves most behind: the server keeps the hash of its password."""
    flags, options = side.asking("mschapv2", window=64, count=size, seed=stage.seed())
    result = load(users, "mschapv2", "walk", *flags, **options)
    stage.check(result["pass"], f"ours, {size} subscribers: {result}")


def _logins(stage: Stage, side: Side, users: Path) -> measuring.Sample:
    count = 8_000 if stage.quick else 40_000
    sample, result = stage.measure(side, "pap", users, window=64, count=count, seed=stage.seed())
    say(f"  {measuring.line(side.name, 'pap', sample, result)}")
    return sample
