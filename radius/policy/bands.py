"""Times of day at which a service is closed, in the provider's own time (TIME_BAND). Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Band:
    """Closed on these ISO weekdays ("12345") from `since` until `until`.

    A band belongs to the day on which it begins: until an earlier time of day is until that time of the
    next, and until the same time is a whole day.
    """

    days: str
    since: time
    until: time


def closing(bands: Iterable[Band], zone: str, now: datetime) -> tuple[datetime, datetime] | None:
    """The stretch of a band that holds `now`, None when none does."""
    return next((span for span in _spans(bands, zone, now) if span[0] <= now < span[1]), None)


def next_edge(bands: Iterable[Band], zone: str, now: datetime) -> datetime | None:
    """The first instant after `now` at which a band begins or ends; None when there are none."""
    return min((edge for span in _spans(bands, zone, now) for edge in span if edge > now), default=None)


def _spans(bands: Iterable[Band], zone: str, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The stretches around `now`: of the last two days and until every weekday has come again."""
    if not bands:
        return
    today = now.astimezone(_zone(zone)).date()
    for band in bands:
        for offset in range(-2, 9):
            day = today + offset * _DAY
            if str(day.isoweekday()) in band.days:
                last = day if band.since < band.until else day + _DAY
                span = _instant(day, band.since, zone), _instant(last, band.until, zone)
                if span[0] < span[1]:  # a band inside the hour that spring leaves out is no time at all
                    yield span


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _instant(day: date, clock: time, zone: str) -> datetime:
    """When clocks show that time: the first time they do, or as much later as spring puts them forward."""
    return datetime.combine(day, clock, _zone(zone)).astimezone(UTC)
