"""Latency when requests come whether or not the last ones were answered, ours and the peer's in turns.

Rounds during which other work took part of the processors say little: they are repeated until enough were quiet.
"""

import statistics
from typing import Any

from bench.measuring import QUIET, Sample, line, say
from bench.stage import Stage

RATE = 1_500
#: The mode and its options: whole sessions, 256 taking turns, so that a session's packets are 0.17 s apart.
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "auth": ("pap", {"window": 256}),
    "acct": ("life", {"window": 256, "spread": 256}),
}
Round = dict[tuple[str, str], Sample]


def run(stage: Stage) -> dict[str, Any]:
    """p50 and p99 in milliseconds of both sides and ours as part of the peer's, medians of the quietest rounds."""
    wanted, most = (2, 2) if stage.quick else (9, 18)
    rounds: list[Round] = []
    while len(rounds) <= most and sum(map(quiet, rounds[1:])) < wanted:
        rounds.append(_round(stage, len(rounds)))
    counted = quietest(rounds[1:], wanted)
    return {
        **{kind: _compared(kind, counted) for kind in KINDS},
        "rate": RATE,
        "rounds": len(rounds) - 1,
        "quiet_rounds": sum(map(quiet, rounds[1:])),
        "counted_rounds": len(counted),
    }


def _round(stage: Stage, number: int) -> Round:
    samples: Round = {}
    for kind in stage.random.sample(list(KINDS), len(KINDS)):
        mode, options = KINDS[kind]
        seed = stage.seed()
        for side in stage.random.sample(stage.sides, 2):
            count = 1_536 if stage.quick else 4_096
            sample, result = stage.measure(side, mode, rate=RATE, count=count, seed=seed, **options)
            say(f"  round {number} {line(side.name, f'open {kind}', sample, result)}")
            samples[side.name, kind] = sample
            if kind == "acct":
                stage.draw(side)
                stage.reconcile(side, seed, result)
    return samples


def quiet(samples: Round) -> bool:
    """Whether other work left the processors alone during all samples of a round."""
    return all(sample.foreign <= QUIET for sample in samples.values())


def quietest(rounds: list[Round], wanted: int) -> list[Round]:
    """The quiet rounds; when there are not enough of them, the `wanted` ones with the least other work."""
    found = [one for one in rounds if quiet(one)]
    if len(found) >= wanted:
        return found
    return sorted(rounds, key=lambda one: max(sample.foreign for sample in one.values()))[:wanted]


def _compared(kind: str, rounds: list[Round]) -> dict[str, Any]:
    def median_ms(side: str, part: str) -> float:
        return statistics.median(getattr(one[side, kind], part) for one in rounds) / 1000

    table = {side: {part: median_ms(side, part) for part in ("p50", "p99")} for side in ("ours", "peer")}
    of_peer = {part: round(table["ours"][part] / table["peer"][part], 2) for part in ("p50", "p99")}
    shown = {
        f"{side}_ms": {part: round(value, 3) for part, value in parts.items()}
        for side, parts in table.items()
    }
    return {"of_peer": of_peer, **shown}
