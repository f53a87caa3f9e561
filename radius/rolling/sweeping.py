"""The month's grants, what rolls over, and what is corrected, as one plan in chunks of lines.

Each chunk is one statement in one transaction: killed, it left nothing or everything, and the next run begins with
what is missing. Nobody waits for it: at the 1st 00:00 lines are open by the clock, and what they use meanwhile is
drawn from the bundle that comes.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from ispbilling.core.clock import Period, day_start, local_day, month_of
from ispbilling.core.plans import Plan, Step
from ispbilling.core.units import counted
from radius.bundles import counting, monthly
from radius.rolling import correcting, sets
from radius.rolling.models import DataSettings

#: Rows that one statement writes.
CHUNK: Final = 5000
#: Lines that are corrected in one transaction: each is counted again while its meter is locked.
FEW: Final = 500
#: How often it is written down that all has rolled over.
MARKED: Final = timedelta(hours=12)

Do = Callable[[datetime], int]


def plan(name: str, now: datetime) -> Plan:
    """Everything that is missing at `now`: monthly bundles, then rollovers, then corrections of rollovers."""
    month, since = month_of(local_day(now)), _since(now)
    steps = [
        Step(
            partial(_grant, month, part), counted(len(part), "line"), f"grant {month}", "no bundle of it yet"
        )
        for part in _parts(sets.lacking(month, now))
    ]
    ended = sets.ended(since, now, CHUNK)
    steps += [
        Step(
            partial(_roll, since, first, last), counted(count, "bundle"), "roll over", "ended with data left"
        )
        for first, last, count in ended
    ]
    lines = sorted({one.line for one in correcting.due(now)})
    steps += [
        Step(partial(_correct, part), counted(len(part), "line"), "correct rollover", correcting.LATE)
        for part in _parts(lines, FEW)
    ]
    if not ended and _unmarked(now):
        steps.append(Step(_mark, "rollover", "note that all is done", f"up to {now:%Y-%m-%d %H:%M} UTC"))
    return Plan(name, steps, _act, chunk=1)


def _act(steps: Sequence[Step], now: datetime) -> int:
    return sum(step.key(now) > 0 for step in steps)


def _parts(lines: Sequence[int], size: int = CHUNK) -> list[Sequence[int]]:
    return [lines[start : start + size] for start in range(0, len(lines), size)]


def _grant(month: Period, lines: Sequence[int], now: datetime) -> int:
    made = monthly.ensure(lines, month.start, now)
    counting.count_soon(lines, now)
    return made


def _roll(since: datetime, first: int, last: int, now: datetime) -> int:
    made = sets.roll(since, first, last, now)
    counting.count_soon([line for line, _ in made], now)
    # The drawer counts the month; what was used before it and is to be drawn from these is counted here.
    month = day_start(month_of(local_day(now)).start)
    if late := [(line, begins) for line, begins in made if begins < month]:
        began = local_day(min(begins for _, begins in late))
        counting.count([line for line, _ in late], now, since=began)
    return len(made)


def _correct(lines: Sequence[int], now: datetime) -> int:
    return len(correcting.correct(lines, now))


def _mark(now: datetime) -> int:
    return DataSettings.objects.filter(pk=1).update(rolled_until=now)


def _unmarked(now: datetime) -> bool:
    marked = DataSettings.get().rolled_until
    return marked is None or marked < now - MARKED


def _since(now: datetime) -> datetime:
    """What ended before then has been looked at, or ended before there was rollover at all."""
    marked = DataSettings.get().rolled_until or now
    return min(marked, now) - sets.GRACE
