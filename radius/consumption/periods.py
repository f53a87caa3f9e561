"""The month or year that a usage page is about, as its address names it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from ispbilling.core.clock import Period, add_months, month_of

#: Nothing was counted before.
FIRST = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A calendar month, or a year of twelve of them; `today` is the day it is looked at."""

    period: Period
    yearly: bool
    today: date

    @property
    def name(self) -> str:
        """`2026-11`, or `2026`."""
        return f"{self.period.start:%Y}" if self.yearly else f"{self.period.start:%Y-%m}"

    @property
    def query(self) -> str:
        return f"{'year' if self.yearly else 'month'}={self.name}"

    @property
    def words(self) -> str:
        return f"{self.period.start:%Y}" if self.yearly else str(self.period)

    @property
    def present(self) -> bool:
        """Whether it is the month or year that runs."""
        return self.period.start <= self.today < self.period.end

    @property
    def before(self) -> "Chosen":
        return self._moved(-1)

    @property
    def after(self) -> "Chosen | None":
        """The next one, unless it is all to come."""
        return None if self.period.end > self.today else self._moved(1)

    @property
    def months(self) -> list[Period]:
        """The months of it up to today, the latest first."""
        firsts = [add_months(self.period.start, n) for n in range(12 if self.yearly else 1)]
        return [month_of(first) for first in reversed(firsts) if first <= self.today]

    def _moved(self, steps: int) -> "Chosen":
        start = add_months(self.period.start, steps * (12 if self.yearly else 1))
        return year(start, self.today) if self.yearly else month(start, self.today)


def month(day: date, today: date) -> Chosen:
    """The month of a day."""
    return Chosen(month_of(day), False, today)


def year(day: date, today: date) -> Chosen:
    """The calendar year of a day."""
    start = date(day.year, 1, 1)
    return Chosen(Period(start, add_months(start, 12)), True, today)


def chosen(query: Mapping[str, str], today: date) -> Chosen:
    """What `?month=2026-11` or `?year=2026` asks for, the present month without either.

    Raises ValueError for what is no such thing, or lies before FIRST or after today.
    """
    if asked := query.get("year"):
        found = year(_day(f"{asked}-01-01"), today)
    elif asked := query.get("month"):
        found = month(_day(f"{asked}-01"), today)
    else:
        found = month(today, today)
    if not FIRST <= found.period.start <= today:
        raise ValueError(asked)
    return found


def days(query: Mapping[str, str], today: date) -> Period:
    """`?day=2026-11-03` is that day; otherwise as `chosen`. Raises ValueError as `chosen` does."""
    if not (asked := query.get("day")):
        return chosen(query, today).period
    day = _day(asked)
    if not FIRST <= day <= today:
        raise ValueError(asked)
    return Period(day, date.fromordinal(day.toordinal() + 1))


def _day(text: str) -> date:
    """Strictly as pages write it: no weeks, no days without their dashes."""
    found = date.fromisoformat(text)
    if found.isoformat() != text:
        raise ValueError(text)
    return found
