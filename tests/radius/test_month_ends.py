"""Months end at the provider's own midnight: where the clocks change, in a leap year, where a midnight is missing."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection

from ispbilling.core.clock import day_end, day_start, local_day, month_of
from radius import sweeps
from radius.bundles import counting, granting, settling, verifying
from radius.models import DataAccount, DataBundle, DataSettings, Draw, UsageDay
from radius.policy.decision import decide
from radius.subscribers import find_accounts
from radius.usage.recording import Recorder
from radius.wire.usernames import Usernames
from tests import builders
from tests.radius.test_recording import packet

pytestmark = [pytest.mark.django_db, pytest.mark.feature("W-12", "GRP-9")]
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)


@pytest.mark.parametrize(("zone", "first"), [
    ("Europe/Berlin", date(2026, 10, 1)), ("Europe/Berlin", date(2027, 3, 1)),
    ("Africa/Johannesburg", date(2028, 2, 1)), ("America/Asuncion", date(2023, 9, 1)),
])  # fmt: skip
def test_a_month_ends_at_its_own_midnight(settings: Any, zone: str, first: date) -> None:
    """The last session of the month is reported after the month's end, and after the sweep rolled too much over."""
    settings.TIME_ZONE = zone
    DataSettings.objects.update(rollover_months=1, rollover_topup_months=1, regulation_from=None)
    month = month_of(first)
    following = month_of(month.end)
    began, ends = day_start(first), day_end(month.last)
    package = builders.package(cap_octets=100)
    line, capped = (
        builders.data_account(username=name, package=package, starts_on=first)
        for name in ("alice@isp.test", "bob@isp.test")
    )
    ids = [line.pk, capped.pk]
    settling.settle(ids, began)
    UsageDay.objects.create(data_account=capped, day=month.last, download_octets=100)
    topup = granting.grant(line, "topup", 50, ends - 2 * HOUR, source="sale:1", price=9, expires_at=ends)
    counting.count(ids, ends - HOUR)
    facts = find_accounts(ids, ends - HOUR)[capped.pk]
    assert decide(facts, None, ends - SECOND).code == "CAPPED"
    assert decide(facts, None, ends).accepted
    recorder, nas = Recorder(connection.connection, Usernames()), builders.nas()
    start = int((ends - HOUR).timestamp())
    recorder.record([packet("Start", start, nas)])
    swept(ids, ends + 2 * MINUTE)
    assert sorted(held(line, ends)) == [("monthly", 100), ("rollover", 50), ("rollover", 100)]
    recorder.record([packet("Interim-Update", start + 7200, nas, seconds=7200, down=100)])
    now = ends + HOUR
    swept(ids, now)
    monthly = DataBundle.objects.get(data_account=line, month=first)
    rolled = DataBundle.objects.get(parent=monthly)
    assert [(one.day, one.bundle_id, one.octets) for one in Draw.objects.filter(data_account=line).order_by("day")] == [
        (month.last, monthly.pk, 50), (following.start, rolled.pk, 50)
    ]  # fmt: skip
    assert (rolled.octets, rolled.starts_at, rolled.expires_at) == (50, ends, day_end(following.last))
    assert local_day(DataBundle.objects.get(parent=topup).expires_at - HOUR - SECOND) == following.last
    coming = DataBundle.objects.get(data_account=line, month=following.start)
    assert (coming.starts_at, coming.expires_at) == (ends, rolled.expires_at)
    assert list(verifying.findings(ids, now)) == []


def swept(ids: list[int], now: Any) -> None:
    counting.count(ids, now)
    assert sweeps.new_bundles(now).apply(now).failed == []
    counting.count(ids, now)


def held(line: DataAccount, now: Any) -> list[tuple[str, int]]:
    rows = DataBundle.objects.live(now).filter(data_account=line, starts_at__lte=now)
    return list(rows.values_list("kind", "octets"))
