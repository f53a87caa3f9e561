"""One run of the load generator against a server, with what it cost the machine."""

import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import cpu, processes
from bench.loadgen import load

SECRET = "bench-secret"
AUTHENTICATION = ("pap", "chap", "mschapv2")
ACCOUNTING = ("start", "interim", "stop")
# Service-Type, Framed-Protocol, Session-Timeout, Acct-Interim-Interval, Mikrotik-Rate-Limit
REQUIRED = "6,7,27,85,14988.8"
#: A sample during which other work took more of the machine than this many cores says little of latency.
QUIET = 0.2

Recorded = Callable[[int], tuple[int, int, int]]


@dataclass(frozen=True)
class Side:
    """A server; `recorded` gives sessions and sums of the load with a seed. Ours signs its replies."""

    name: str
    auth_port: int
    acct_port: int
    pid: int
    recorded: Recorded
    signs: bool = True

    def asking(self, mode: str, **more: Any) -> tuple[tuple[str, ...], dict[str, Any]]:
        """Flags and options for the load generator."""
        options: dict[str, Any] = {"secret": SECRET}
        if mode in AUTHENTICATION:
            options |= {"port": self.auth_port, "require": REQUIRED}
            return (("reply-ma",) if self.signs else ()), options | more
        return (), options | {"port": self.acct_port} | more


@dataclass(frozen=True)
class Sample:
    """One test of one side: requests a second, latencies and processor time of a request in microseconds
    (responder, PostgreSQL, both; `beside_us` is what part of the responder's is not of the workers on that port),
    and the cores that other work used meanwhile.
    """

    rate: float
    p50: float
    p99: float
    server_us: float
    database_us: float
    cpu_us: float
    foreign: float
    beside_us: float = 0.0


FIGURES = ("rate", "p50", "p99", "server_us", "database_us", "cpu_us", "beside_us")


def measure(
    side: Side, database_pid: int, users: Path, mode: str, **options: Any
) -> tuple[Sample, dict[str, Any]]:
    """Run a load to its end; also returns what the load generator said."""
    flags, chosen = side.asking(mode, **options)
    before = _spent(side, database_pid, chosen["port"])
    result = load(users, mode, *flags, **chosen)
    time.sleep(0.2)  # what a side does after its reply is its work too
    spent = [new - old for new, old in zip(_spent(side, database_pid, chosen["port"]), before, strict=True)]
    server, beside, database, generator, machine, moment = spent
    each = 1e6 / result["count"]
    foreign = max(0.0, machine - server - database - generator) / moment
    sample = Sample(
        result["rate"],
        result["p50_us"],
        result["p99_us"],
        server * each,
        database * each,
        (server + database) * each,
        foreign,
        max(0.0, beside * each),
    )
    return sample, result


def _spent(side: Side, database_pid: int, port: int) -> tuple[float, ...]:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    generator = children.ru_utime + children.ru_stime
    server, database = cpu.seconds(side.pid), cpu.seconds(database_pid)
    working = sum(map(cpu.seconds, processes.listeners(side.pid, port)))
    return server, max(0.0, server - working), database, generator, cpu.machine_busy(), time.monotonic()


def line(side: str, what: str, sample: Sample, result: dict[str, Any]) -> str:
    """A sample for people."""
    return (
        f"{side:4} {what:12} {sample.rate:9.0f}/s  p50 {sample.p50:6.0f}  p99 {sample.p99:6.0f} us"
        f"  cpu {sample.server_us:5.1f} + {sample.database_us:5.1f} us"
        f" (beside {sample.beside_us:.1f})  others {sample.foreign:.2f} cores{'' if result['pass'] else '  FAILED'}"
    )


def medians(samples: Iterable[Sample]) -> dict[str, float]:
    """The median of every figure."""
    kept = list(samples)
    return {name: round(statistics.median(getattr(one, name) for one in kept), 1) for name in FIGURES}


def percentile(values: Iterable[float], part: float) -> float:
    """The smallest value that is not below `part` (0 to 1) of them."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def summary(values: Iterable[float]) -> dict[str, float]:
    """p50, p99, the worst, and of how many."""
    kept = list(values)
    return {
        "p50": round(percentile(kept, 0.5), 1),
        "p99": round(percentile(kept, 0.99), 1),
        "max": round(max(kept), 1),
        "count": len(kept),
    }


def say(text: str) -> None:
    """Progress, apart from the result."""
    print(text, file=sys.stderr, flush=True)
