"""PostgreSQL crashes under load, stays away for a minute and comes back: who gets in, and is anything lost?

Logins must go on from memory, those of suspended customers stay refused, and every accounting packet that was
acknowledged must be in the tables afterwards, exactly once.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from django.db import connection

from bench import cpu, loadgen
from bench.loadgen import Load
from bench.measuring import say
from bench.ours import daily_usage_adds_up
from bench.parts.suspension import suspend
from bench.population import Line
from bench.radius import POSTGRES
from bench.stage import Stage
from ispbilling.runner.account import unprivileged_account
from ispbilling.runner.postgres import postgres

LOGINS, REFUSED, PACKETS = 1_000, 50, 300  # a second
#: Seconds after the last request was due, after which what has no answer gets none.
GIVE_UP = 12
#: How long what was spooled may take to be in the tables once PostgreSQL is back.
PATIENCE = 180.0

Away = Callable[[Stage], AbstractContextManager[None]]
Loads = dict[str, Load]


def run(stage: Stage) -> dict[str, Any]:
    """A crash: connections break at once, new ones are refused, and the start begins with recovery."""
    return measured(stage, crashed, stage.options.outage_seconds, stage.spared[:50])


@contextmanager
def crashed(stage: Stage) -> Iterator[None]:
    """PostgreSQL's immediate shutdown, which leaves it as a crash does."""
    connection.close()
    server = stage.running.servers[0]
    server.process.send_signal(signal.SIGQUIT)
    server.process.wait(30)
    try:
        yield
    finally:
        again = postgres(unprivileged_account(), stage.folder, durable=True, settings=POSTGRES, port=None)
        stage.running.servers[0] = stage.keep(again)


@contextmanager
def frozen(stage: Stage) -> Iterator[None]:
    """Every process of PostgreSQL stands still: connections stay open and nothing answers, as when a disk hangs."""
    connection.close()
    pids = list(cpu.family(stage.database_pid))
    for pid in pids:
        _signal(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            _signal(pid, signal.SIGCONT)


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def measured(stage: Stage, away: Away, seconds: int, suspended: list[Line]) -> dict[str, Any]:
    """Figures before, while PostgreSQL was away, and after; what was acknowledged and what the tables hold."""
    stage.stop_peer()
    stage.measure(stage.ours, "pap", count=1_000, seed=stage.seed())  # it runs, and is warm
    for line in suspended:
        suspend(line)
    refused = stage.write_users("suspended.csv", suspended)
    time.sleep(1)
    seeds = [stage.seed() for _ in range(4)]
    before = 2 if stage.quick else 10
    across = _accounting(stage, seeds[3], before + 2 * seconds).started()
    found = {"before": _finished(_loads(stage, seeds[0], refused, before))}
    with away(stage):
        found["away"] = _finished(_loads(stage, seeds[1], refused, seconds))
        loads = _loads(stage, seeds[2], refused, seconds)
    found["after"] = _finished(loads)
    found["across"] = {"accounting": across.result()}
    drained = _drained(stage, dict(zip(seeds, (found[name]["accounting"] for name in found), strict=True)))
    stage.check(daily_usage_adds_up(), f"{away.__name__}: the octets of days are not those of sessions")
    shown = {name: _shown(stage, f"{away.__name__}, {name}", results) for name, results in found.items()}
    for name, figures in shown.items():
        say(f"  {name}: {figures}")
    return {**shown, **drained, "seconds": seconds}


def _loads(stage: Stage, seed: int, refused: Path, seconds: int) -> Loads:
    """Good logins, logins of suspended lines, and whole sessions, all at once."""
    flags, options = stage.ours.asking("pap", window=256, timeout=1000, limit=seconds + GIVE_UP)
    loads = {
        "good": loadgen.start(
            stage.users, "pap", *flags, **options, rate=LOGINS, count=LOGINS * seconds, seed=seed
        ),
        "suspended": loadgen.start(
            refused, "pap", *flags, **options, rate=REFUSED, count=REFUSED * seconds, seed=seed
        ),
        "accounting": _accounting(stage, seed, seconds),
    }
    for load in loads.values():
        load.started()
    return loads


def _accounting(stage: Stage, seed: int, seconds: int) -> Load:
    flags, options = stage.ours.asking(
        "life", window=256, spread=256, timeout=2000, tries=5, rate=PACKETS, limit=seconds + GIVE_UP
    )
    return loadgen.start(
        stage.users, "life", *flags, **options, count=max(1_024, PACKETS * seconds), seed=seed
    )


def _finished(loads: Loads) -> dict[str, dict[str, Any]]:
    return {name: load.result() for name, load in loads.items()}


def _shown(stage: Stage, when: str, results: dict[str, dict[str, Any]]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for kind, result in results.items():
        answered = result["rejects"] if kind == "suspended" else result["accepts"]
        shown[kind] = {
            "rightly_answered": round(answered / result["count"], 5),
            "p99_ms": round(result["p99_us"] / 1000, 1),
            "max_ms": round(result["max_us"] / 1000, 1),
            "lost": result["lost"],
        }
        wrong = result["accepts"] if kind == "suspended" else result["rejects"]
        stage.check(not wrong, f"{when}: {wrong} of {kind} were answered wrongly: {result}")
    return shown


def _drained(stage: Stage, loads: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """Wait until all that was acknowledged is in the tables; nothing may be missing, and nothing invented."""
    began = time.monotonic()
    while (missing := _missing(stage, loads)) and time.monotonic() < began + PATIENCE:
        time.sleep(0.5)
    for seed, result in loads.items():
        held = stage.ours.recorded(seed)
        sent = (result["sessions"], result["sum_in"], result["sum_out"])
        right = all(found <= most for found, most in zip(held, sent, strict=True))
        stage.check(right, f"load {seed}: the tables hold {held}, more than the {sent} that were sent")
    stage.check(not missing, f"acknowledged, but not in the tables: {missing}")
    packets = sum(one["count"] for one in loads.values())
    return {
        "acknowledged": round(sum(one["accepts"] for one in loads.values()) / packets, 5),
        "found_all_acknowledged": not missing,
        "drain_seconds": round(time.monotonic() - began, 1),
    }


def _missing(stage: Stage, loads: dict[int, dict[str, Any]]) -> dict[int, tuple[int, ...]]:
    """Sessions and octets by load that were acknowledged and are not held (yet)."""
    lacking = {}
    for seed, result in loads.items():
        acknowledged = (result["acked_sessions"], result["acked_in"], result["acked_out"])
        held = stage.ours.recorded(seed)
        if any(found < least for found, least in zip(held, acknowledged, strict=True)):
            lacking[seed] = tuple(least - found for found, least in zip(held, acknowledged, strict=True))
    return lacking
