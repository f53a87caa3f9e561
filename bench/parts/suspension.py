"""From the commit that closes a customer's gate to the reject of his next login, and back, under load."""

import time
from collections.abc import Callable
from typing import Any

from django.db import transaction

from bench import loadgen
from bench.asking import ACCEPT, REJECT, Prober
from bench.loadgen import Load
from bench.measuring import SECRET, say, summary
from bench.population import Line
from bench.stage import Stage
from customers.accounts.gates import close, open_
from customers.models import Customer, Gate, GateKind
from ispbilling.core import clock

RATE = 20_000


def run(stage: Stage) -> dict[str, Any]:
    """Milliseconds from sending COMMIT until every worker answered otherwise, of `close_ms` and `open_ms`."""
    trials = 5 if stage.quick else 150
    closing: list[float] = []
    opening: list[float] = []
    loads: list[dict[str, Any]] = []
    lines = iter(stage.spared * 2)
    with Prober([stage.ours.auth_port], SECRET) as prober:
        while len(closing) < trials:
            load = start_load(stage).started()
            while load.runs() and len(closing) < trials:
                line = next(lines)
                closing.append(milliseconds(stage, prober, line, suspend, REJECT))
                opening.append(milliseconds(stage, prober, line, unsuspend, ACCEPT))
            loads.append(load.result())
            stage.check(loads[-1]["pass"], f"ours, suspending under load: {loads[-1]}")
    say(f"  suspension to reject {summary(closing)}, opening to accept {summary(opening)} ms")
    return {
        "close_ms": summary(closing),
        "open_ms": summary(opening),
        "offered": RATE,
        "answered_rate": round(min(one["rate"] for one in loads)),
    }


def start_load(stage: Stage, seconds: float = 8) -> Load:
    """Logins of other customers, at a rate that does not wait for answers."""
    rate = RATE // 10 if stage.quick else RATE
    count = int(rate * (1 if stage.quick else seconds))
    flags, options = stage.ours.asking("pap", rate=rate, count=count, seed=stage.seed(), window=1024)
    return loadgen.start(stage.users, "pap", *flags, **options)


def milliseconds(
    stage: Stage, prober: Prober, line: Line, act: Callable[[Line], float], wanted: int
) -> float:
    """From the commit of an act until every worker answered a login of the line with the `wanted` code."""
    began = act(line)
    ended = prober.until(line, wanted)
    stage.check(ended is not None, f"{line.username} was never answered {wanted} after the commit")
    return 5_000.0 if ended is None else (ended - began) * 1000


def suspend(line: Line) -> float:
    """Suspend the customer of a line as a page would; the moment COMMIT was sent, on the steady clock."""
    return _committed(
        line, lambda customer: close(customer, GateKind.SUSPENDED, clock.now(), actor=None, reason="bench")
    )


def unsuspend(line: Line) -> float:
    """Open the gate again; the moment COMMIT was sent."""
    return _committed(line, lambda customer: open_(customer, GateKind.SUSPENDED, clock.now(), actor=None))


def _committed(line: Line, act: Callable[[Customer], Gate]) -> float:
    customer = Customer.objects.get(pk=line.number + 1)
    with transaction.atomic():
        act(customer)
        return time.monotonic()
