"""Two of our servers, as on two machines: one database, each with ports of its own."""

import time
from typing import Any

from bench import loadgen
from bench.asking import ACCEPT, REJECT, Prober
from bench.measuring import ACCOUNTING, SECRET, Side, say, summary
from bench.ours import daily_usage_adds_up
from bench.parts.suspension import milliseconds, suspend, unsuspend
from bench.stage import Stage


def run(stage: Stage) -> dict[str, Any]:
    """Rates of both together, and milliseconds until both refuse a suspended line."""
    with stage.responder("radiusd-2.log") as second:
        pair = [stage.ours, second]
        rates = {"pap": _together(stage, pair, "pap", {side.auth_port: stage.seed() for side in pair})}
        rates |= _accounting(stage, pair)
        closing, opening = _suspensions(stage, pair)
    stage.check(daily_usage_adds_up(), "two responders: the octets of days are not those of sessions")
    say(f"  two responders: {rates}, suspension {closing} ms")
    return {"rates": rates, "close_ms": closing, "open_ms": opening}


def _accounting(stage: Stage, pair: list[Side]) -> dict[str, float]:
    """Sessions that start at one server, are updated at the other and stop at the first: a NAS that changes over."""
    seeds = {side.auth_port: stage.seed() for side in pair}
    began = int(time.time()) - 3600
    rates = {}
    turned = [pair[1], pair[0]]
    for mode, order in zip(ACCOUNTING, (pair, turned, pair), strict=True):
        swapped = {order[n].auth_port: seeds[pair[n].auth_port] for n in range(2)}
        rates[mode] = _together(stage, order, mode, swapped, began=began, interims=1)
    return rates


def _together(stage: Stage, pair: list[Side], mode: str, seeds: dict[int, int], **more: Any) -> float:
    """The same kind of load at both at once; the sum of their rates."""
    whole = 4_000 if stage.quick else 40_000 if mode == "pap" else 15_000
    loads = []
    for side in pair:
        flags, options = side.asking(mode, count=whole, seed=seeds[side.auth_port], window=64, **more)
        loads.append(loadgen.start(stage.users, mode, *flags, **options))
    results = [load.result() for load in loads]
    for side, result in zip(pair, results, strict=True):
        stage.check(result["pass"], f"two responders, {mode}: {result}")
        if mode == "stop":
            stage.reconcile(side, seeds[side.auth_port], result)
    return round(sum(result["rate"] for result in results), 1)


def _suspensions(stage: Stage, pair: list[Side]) -> tuple[dict[str, float], dict[str, float]]:
    closing, opening = [], []
    with Prober([side.auth_port for side in pair], SECRET) as prober:
        for line in stage.spared[-(3 if stage.quick else 20) :]:
            closing.append(milliseconds(stage, prober, line, suspend, REJECT))
            opening.append(milliseconds(stage, prober, line, unsuspend, ACCEPT))
    return summary(closing), summary(opening)
