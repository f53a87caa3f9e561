"""Business days are the provider's; months survive the 31st."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from ispbilling.core.clock import Period, add_months, day_end, day_start, local_day, month_of


def test_the_day_turns_at_local_midnight() -> None:
    assert local_day(datetime(2026, 11, 30, 21, 59, tzinfo=UTC)) == date(2026, 11, 30)
    assert local_day(datetime(2026, 11, 30, 22, 0, tzinfo=UTC)) == date(2026, 12, 1)


def test_a_last_day_of_service_ends_at_the_following_midnight() -> None:
    assert day_end(date(2026, 11, 30)) == datetime(2026, 11, 30, 22, 0, tzinfo=UTC)


@given(
    st.dates(date(2000, 1, 1), date(2060, 1, 1)),
    st.sampled_from(["Africa/Johannesburg", "Europe/Berlin", "America/Sao_Paulo"]),
)
def test_every_day_starts_where_the_one_before_ends_also_across_clock_changes(day: date, zone: str) -> None:
    with override_settings(TIME_ZONE=zone):
        assert day_end(day) == day_start(day + timedelta(days=1))
        assert local_day(day_start(day)) == day
        assert local_day(day_end(day) - timedelta(microseconds=1)) == day


@pytest.mark.parametrize(
    ("start", "months", "result"),
    [((2026, 1, 31), 1, (2026, 2, 28)), ((2028, 1, 31), 1, (2028, 2, 29)), ((2026, 12, 1), 1, (2027, 1, 1))],
)
def test_month_arithmetic_survives_the_31st(start: tuple, months: int, result: tuple) -> None:
    assert add_months(date(*start), months) == date(*result)


def test_a_period_counts_its_days_and_what_overlaps_it() -> None:
    november = month_of(date(2026, 11, 21))
    assert (november.days, str(november), november.last) == (30, "November 2026", date(2026, 11, 30))
    assert november.overlap(date(2026, 11, 11), None) == 20
    assert november.overlap(date(2026, 1, 1), date(2026, 11, 11)) == 10
    assert november.overlap(date(2026, 12, 1), None) == 0
    with pytest.raises(ValueError, match="empty"):
        Period(date(2026, 1, 1), date(2026, 1, 1))


def test_the_end_of_the_calendar_is_a_day_like_any_other() -> None:
    """9999-12-31 is how people write "never"; one such line must not stop the RADIUS server from reading all."""
    never = day_end(date.max)
    assert never.year == 9999
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
        with override_settings(TIME_ZONE=zone):
            assert local_day(never) >= date(9999, 12, 29)
