"""Whatever is used, reported late, chosen and swept how often: nothing is created or lost (hypothesis)."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ispbilling.core.clock import add_months, day_start
from radius import sweeps
from radius.bundles import counting, settling
from radius.models import CustomerDataExpiry, DataAccount, DataBundle, DataSettings, Draw, UsageDay
from tests import builders

pytestmark = [pytest.mark.django_db, pytest.mark.feature("GRP-9", "SET-1")]
ZONE = ZoneInfo("Africa/Johannesburg")
FIRST, CAP = date(2026, 11, 1), 100

#: Of each month: what was used and reported in time, and what of it reached us on the next day.
MONTHS = st.lists(st.tuples(st.integers(0, 150), st.integers(0, 40)), min_size=3, max_size=4)


def expected(used: list[int], lasts: int) -> tuple[list[tuple[int, int]], int]:
    """By hand: what is held after the last month as (age, octets), and what went over the cap altogether."""
    held, over = [(0, CAP)], 0
    for octets in used:
        left = []
        for age, has in sorted(held, reverse=True):  # all expire with the month: the oldest data first
            part = min(has, octets)
            octets -= part
            left.append((age, has - part))
        over += octets
        held = [(age + 1, has) for age, has in left if has and age < lasts] + [(0, CAP)]
    return sorted(held), over


def report(line: DataAccount, day: date, octets: int, now: datetime) -> None:
    row, _ = UsageDay.objects.get_or_create(data_account=line, day=day)
    UsageDay.objects.filter(pk=row.pk).update(upload_octets=row.upload_octets + octets)
    counting.count([line.pk], now, since=day)


def sweep(line: DataAccount, now: datetime, times: int) -> None:
    for _ in range(times):
        assert sweeps.roll_over(now).apply(now).failed == []
    counting.count([line.pk], now)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(used=MONTHS, lasts=st.integers(0, 3), times=st.integers(1, 3), late_sweep=st.booleans())
def test_it_ends_as_if_all_had_been_reported_and_swept_in_time(
    used: list[tuple[int, int]], lasts: int, times: int, late_sweep: bool
) -> None:
    with transaction.atomic():
        DataSettings.objects.update(regulation_from=None, rolled_until=None)
        package = builders.package(cap_octets=CAP, cap_kind="hard", service_once_capped=None)
        line = builders.data_account(customer=builders.customer(), package=package)
        CustomerDataExpiry.objects.create(customer=line.customer, monthly_months=lasts)
        settling.settle([line.pk], day_start(FIRST))
        for number, (in_time, late) in enumerate(used):
            day = add_months(FIRST, number)
            ends = day_start(add_months(day, 1))
            report(line, day + timedelta(days=20), in_time, ends - timedelta(hours=1))
            if not late_sweep:
                sweep(line, ends + timedelta(minutes=2), times)
            report(line, day + timedelta(days=27), late, ends + timedelta(hours=5))
            sweep(line, ends + timedelta(hours=6), times)
        now = ends + timedelta(hours=7)
        held, over = expected([sum(pair) for pair in used], lasts)
        rows = DataBundle.objects.live(now).filter(data_account=line)
        assert sorted((row.rolled_count, row.octets) for row in rows) == held
        assert (Draw.objects.filter(bundle=None).aggregate(sum=Sum("octets"))["sum"] or 0) == over
        _balances(line, now)
        transaction.set_rollback(True)


def _balances(line: DataAccount, now: datetime) -> None:
    """Every octet was drawn once, and what was granted is drawn, rolled over, expired or held."""
    drawn = Draw.objects.aggregate(sum=Sum("octets"))["sum"] or 0
    assert drawn == (UsageDay.objects.aggregate(sum=Sum("upload_octets"))["sum"] or 0)
    for bundle in DataBundle.objects.filter(data_account=line).prefetch_related("children"):
        rolled = sum(child.octets for child in bundle.children.all() if child.voided_at is None)
        assert len(bundle.children.all()) <= 1
        expired = bundle.octets - bundle.drawn_octets - rolled
        if bundle.expires_at is not None and bundle.expires_at <= now and bundle.voided_at is None:
            assert expired >= 0
        else:
            assert rolled == 0
        assert bundle.drawn_octets == (bundle.draws.aggregate(sum=Sum("octets"))["sum"] or 0)
