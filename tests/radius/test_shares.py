"""Every octet of a usage day is found in the sessions it came from."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ispbilling.core.clock import Period, local_day, month_of, now
from radius.models import Session, SessionMark, UsageDay
from radius.usage import shares
from radius.usage.partitions import MARKS, create, missing
from tests import builders
from tests.radius.test_recording import line, nas, packet, recorder  # noqa: F401 - fixtures

pytestmark = [pytest.mark.django_db, pytest.mark.feature("USE-3")]
HOUR, DAY = 3600, 86_400
#: Ten in the evening in Johannesburg.
EVENING = int(datetime(2026, 5, 15, 20, tzinfo=UTC).timestamp())


def day_of(moment: int):
    return local_day(datetime.fromtimestamp(moment, UTC))


def explained(line) -> None:  # noqa: F811
    """The days are the sum of the sessions' shares, for each day and for the month."""
    month = month_of(day_of(EVENING))
    days = {row.day: row for row in UsageDay.objects.filter(data_account=line)}
    for day, row in days.items():
        parts = shares.of_period(line.pk, Period(day, day + timedelta(days=1)))
        assert (row.upload_octets, row.download_octets) == shares.total(parts), day
    assert shares.by_day(line.pk, Period(month.start, month.end + timedelta(days=60))) == {
        day: row.upload_octets + row.download_octets
        for day, row in days.items()
        if row.upload_octets + row.download_octets
    }


def test_a_session_over_two_midnights_is_laid_at_three_days(recorder, line, nas):  # noqa: F811
    recorder.record([packet("Start", EVENING, nas)])
    for hours, down in ((1, 100), (3, 301), (26, 1_000), (30, 5_000), (31, 5_007)):
        at = EVENING + hours * HOUR
        recorder.record([packet("Interim-Update", at, nas, seconds=hours * HOUR, up=hours, down=down)])
    assert SessionMark.objects.count() == 2
    explained(line)
    first, second, third = (day_of(EVENING) + timedelta(days=n) for n in range(3))
    (share,) = shares.of_period(line.pk, Period(first, first + timedelta(days=1)))
    assert (share.download, share.whole) == (100 + 100, False)  # half of what came between 23:00 and 01:00
    (all_of_it,) = shares.of_period(line.pk, Period(first, third + timedelta(days=1)))
    assert (all_of_it.total, all_of_it.whole) == (5_007 + 31, True)
    assert set(shares.by_day(line.pk, Period(first, third + timedelta(days=1)))) == {first, second, third}


def test_a_quiet_midnight_keeps_the_evening_apart(recorder, line, nas):  # noqa: F811
    recorder.record([packet("Interim-Update", EVENING + HOUR, nas, seconds=HOUR, up=7, down=70)])
    recorder.record([packet("Interim-Update", EVENING + 20 * HOUR, nas, seconds=20 * HOUR, up=7, down=70)])
    recorder.record([packet("Interim-Update", EVENING + 21 * HOUR, nas, seconds=21 * HOUR, up=8, down=80)])
    explained(line)


def test_what_was_moved_before_the_line_was_known_is_nobodys(recorder, line, nas):  # noqa: F811
    stranger = "later@isp.test"
    first, second = (
        packet("Interim-Update", EVENING + minutes * 60, nas, seconds=minutes * 60, up=7, down=down)
        for minutes, down in ((60, 70), (90, 90))
    )
    recorder.record([first._replace(username=stranger)])
    assert not UsageDay.objects.exists()
    mine = builders.data_account(username=stranger)
    recorder.record([second._replace(username=stranger)])
    day = UsageDay.objects.get()
    assert (day.data_account_id, day.download_octets) == (mine.pk, 20)
    explained(mine)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False))
def test_whatever_is_reported_the_days_are_the_sum_of_their_sessions(recorder, line, nas, rng: random.Random):  # noqa: F811
    """Parallel sessions over midnights, repeated, lost and out of order."""
    for table in (SessionMark, Session, UsageDay):
        table.objects.all().delete()
    sent = []
    for n in range(rng.randint(1, 4)):
        began, up, down = EVENING + rng.randrange(3 * DAY), 0, 0
        sent.append(packet("Start", began, nas, session=f"s-{n}"))
        seconds = 0
        for _interim in range(rng.randint(1, 6)):
            seconds += rng.choice([300, HOUR, 5 * HOUR, 26 * HOUR])
            up, down = (
                up + rng.choice([0, 1, rng.randrange(10**9)]),
                down + rng.choice([0, rng.randrange(10**10)]),
            )
            values = {"session": f"s-{n}", "seconds": seconds, "up": up, "down": down}
            sent.append(packet("Interim-Update", began + seconds, nas, **values))
    sent = [one for one in sent if rng.random() < 0.8] + [one for one in sent if rng.random() < 0.3]
    if rng.random() < 0.5:
        rng.shuffle(sent)
    while sent:
        size = rng.randint(1, 5)
        recorder.record(sent[:size])
        del sent[:size]
    explained(line)


def test_marks_have_their_months_like_usage_days(recorder, line, nas):  # noqa: F811
    recorder.record([packet("Interim-Update", EVENING + HOUR, nas, seconds=HOUR, up=7, down=70)])
    recorder.record([packet("Interim-Update", EVENING + 20 * HOUR, nas, seconds=20 * HOUR, up=9, down=90)])
    month = month_of(day_of(EVENING)).start
    assert (MARKS, month) in missing(now())
    assert create(MARKS, month)
    assert (MARKS, month) not in missing(now())
    explained(line)
