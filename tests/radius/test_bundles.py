"""What lines hold: granted once, drawn earliest expiry first, resized, taken back, and what is left of it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from ispbilling.core.clock import day_end, day_start, month_of
from ispbilling.core.units import GB
from radius.bundles import counting, granting, settling
from radius.bundles.models import BundleKind, DataBundle
from radius.bundles.remaining import breakdown, remaining
from radius.models import DataAccount, UsageDay
from tests import builders

pytestmark = pytest.mark.django_db

#: Noon in Johannesburg.
NOON = datetime(2026, 11, 10, 10, tzinfo=UTC)
NOVEMBER = month_of(date(2026, 11, 1))


def line(cap: int | None = 100 * GB, **package) -> DataAccount:
    return builders.data_account(package=builders.package(cap_octets=cap, **package))


def use(account: DataAccount, octets: int, at: datetime) -> None:
    """Usage as accounting stores it, drawn at that instant."""
    day, _ = UsageDay.objects.get_or_create(data_account=account, day=(at + timedelta(hours=2)).date())
    UsageDay.objects.filter(pk=day.pk).update(download_octets=day.download_octets + octets)
    settling.settle([account.pk], at)
    counting.count([account.pk], at)


def test_a_line_lives_from_its_cap_its_rollover_and_its_topups_in_the_order_of_their_expiry():
    """The worked example of 2.11: in December a top-up until the 15th, a rollover and the monthly cap."""
    account = line()
    december = month_of(date(2026, 12, 1))
    use(account, 60 * GB, NOON)
    november = DataBundle.objects.get()
    first = day_start(december.start)
    monthly = granting.ensure_monthly(account, december.start, first)
    rolled = granting.grant(
        account, BundleKind.ROLLOVER, november.left_octets or 1, first, source=f"rollover:{november.pk}",
        starts_at=first, expires_at=day_end(december.last), parent=DataBundle.objects.get(pk=november.pk),
    )  # fmt: skip
    topup = granting.grant(
        account, BundleKind.TOPUP, 10 * GB, first, source="sale:1", expires_at=day_end(date(2026, 12, 15))
    )
    found = remaining([account.pk], first)[account.pk]
    assert (found.limit_monthly, found.limit_topup, found.limit_rollover) == (100 * GB, 10 * GB, 40 * GB)
    for day, gone in ((2, [topup]), (3, [topup, rolled]), (4, [topup, rolled])):
        use(account, {2: 10, 3: 40, 4: 30}[day] * GB, datetime(2026, 12, day, 10, tzinfo=UTC))
        used_up = [
            one for one in (topup, rolled, monthly) if DataBundle.objects.get(pk=one.pk).left_octets == 0
        ]
        assert used_up == gone
    found = remaining([account.pk], datetime(2026, 12, 4, 11, tzinfo=UTC))[account.pk]
    assert (found.used, found.left, found.over, found.percent) == (80 * GB, 70 * GB, 0, 53)
    assert [(one.kind, one.octets) for one in breakdown(account, december)] == [
        ("topup", 10 * GB), ("rollover", 40 * GB), ("monthly", 30 * GB)
    ]  # fmt: skip
