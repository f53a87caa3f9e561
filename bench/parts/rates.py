"""Requests a second with a window that is always full, ours and the peer's in turns."""

import statistics
import time
from dataclasses import dataclass
from typing import Any

from bench.measuring import ACCOUNTING, AUTHENTICATION, Sample, Side, line, medians, say
from bench.stage import Stage


@dataclass(frozen=True)
class Test:
    """A kind of request with so many outstanding."""

    mode: str
    window: int

    @property
    def name(self) -> str:
        return self.mode if self.window == 64 else f"{self.mode}_{self.window}"


#: Start, Interim and Stop of the same sessions stay in order.
GROUPS = (
    *((Test(mode, 64),) for mode in AUTHENTICATION),
    *(tuple(Test(mode, window) for mode in ACCOUNTING) for window in (64, 256)),
)


class Rates:
    """Runs samples and keeps them."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.samples: dict[tuple[str, str], list[Sample]] = {}
        self.began = int(time.time()) - 3600

    def round(self, number: int) -> None:
        """Every test on every side once, in shuffled order. Round 0 only warms up."""
        shuffled = self.stage.random.sample
        sides = self.stage.sides
        for tests in shuffled(GROUPS, len(GROUPS)):
            seed = self.stage.seed()
            results: dict[str, dict[str, Any]] = {}
            for test in tests:
                for side in shuffled(sides, len(sides)):
                    results[side.name] = self._sample(side, test, seed, number)
            if tests[-1].mode in ACCOUNTING:
                for side in sides:
                    self.stage.reconcile(side, seed, results[side.name])

    def _sample(self, side: Side, test: Test, seed: int, number: int) -> dict[str, Any]:
        options: dict[str, Any] = {
            "window": test.window,
            "seed": seed,
            "dup": 1,
            "count": self._count(side, test),
        }
        if test.mode in AUTHENTICATION:
            half = self.stage.options.rejects / 2
            options |= {"bad": half, "unknown": half}
        else:
            options |= {"began": self.began, "interims": 1}
        sample, result = self.stage.measure(side, test.mode, **options)
        say(f"  round {number} {line(side.name, test.name, sample, result)}")
        if test.mode in ACCOUNTING:
            self.stage.draw(side)
        if number:
            self.samples.setdefault((side.name, test.name), []).append(sample)
        return result

    def _count(self, side: Side, test: Test) -> int:
        """Requests per sample: both run about as long, so the slower one gets fewer."""
        if self.stage.options.count:
            return int(self.stage.options.count)
        whole = 5_000 if side.name == "peer" else 40_000 if test.mode in AUTHENTICATION else 20_000
        return whole // 5 if self.stage.quick else whole

    def table(self, side: str) -> dict[str, dict[str, float]]:
        """Medians of a side by test."""
        return {test.name: medians(self.samples[side, test.name]) for tests in GROUPS for test in tests}

    def spread(self, test: str) -> list[float]:
        """Lowest and highest ratio of a single round."""
        pairs = zip(self.samples["ours", test], self.samples["peer", test], strict=True)
        ratios = sorted(ours.rate / theirs.rate for ours, theirs in pairs)
        return [round(ratios[0], 2), round(ratios[-1], 2)]

    def foreign(self) -> float:
        """Cores that other work used, the median of all samples."""
        return round(statistics.median(one.foreign for kept in self.samples.values() for one in kept), 2)


def run(stage: Stage) -> dict[str, Any]:
    """Its keys are the result's own, not under a name."""
    from bench.ours import daily_usage_adds_up

    rates = Rates(stage)
    for number in range(stage.options.rounds + 1):
        rates.round(number)
    stage.check(daily_usage_adds_up(), "ours: the octets of days are not those of sessions")
    ours, theirs = rates.table("ours"), rates.table("peer")
    return {
        "ratios": {test: round(ours[test]["rate"] / theirs[test]["rate"], 2) for test in ours},
        "cpu_ratios": {test: round(theirs[test]["cpu_us"] / ours[test]["cpu_us"], 2) for test in ours},
        "spread": {test: rates.spread(test) for test in ours},
        "others_cores": rates.foreign(),
        "drawn_s": round(statistics.median(stage.drawn_seconds), 1),
        "ours": ours,
        "peer": theirs,
    }
