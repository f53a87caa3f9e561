"""RADIUS: our server against a tuned FreeRADIUS with rlm_sql_postgresql, on the same machine and database server.

Both sides have the same subscribers, history and replies, and get the same packets; some logins must be rejected.
The two take turns test by test in a shuffled order, so that other work on the machine meets both. Every reply is
verified, a sample of replies is compared attribute by attribute, and all recorded octets are added up. What has no
counterpart at the peer (memory, suspensions, strangers, outages) is measured of ours alone.
"""

import argparse
import json
import os
import platform
import signal
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import django

from bench import goals, peer, sql
from bench.loadgen import program
from bench.measuring import say
from bench.parts import PARTS
from ispbilling.runner.embedded import services

if TYPE_CHECKING:
    from bench.stage import Stage

#: Those that ask the peer as well.
AGAINST_THE_PEER = {"rates", "open", "junk"}
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


def main(arguments: list[str]) -> int:
    """Run the parts, print one JSON line, and return 0 when everything both sides said was right."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, leave)
    if AGAINST_THE_PEER & set(options.only):
        peer.require_packages()
    for name in ("loadgen", "junk"):
        program(name)
    for name in ("DATABASE_URL", "REDIS_URL"):  # never somebody's own database
        os.environ.pop(name, None)
    started = time.monotonic()
    with services("bench", settings=POSTGRES) as servers:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ispbilling.settings")
        django.setup()
        from bench.stage import Stage  # imports models, so only now

        with Stage(servers, options, sql.address(os.environ["DATABASE_URL"])) as stage:
            result = _run(stage)
    result["goals"] = goals.judged(result)
    result["correct"] = not stage.faults
    others = {"others_cores": result.pop("others_cores")} if "others_cores" in result else {}
    result["config"] = _config(stage, time.monotonic() - started) | others
    for fault in stage.faults:
        say(f"FAULT {fault}")
    for goal in result["goals"]:
        if goal["met"] is False:
            say(f"MISSED {goal['figure']}: {goal['value']} of {goal['goal']}, never under {goal['floor']}")
    print(json.dumps(result), flush=True)
    return 1 if stage.faults else 0


def _run(stage: "Stage") -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name in PARTS:
        if name not in stage.options.only:
            continue
        began = time.monotonic()
        say(f"{name}: {PARTS[name]}")
        found = import_module(f"bench.parts.{_module(name)}").run(stage)
        result |= found if name == "rates" else {name: found}
        say(f"{name} took {time.monotonic() - began:.0f} s; {len(stage.faults)} faults so far")
    return result


def _module(part: str) -> str:
    return {"open": "open_loop"}.get(part, part)


def _config(stage: "Stage", seconds: float) -> dict[str, Any]:
    options = stage.options
    return {
        "users": options.users, "rounds": options.rounds, "rejects": options.rejects, "parts": options.only,
        "count": options.count or "auth 40000 and acct 20000, the peer 5000", "quick": options.quick,
        "freeradius": stage.version, "threads": peer.THREADS, "python": platform.python_version(),
        "cpus": os.cpu_count(), "seconds": round(seconds),
    }  # fmt: skip


def _options(arguments: list[str]) -> argparse.Namespace:
    described = "\n".join(f"  {name:11} {what}" for name, what in PARTS.items())
    parser = argparse.ArgumentParser(
        prog="./run bench radius",
        description=(__doc__ or "").split("\n\n")[0],
        epilog=f"parts:\n{described}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", type=_parts, default=list(PARTS), help="parts to run, with commas (all)")
    parser.add_argument("--users", type=int, help="subscribers on both sides (100000)")
    parser.add_argument(
        "--million", action="store_true", help="growth also to 1000000 subscribers (8 GB of memory)"
    )
    parser.add_argument("--rounds", type=int, help="samples of each test; the median counts (5)")
    parser.add_argument("--count", type=int, help="requests per sample of rates, for both sides the same")
    parser.add_argument(
        "--rejects",
        type=float,
        default=2,
        help="percent of logins to reject, half for their password and half for an unknown user (2)",
    )
    parser.add_argument("--outage-seconds", type=int, help="how long PostgreSQL is away (60)")
    parser.add_argument("--quick", action="store_true", help="5000 subscribers, everything once and short")
    chosen = parser.parse_args(arguments)
    chosen.users = chosen.users or (5_000 if chosen.quick else 100_000)
    chosen.rounds = chosen.rounds or (1 if chosen.quick else 5)
    chosen.outage_seconds = chosen.outage_seconds or (4 if chosen.quick else 60)
    return chosen


def _parts(words: str) -> list[str]:
    names = words.split(",")
    if unknown := set(names) - set(PARTS):
        raise argparse.ArgumentTypeError(f"no part is called {', '.join(sorted(unknown))}")
    return names


def leave(number: int, frame: object) -> NoReturn:
    raise SystemExit(1)  # unwinds, so that what was started is stopped
