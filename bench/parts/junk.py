"""Real clients at 1,500 logins a second while strangers send 50,000 datagrams a second to the same port."""

from typing import Any

from bench import measuring, processes
from bench.loadgen import Load
from bench.measuring import Side, line, say
from bench.stage import Stage

RATE, JUNK = 1_500, 50_000


def run(stage: Stage) -> dict[str, Any]:
    """Latency of the real clients of both sides, what was really sent, and what the kernel dropped.

    A real request that was dropped is sent again after 3 seconds and its latency counts from the first time.
    """
    return {side.name: _measured(stage, side) for side in stage.sides}


def _measured(stage: Stage, side: Side) -> dict[str, Any]:
    seconds = 1 if stage.quick else 10
    before = processes.drops(side.auth_port)
    junk = Load("junk", port=side.auth_port, rate=JUNK, seconds=seconds + 1, seed=stage.seed()).started()
    count = RATE * seconds
    options = {"rate": RATE, "count": count, "window": 256, "limit": 3 * seconds + 6, "seed": stage.seed()}
    sample, result = measuring.measure(side, stage.database_pid, stage.users, "pap", **options)
    wrong = (
        result["wrong_code"] + result["bad_auth"] + result["missing"]
    )  # what is lost is a figure, not a fault
    stage.check(not wrong, f"{side.name} under junk: {result}")
    sent = junk.result()
    say(f"  {line(side.name, 'under junk', sample, result)}  junk {sent['rate']:.0f}/s")
    return {
        "p50_ms": round(sample.p50 / 1000, 2),
        "p99_ms": round(sample.p99 / 1000, 2),
        "max_ms": round(result["max_us"] / 1000, 2),
        "lost": result["lost"],
        "retransmitted": result["retransmitted"],
        "real_rate": result["rate"],
        "junk_rate": sent["rate"],
        "junk_sent": sent["sent"],
        "kernel_drops": processes.drops(side.auth_port) - before,
    }
