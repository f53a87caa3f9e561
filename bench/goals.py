"""What the figures have to be: the goal, and the floor that no run on a quiet machine may go below."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Goal:
    """A figure at `path` of the result; `lower` when less is better."""

    figure: str
    path: tuple[str, ...]
    goal: float
    floor: float
    lower: bool = False

    def judged(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """The goal's line in the result; `met` and `within_floor` are None for what was not measured."""
        value: Any = result
        for key in self.path:
            value = value.get(key) if isinstance(value, Mapping) else None
        return {
            "figure": self.figure,
            "value": value,
            "goal": self.goal,
            "floor": self.floor,
            "met": self._reaches(value, self.goal),
            "within_floor": self._reaches(value, self.floor),
        }

    def _reaches(self, value: float | None, mark: float) -> bool | None:
        return None if value is None else value <= mark if self.lower else value >= mark


def _open(kind: str, part: str, goal: float, floor: float) -> Goal:
    figure = f"open loop {kind} {part}, part of the peer's"
    return Goal(figure, ("open", kind, "of_peer", part), goal, floor, lower=True)


RADIUS = (
    Goal("pap ratio", ("ratios", "pap"), 20, 12),
    Goal("chap ratio", ("ratios", "chap"), 20, 12),
    Goal("mschapv2 ratio", ("ratios", "mschapv2"), 10, 5),
    *(Goal(f"{test} ratio at 256", ("ratios", f"{test}_256"), 5, 3) for test in ("start", "interim", "stop")),
    *(Goal(f"{test} ratio at 64", ("ratios", test), 4, 2.5) for test in ("start", "interim", "stop")),
    _open("auth", "p50", 0.5, 0.7),
    _open("auth", "p99", 0.5, 0.7),
    _open("acct", "p50", 0.5, 0.7),
    _open("acct", "p99", 1, 1.2),
    Goal("suspension to reject p99 ms", ("suspension", "close_ms", "p99"), 100, 200, lower=True),
    Goal("worker MB at 100000", ("growth", "100000", "worker_mb"), 150, 250, lower=True),
    Goal("worker MB at 1000000", ("growth", "1000000", "worker_mb"), 700, 1200, lower=True),
    Goal("load seconds at 1000000", ("growth", "1000000", "load_seconds"), 20, 40, lower=True),
    Goal("p99 ms of real clients under junk", ("junk", "ours", "p99_ms"), 100, 250, lower=True),
)


def judged(result: Mapping[str, Any], goals: tuple[Goal, ...] = RADIUS) -> list[dict[str, Any]]:
    """Every goal with its figure."""
    return [goal.judged(result) for goal in goals]
