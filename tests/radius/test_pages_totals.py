"""What the usage pages are summed from."""

import random
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.accounts import gates
from customers.models import Customer, GateKind
from ispbilling.core.clock import month_of
from ispbilling.core.units import GB
from radius import subscribers
from radius.accounts.states import RadiusStatus, with_status
from radius.models import DataAccount, UsageDay
from radius.policy.decision import decide
from radius.usage import totals
from tests import builders

pytestmark = pytest.mark.django_db
NOVEMBER = month_of(date(2026, 11, 1))
NOON = datetime(2026, 11, 15, 12, tzinfo=ZoneInfo("Africa/Johannesburg"))


def use(account: DataAccount, day: date, upload: int, download: int) -> None:
    UsageDay.objects.create(data_account=account, day=day, upload_octets=upload, download_octets=download)


@pytest.mark.feature("USE-2")
def test_it_sums_both_directions_of_the_month_alone() -> None:
    line = builders.data_account()
    use(line, date(2026, 10, 31), 7, 7)
    use(line, date(2026, 11, 1), 1, 10)
    use(line, date(2026, 11, 30), 2, 20)
    use(line, date(2026, 12, 1), 7, 7)
    quiet = builders.data_account()
    rows = {row.pk: row.used for row in totals.with_usage(DataAccount.objects.all(), NOVEMBER)}
    assert rows == {line.pk: 33, quiet.pk: 0}


@pytest.mark.feature("DAT-4", "USE-3")
def test_it_combines_the_lines_of_a_customer(alice: Customer, bob: Customer) -> None:
    for octets in (5, 6):
        use(builders.data_account(customer=alice), date(2026, 11, 3), 0, octets)
    rows = {row.code: row.used for row in totals.with_customer_usage(Customer.objects.all(), NOVEMBER)}
    assert rows == {"ALI001": 11, "BOB001": 0}


@pytest.mark.feature("USE-3")
def test_the_total_row_is_the_sum_of_all_rows() -> None:
    package = builders.package(price="100.00")
    for octets, price in ((3 * GB, None), (4 * GB, "49.90")):
        use(builders.data_account(package=package, custom_price=price), date(2026, 11, 3), 0, octets)
    total = totals.of_month(DataAccount.objects.all(), NOVEMBER)
    assert (total.accounts, total.octets, str(total.cost)) == (2, 7 * GB, "149.90")


def test_the_total_of_nothing_is_zero(db: None) -> None:
    total = totals.of_month(DataAccount.objects.none(), NOVEMBER)
    assert (total.accounts, total.octets, total.cost) == (0, 0, 0)


@pytest.mark.feature("PRO-7", "USE-9")
def test_a_month_of_days_has_its_quiet_days() -> None:
    line = builders.data_account()
    use(line, date(2026, 11, 2), 1, 10)
    days = totals.daily(NOVEMBER, data_account=line)
    assert len(days) == 30
    assert [d.total for d in days[:3]] == [0, 11, 0]
    assert days[1].upload == 1


@pytest.mark.feature("USE-1")
def test_a_line_is_listed_in_the_months_it_served() -> None:
    builders.data_account(username="before", starts_on=date(2026, 1, 1), ends_on=date(2026, 10, 31))
    builders.data_account(username="last", starts_on=date(2026, 1, 1), ends_on=date(2026, 11, 1))
    builders.data_account(username="first", starts_on=date(2026, 11, 30))
    builders.data_account(username="after", starts_on=date(2026, 12, 1))
    names = totals.in_service(DataAccount.objects.all(), NOVEMBER).values_list("username", flat=True)
    assert sorted(names) == ["first", "last"]


def test_the_sums_of_a_page_are_one_query() -> None:
    for _ in range(5):
        use(builders.data_account(), date(2026, 11, 3), 1, 1)
    with CaptureQueriesContext(connection) as captured:
        assert len(totals.with_usage(DataAccount.objects.all(), NOVEMBER)[:3]) == 3
    assert len(captured) == 1


@pytest.mark.feature("D-21")
def test_the_status_is_the_first_reason_that_applies(alice: Customer, bob: Customer) -> None:
    mine = builders.data_account(customer=alice)
    other = builders.data_account(customer=bob)

    def status(account: DataAccount, now: datetime = NOON) -> str:
        return str(with_status(DataAccount.objects.all(), now).get(pk=account.pk).radius_status)

    assert status(mine) == RadiusStatus.DEFAULT
    mine.package.service.expires_on = date(2026, 11, 14)
    mine.package.service.save(update_fields=["expires_on"])
    assert status(mine) == RadiusStatus.REJECTED
    mine.starts_on = date(2026, 11, 16)
    mine.save(update_fields=["starts_on"])
    assert status(mine) == RadiusStatus.NOT_STARTED
    mine.blocked = True
    mine.save(update_fields=["blocked"])
    assert status(mine) == RadiusStatus.BLOCKED
    gates.close(alice, GateKind.SUSPENDED, NOON, actor=None)
    assert status(mine) == RadiusStatus.SUSPENDED
    gates.close(alice, GateKind.DISABLED, NOON, actor=None)
    assert status(mine) == RadiusStatus.DISABLED
    gates.cancel(alice, date(2026, 11, 15), NOON, actor=None, reason="moved")
    assert status(mine) == RadiusStatus.DISABLED
    assert status(mine, NOON + timedelta(hours=12)) == RadiusStatus.CANCELLED
    assert status(other) == RadiusStatus.REJECTED


@pytest.mark.feature("D-21", "W-3")
@pytest.mark.parametrize("seed", range(12))
def test_the_status_and_the_decision_never_disagree(seed: int) -> None:
    dice = random.Random(seed)

    def some_day() -> date | None:
        return dice.choice([None, date(2026, 11, 14), date(2026, 11, 15), date(2026, 11, 16)])

    for _ in range(8):
        group = builders.group(enabled=dice.random() > 0.2)
        authentication = "reject" if dice.random() < 0.2 else "accept"
        service = builders.service(authentication=authentication, expires_on=some_day())
        owner = builders.customer(group=group)
        last = some_day()
        first = dice.choice([date(2026, 11, 13), date(2026, 11, 13), date(2026, 11, 15), date(2026, 11, 16)])
        builders.data_account(
            customer=owner,
            package=builders.package(service=service),
            blocked=dice.random() < 0.2,
            starts_on=min(first, last or first),
            ends_on=last,
        )
        for kind in GateKind:
            if dice.random() < 0.2:
                since = NOON + timedelta(days=dice.choice([-1, 1]))
                gates.close(owner, kind, NOON, actor=None, since=since)
    for account in with_status(DataAccount.objects.all(), NOON):
        accepted = decide(subscribers.find(account.username, NOON), None, NOON).accepted
        assert accepted == (account.radius_status == RadiusStatus.DEFAULT), account.radius_status
