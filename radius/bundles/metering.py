"""What a line has of a month and what is left, in figures. Pure; `Meter` says what each means."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from radius.bundles.drawing import Holding, Standing, standing

MONTHLY, ROLLOVER = "monthly", "rollover"


@dataclass(frozen=True, slots=True)
class Limits:
    """Octets that the bundles give for a month, by where they come from."""

    monthly: int = 0
    topup: int = 0
    rollover: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What a meter shows."""

    month: date
    limits: Limits
    used: int
    over: int
    topup_left: int
    standing: Standing
    holds_until: datetime


Stocked = tuple[str, Holding, int]  # kind, bundle, octets drawn of it altogether


def limits(
    bundles: Iterable[Stocked], drawn: Mapping[int | None, int], starts: datetime, ends: datetime
) -> Limits:
    """Of a month from `starts` to `ends`, in which so much was drawn of each bundle: what earlier months left of it.

    What was taken back counts for as much as was drawn of it.
    """
    found = {MONTHLY: 0, ROLLOVER: 0, "": 0}
    for kind, one, altogether in bundles:
        in_month = drawn.get(one.pk, 0)
        begins = one.starts_at or starts
        over = one.ends_at is not None and one.ends_at <= starts
        if (begins >= ends or over) and not in_month:
            continue
        taken_back = one.ends_at is not None and one.ends_at != one.expires_at
        share = in_month if taken_back else one.octets - (altogether - in_month)
        found[kind if kind in found else ""] += share
    return Limits(found[MONTHLY], found[""], found[ROLLOVER])


def read(
    bundles: Iterable[Stocked],
    drawn: Mapping[int | None, int],
    month: date,
    starts: datetime,
    ends: datetime,
    now: datetime,
    renews: bool,
) -> Reading:
    """The meter at `now` in a month that lasts from `starts` to `ends`. `renews`: a monthly bundle comes by itself."""
    some = list(bundles)
    return Reading(
        month,
        limits(some, drawn, starts, ends),
        sum(drawn.values()),
        drawn.get(None, 0),
        topup_left(some, now),
        standing([(one, one.octets - gone) for _kind, one, gone in some], now, ends if renews else None),
        holds_until(some, now, ends),
    )


def topup_left(bundles: Iterable[Stocked], now: datetime) -> int:
    """What is left of bundles that are neither the monthly cap nor rolled over."""
    return sum(
        one.octets - gone
        for kind, one, gone in bundles
        if kind not in (MONTHLY, ROLLOVER)
        and (one.starts_at is None or one.starts_at <= now)
        and (one.ends_at is None or now < one.ends_at)
    )


def holds_until(bundles: Iterable[Stocked], now: datetime, ends: datetime) -> datetime:
    """The next instant at which by the clock alone something begins or ends: at the latest the end of the month."""
    turns = [
        turn
        for _kind, one, gone in bundles
        if gone < one.octets
        for turn in (one.starts_at, one.ends_at)
        if turn is not None and turn > now
    ]
    return min([*turns, ends])
