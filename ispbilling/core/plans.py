"""Sweeps as plans you can read before you sign them.

A sweep is `plan(now) -> Plan`: steps with reasons, made by the pure decisions. `apply` drains the steps in
chunks, one transaction each; every step is decided again after its row is locked, so a plan made an hour ago or
by another worker does nothing wrong, and running twice does nothing twice. When a chunk fails it is bisected to
the bad step, which is parked with its reason while the rest goes on. `undo` is offered where a sweep can be
taken back.

    plan = find_expired(now)
    print(plan)              # preview
    result = plan.apply(now)
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction

log = structlog.get_logger(__name__)

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Step:
    """One thing the sweep would do: to `subject` (label for people, `key` for the act), and because of what."""

    key: Any
    subject: str
    action: str
    because: str


@dataclass(slots=True)
class Result:
    """What applying a plan did. `failed` holds (step, reason) of the parked ones."""

    applied: int = 0
    skipped: int = 0
    failed: list[tuple[Step, str]] = field(default_factory=list)

    def __str__(self) -> str:
        text = f"{self.applied} applied, {self.skipped} no longer due"
        return text + (f", {len(self.failed)} failed" if self.failed else "")


@dataclass(slots=True)
class Plan:
    """A named list of steps and the act that applies a chunk of them.

    `act(steps, now) -> int` runs inside a transaction, locks its rows, decides again, and returns how many
    steps it carried out; the others were no longer due.
    """

    name: str
    steps: Sequence[Step]
    act: Callable[[Sequence[Step], datetime], int]
    chunk: int = CHUNK

    def apply(self, now: datetime) -> Result:
        return drain(self.steps, self.act, now, self.chunk)

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)


def drain(
    steps: Sequence[Step], act: Callable[[Sequence[Step], datetime], int], now: datetime, chunk: int = CHUNK
) -> Result:
    """Apply the steps chunk by chunk, each in its own transaction, bisecting a failing chunk to the bad step."""
    result = Result()
    for start in range(0, len(steps), chunk):
        _attempt(steps[start : start + chunk], act, now, result)
    return result


def _attempt(
    steps: Sequence[Step], act: Callable[[Sequence[Step], datetime], int], now: datetime, result: Result
) -> None:
    try:
        with transaction.atomic():
            done = act(steps, now)
    except Exception as error:  # noqa: BLE001 - whatever one row raises must not stop the others
        if len(steps) == 1:
            log.exception("sweep_step_failed", step=steps[0].subject, action=steps[0].action)
            result.failed.append((steps[0], f"{type(error).__name__}: {error}"))
            return
        middle = len(steps) // 2
        _attempt(steps[:middle], act, now, result)
        _attempt(steps[middle:], act, now, result)
    else:
        result.applied += done
        result.skipped += len(steps) - done
