"""On which days banks collect, and until when a batch must be authorised. Pure, but for the table of holidays.

South African public holidays come from the `holidays` library, days declared by the President (elections) included.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

from billing.debiting.models import Service
from ispbilling.core.clock import add_months, zone

COUNTRY = "ZA"
_DAY = timedelta(days=1)
_SATURDAY, _SUNDAY = 5, 6


@cache
def _table() -> Any:
    """Imported when it is first asked: it takes a third of a second, and most processes never ask."""
    import holidays

    return holidays.country_holidays(COUNTRY)


def is_holiday(day: date) -> bool:
    """Whether the day is a public holiday."""
    return day in _table()


def is_business_day(day: date) -> bool:
    """Monday to Friday, no public holiday."""
    return day.weekday() < _SATURDAY and not is_holiday(day)


def collects(day: date, service: Service) -> bool:
    """Whether banks collect on the day: two-day on business days, same-day on Saturdays, too."""
    if service == Service.SAME_DAY:
        return day.weekday() != _SUNDAY and not is_holiday(day)
    return is_business_day(day)


def next_day(day: date, fits: Callable[[date], bool]) -> date:
    """The day itself or the first after it that fits."""
    while not fits(day):
        day += _DAY
    return day


def business_days_before(day: date, count: int) -> date:
    """The business day so many business days before that day."""
    while count:
        day -= _DAY
        count -= is_business_day(day)
    return day


def authorise_by(action_on: date, service: Service) -> datetime:
    """The instant by which a batch must be authorised at the provider (features 2.13, Netcash's cut-off times).

    Same-day: 10:59 on the action day, for a Saturday the end of the business day before. Two-day: the end of the
    second business day before.
    """
    if service == Service.TWO_DAY:
        last, at = business_days_before(action_on, 2), time(23, 59)
    elif action_on.weekday() == _SATURDAY:
        last, at = business_days_before(action_on, 1), time(23, 59)
    else:
        last, at = action_on, time(10, 59)
    return datetime.combine(last, at, zone())


def first_day(now: datetime, service: Service) -> date:
    """The first action day that can still be reached."""
    day = now.astimezone(zone()).date()
    return next_day(day, lambda one: collects(one, service) and now <= authorise_by(one, service))


def of_month(day: int, on: date) -> date:
    """The next such day of a month, that day included; day is 1 to 28."""
    found = on.replace(day=day)
    return found if found >= on else add_months(found, 1)
