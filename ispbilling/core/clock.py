"""Time. Only edges (views, commands, tasks) ask `now()`; acts and decisions take the instant as an argument.

Instants are aware and stored in UTC; business days are dates of the provider's zone (settings.TIME_ZONE).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from django.conf import settings

#: The calendar ends with 9999-12-31, which people type for "never": no day is over later than this one.
_LAST = date(9999, 12, 29)


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


def zone() -> ZoneInfo:
    """The provider's time zone."""
    return ZoneInfo(settings.TIME_ZONE)


def local_day(instant: datetime) -> date:
    """The provider's calendar day in which the instant falls."""
    return instant.astimezone(zone()).date()


def day_start(day: date) -> datetime:
    """The first instant of a local day. Where the clock skips midnight, the first instant that exists."""
    return _day_start(day, zone())


@lru_cache(maxsize=1000)
def _day_start(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def day_end(day: date) -> datetime:
    """The instant at which the local day is over (start of the next): what "last day of service" means (D-10)."""
    return day_start(min(day, _LAST) + timedelta(days=1))


@lru_cache(maxsize=1000)
def month_of(day: date) -> "Period":
    """The calendar month that holds the day."""
    first = day.replace(day=1)
    return Period(first, add_months(first, 1))


def add_months(day: date, months: int) -> date:
    """Month arithmetic that survives the 31st: 31 Jan + 1 month = 28 or 29 Feb."""
    return day + relativedelta(months=months)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """Local days from `start` up to but not including `end`."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"empty period {self.start} - {self.end}")

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def last(self) -> date:
        return self.end - timedelta(days=1)

    def overlap(self, since: date, until: date | None) -> int:
        """Days of this period that lie in [since, until); `until` None is open."""
        begin = max(self.start, since)
        end = self.end if until is None else min(self.end, until)
        return max((end - begin).days, 0)

    def __str__(self) -> str:
        if self.start.day == 1 and self.end == add_months(self.start, 1):
            return f"{self.start:%B %Y}"
        return f"{self.start} to {self.last}"
