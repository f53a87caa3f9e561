"""Month end of data: the grant, what rolls over and for how long, late accounting, again and again."""

from datetime import date, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from customers.accounts import gates
from customers.models import Customer, GateKind
from groups.models import Category
from ispbilling.core.clock import day_start, local_day
from ispbilling.core.models import Event
from ispbilling.core.units import GB
from radius import sweeps
from radius.bundles import counting, granting, settling
from radius.models import CustomerDataExpiry, DataAccount, DataBundle, DataSettings, Draw, UsageDay
from radius.rolling import correcting, expiring, sets
from tests import builders

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Africa/Johannesburg")
NOVEMBER, DECEMBER, JANUARY = date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZONE)


def capped(gb: int = 100, **kwargs: object) -> DataAccount:
    """A line with a hard cap, its November granted."""
    package = builders.package(cap_octets=gb * GB, cap_kind="hard", service_once_capped=None, **kwargs)
    line = builders.data_account(package=package)
    settling.settle([line.pk], at(2026, 11, 1, 1))
    return line


def use(line: DataAccount, day: date, gb: int, now: datetime) -> None:
    """So many more GB of a day reach us at `now`, and are drawn."""
    row, _ = UsageDay.objects.get_or_create(data_account=line, day=day)
    row.download_octets += gb * GB
    row.save(update_fields=["download_octets"])
    counting.count([line.pk], now, since=day)


def sweep(now: datetime) -> int:
    """The sweep at that instant, and the drawer after it."""
    result = sweeps.new_bundles(now).apply(now)
    assert result.failed == []
    counting.count(list(DataAccount.objects.values_list("pk", flat=True)), now)
    return result.applied


def held(line: DataAccount, now: datetime) -> list[tuple[str, int, int, date]]:
    """What a line holds: kind, GB, GB drawn, last day; in the order in which it is used."""
    rows = DataBundle.objects.live(now).filter(data_account=line, starts_at__lte=now)
    return [
        (row.kind, row.octets // GB, row.drawn_octets // GB, local_day(row.expires_at - timedelta(seconds=1)))
        for row in rows.order_by("expires_at", "origin_at", "pk")
    ]


@pytest.fixture
def rolling() -> DataSettings:
    """A provider where unused data lasts another month."""
    DataSettings.objects.update(rollover_months=1, rollover_topup_months=1, regulation_from=None)
    return DataSettings.get()


@pytest.mark.feature("GRP-9", "SET-1")
def test_the_worked_example_of_three_months(rolling: DataSettings) -> None:
    """Cap 100 GB, 60 used in November; a top-up of 10 GB until 15 December."""
    line = capped()
    use(line, date(2026, 11, 20), 60, at(2026, 11, 30, 23))
    now = at(2026, 12, 1, 0, 2)
    assert sweep(now) > 0
    granting.grant(
        line, "topup", 10 * GB, at(2026, 12, 1, 9), source="sale:1", price=99, expires_at=at(2026, 12, 16)
    )
    last = date(2026, 12, 31)
    assert held(line, at(2026, 12, 2)) == [
        ("topup", 10, 0, date(2026, 12, 15)),
        ("rollover", 40, 0, last),
        ("monthly", 100, 0, last),
    ]
    use(line, date(2026, 12, 10), 75, at(2026, 12, 10, 20))
    assert [(kind, used) for kind, _, used, _ in held(line, at(2026, 12, 11))] == [
        ("topup", 10),
        ("rollover", 40),
        ("monthly", 25),
    ]
    sweep(at(2027, 1, 1, 0, 2))
    assert [row[:3] for row in held(line, at(2027, 1, 1, 1))] == [("rollover", 75, 0), ("monthly", 100, 0)]


@pytest.mark.feature("GRP-9", "SET-1")
def test_what_rolled_over_is_gone_after_its_month_unless_more_are_allowed(rolling: DataSettings) -> None:
    once, thrice = capped(), capped()
    CustomerDataExpiry.objects.create(customer=builders.customer(), monthly_months=3)
    DataAccount.objects.filter(pk=thrice.pk).update(
        customer=Customer.objects.get(data_expiry__monthly_months=3)
    )
    for month in range(4):
        sweep(at(2026 + (11 + month) // 12, (11 + month) % 12 + 1, 1, 0, 2))
    now = at(2027, 3, 1, 1)
    kinds = {line.pk: sorted((kind, gb) for kind, gb, *_ in held(line, now)) for line in (once, thrice)}
    assert kinds[once.pk] == [("monthly", 100), ("rollover", 100)]
    assert kinds[thrice.pk] == [("monthly", 100)] + [("rollover", 100)] * 3
    generations = DataBundle.objects.filter(data_account=thrice, kind="rollover").values_list(
        "rolled_count", flat=True
    )
    assert max(generations) == 3


@pytest.mark.feature("GRP-9")
def test_again_and_again_changes_nothing(rolling: DataSettings) -> None:
    line = capped()
    use(line, date(2026, 11, 20), 60, at(2026, 11, 30, 23))
    now = at(2026, 12, 1, 0, 2)
    sweep(now)
    before = list(DataBundle.objects.values())
    for hours in (0, 1, 12, 47, 72):
        sweeps.new_bundles(now + timedelta(hours=hours)).apply(now + timedelta(hours=hours))
    assert list(DataBundle.objects.values()) == before
    assert len(sweeps.new_bundles(now + timedelta(hours=72))) == 0


@pytest.mark.feature("GRP-9")
def test_late_accounting_takes_back_what_was_not_left_and_says_why(rolling: DataSettings) -> None:
    line = capped()
    use(line, date(2026, 11, 20), 60, at(2026, 11, 30, 23))
    sweep(at(2026, 12, 1, 0, 2))
    use(line, date(2026, 11, 30), 10, at(2026, 12, 1, 0, 5))
    sweep(at(2026, 12, 1, 0, 7))
    assert held(line, at(2026, 12, 1, 1))[0][:3] == ("rollover", 30, 0)
    event = Event.objects.get(kind="data_bundle.rollover_adjusted")
    assert (event.data["was_octets"], event.data["octets"]) == (40 * GB, 30 * GB)
    assert "counted again" in event.data["because"]
    assert "forgiven_octets" not in event.data
    # 25 of the 30 are used when 20 more of November come: only 10 were left, and what was used is forgiven.
    use(line, date(2026, 12, 3), 25, at(2026, 12, 3, 20))
    use(line, date(2026, 11, 30), 20, at(2026, 12, 4))
    sweep(at(2026, 12, 4, 1))
    assert held(line, at(2026, 12, 4, 1))[0][:3] == ("rollover", 25, 25)
    assert (
        Event.objects.filter(kind="data_bundle.rollover_adjusted").first().data["forgiven_octets"] == 15 * GB
    )


@pytest.mark.feature("GRP-9")
def test_a_rollover_of_which_nothing_is_left_is_taken_back_and_comes_back(rolling: DataSettings) -> None:
    line = capped()
    sweep(at(2026, 12, 1, 0, 2))
    use(line, date(2026, 11, 30), 100, at(2026, 12, 1, 3))
    sweep(at(2026, 12, 1, 3))
    assert [row[0] for row in held(line, at(2026, 12, 1, 4))] == ["monthly"]
    UsageDay.objects.update(download_octets=90 * GB)
    counting.count([line.pk], at(2026, 12, 1, 5), since=NOVEMBER)
    sweep(at(2026, 12, 1, 5))
    assert held(line, at(2026, 12, 1, 6))[0][:3] == ("rollover", 10, 0)


@pytest.mark.feature("GRP-9")
def test_upwards_by_itself_for_two_days_and_later_when_somebody_asks(rolling: DataSettings) -> None:
    line = capped()
    use(line, date(2026, 11, 20), 60, at(2026, 11, 30, 23))
    sweep(at(2026, 12, 1, 0, 2))
    UsageDay.objects.update(download_octets=50 * GB)
    late = at(2026, 12, 9, 12)
    counting.count([line.pk], late, since=NOVEMBER)
    sweep(late)
    assert held(line, late)[0][:3] == ("rollover", 40, 0)
    correcting.correct([line.pk], late, because="Counted twice", grow=True)
    assert held(line, late)[0][:3] == ("rollover", 50, 0)


SAID = (None, 0, 2)


@pytest.mark.feature("SET-1", "GRP-9")
def test_the_statement_decides_as_the_pure_function_does(alice: Customer) -> None:
    """Every combination of what customer, package, category, group and settings say, by one month end."""
    now, ended = at(2027, 2, 1, 0, 2), day_start(date(2027, 2, 1))
    tags = {2: Category.objects.create(title="Two", rollover_months=2, rollover_topup_months=2)}
    tags[0] = Category.objects.create(title="None", rollover_months=0, rollover_topup_months=0)
    groups = {on: builders.group(auto_data_rollover=on) for on in (False, True)}
    once_capped = builders.service()
    packages = {
        (months, soft): builders.package(
            cap_kind="soft" if soft else "hard",
            service_once_capped=once_capped if soft else None,
            rollover_monthly=None if months is None else months > 0,
            rollover_monthly_months=months or None,
            rollover_topup=None if months is None else months > 0,
            rollover_topup_months=months or None,
        )
        for months, soft in product(SAID, (False, True))
    }
    lines = []
    for own, package, tag, group, soft in product(SAID, SAID, SAID, (False, True), (False, True)):
        customer = builders.customer(group=groups[group])
        if own is not None:
            CustomerDataExpiry.objects.create(customer=customer, monthly_months=own, topup_months=own)
        if tag is not None:
            customer.categories.add(tags[tag])
        lines.append(builders.data_account(customer=customer, package=packages[package, soft]))
    parents = [
        DataBundle(
            data_account=line,
            kind=kind,
            month=date(2027, 1, 1) if kind == "monthly" else None,
            title=kind,
            octets=GB,
            price=10,
            starts_at=ended - timedelta(days=31),
            draws_from=ended - timedelta(days=31),
            expires_at=ended,
            origin_at=ended - timedelta(days=31),
            source=f"{kind}:{line.pk}",
            rolled_count=rolled,
            created_at=now,
        )
        for line in lines
        for kind, rolled in (("monthly", 0), ("topup", 1))
    ]
    DataBundle.objects.bulk_create(parents)
    fresh = list(
        DataAccount.objects.select_related("package", "customer__group").filter(
            pk__in=[line.pk for line in lines]
        )
    )
    for law, soft_switch in product((None, date(2027, 1, 23)), (False, True)):
        DataSettings.objects.update(rollover_soft_capped=soft_switch, regulation_from=law, group_months=1)
        found = _rolling_now(now)
        wanted = set()
        for holds in expiring.holding(fresh, now):
            if holds.monthly.months > 0:
                wanted.add((holds.line.pk, "monthly"))
            topup = holds.topup.months if holds.topup.origin != "regulation 8A" else 0
            if topup > 1:
                wanted.add((holds.line.pk, "topup"))
        assert found == wanted, (law, soft_switch)


def _rolling_now(now: datetime) -> set[tuple[int, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"{sets._ENDED} SELECT data_account_id, CASE WHEN monthly THEN 'monthly' ELSE 'topup' END FROM rolling",
            {**sets._when(now - sets.GRACE, now), "first": 0, "last": 2**62},
        )
        return set(cursor.fetchall())


@pytest.mark.feature("GRP-9")
def test_who_has_left_gets_nothing(rolling: DataSettings) -> None:
    alice = builders.customer()
    gone, ended, uncapped, stays = (capped() for _ in range(4))
    DataAccount.objects.exclude(pk=gone.pk).update(customer=builders.customer())
    gates.close(alice, GateKind.CANCELLED, at(2026, 11, 20), since=day_start(DECEMBER), actor=None)
    DataAccount.objects.filter(pk=ended.pk).update(ends_on=date(2026, 11, 30))
    DataAccount.objects.filter(pk=uncapped.pk).update(
        package=builders.package(cap_octets=None, cap_kind="uncapped", service_once_capped=None)
    )
    sweeps.new_bundles(at(2026, 12, 1, 0, 2)).apply(at(2026, 12, 1, 0, 2))
    new = DataBundle.objects.filter(starts_at__gte=day_start(DECEMBER))
    assert {row.data_account_id for row in new} == {stays.pk}


@pytest.mark.feature("GRP-9")
def test_a_package_limits_how_much_a_line_holds(rolling: DataSettings) -> None:
    line = capped(rollover_max_octets=25 * GB)
    sweep(at(2026, 12, 1, 0, 2))
    assert held(line, at(2026, 12, 1, 1))[0][:3] == ("rollover", 25, 0)
    assert correcting.correct([line.pk], at(2026, 12, 1, 2), grow=True) == [], "counted again, it is no more"


@pytest.mark.feature("GRP-9")
def test_late_accounting_reaches_what_rolled_on_from_month_to_month(rolling: DataSettings) -> None:
    """November leaves 40 GB for December, that leaves 30 of them for January; then 20 more of November come."""
    DataSettings.objects.update(rollover_months=2)
    line = capped()
    use(line, date(2026, 11, 20), 60, at(2026, 11, 30, 23))
    sweep(at(2026, 12, 1, 0, 2))
    use(line, date(2026, 12, 10), 10, at(2026, 12, 10, 20))
    sweep(at(2027, 1, 1, 0, 2))
    assert [row[:3] for row in held(line, at(2027, 1, 1, 1))] == [
        ("rollover", 30, 0),
        ("rollover", 100, 0),
        ("monthly", 100, 0),
    ]
    late = at(2027, 1, 5)
    use(line, date(2026, 11, 30), 20, late)
    sweep(late)
    assert held(line, late)[0][:3] == ("rollover", 10, 0)
    told = Event.objects.filter(kind="data_bundle.rollover_adjusted").order_by("pk")
    assert [(one.data["was_octets"], one.data["octets"]) for one in told] == [
        (40 * GB, 20 * GB),
        (30 * GB, 10 * GB),
    ]


@pytest.mark.feature("GRP-9")
def test_a_sweep_that_comes_days_late_still_rolls_over(rolling: DataSettings) -> None:
    """What is used before it comes is drawn from the bundle that comes."""
    line = capped()
    use(line, date(2026, 11, 20), 60, at(2026, 11, 30, 23))
    sweep(at(2026, 11, 30, 23, 30))  # it was well until then
    use(line, date(2026, 12, 3), 30, at(2026, 12, 3, 12))
    assert Draw.objects.get(day=date(2026, 12, 3)).bundle.kind == "monthly"
    sweep(at(2026, 12, 7, 9))
    assert [row[:3] for row in held(line, at(2026, 12, 7, 10))] == [("rollover", 40, 30), ("monthly", 100, 0)]
    assert not Draw.objects.filter(bundle=None).exists()


@pytest.mark.feature("GRP-9")
def test_killed_between_two_chunks_it_goes_on_with_what_is_missing(rolling: DataSettings) -> None:
    line = capped()
    now = at(2026, 12, 1, 0, 2)
    plan = sweeps.new_bundles(now)
    assert [step.action for step in plan] == ["grant December 2026", "roll over"]
    plan.act(plan.steps[:1], now)
    rest = sweeps.new_bundles(now)
    assert [step.action for step in rest] == ["roll over"]
    rest.apply(now)
    plan.apply(now)  # whoever still held the old plan
    kinds = DataBundle.objects.live(now).filter(data_account=line).values_list("kind", flat=True)
    assert sorted(kinds) == ["monthly", "rollover"]


@pytest.mark.feature("GRP-9")
def test_what_ended_last_month_is_drawn_from_although_the_sweep_comes_in_this_one(
    rolling: DataSettings,
) -> None:
    """A top-up of a prepaid line ends on 20 November; the sweep runs on 3 December."""
    line = builders.data_account(prepaid=True, prepaid_since=at(2026, 11, 1))
    topup = builders.data_bundle(line, 10, at=at(2026, 11, 5), expires_at=at(2026, 11, 20))
    DataSettings.objects.update(rolled_until=at(2026, 11, 19))
    use(line, date(2026, 11, 22), 4, at(2026, 11, 22, 12))
    assert Draw.objects.get(day=date(2026, 11, 22)).bundle is None
    sweep(at(2026, 12, 3))
    rolled = DataBundle.objects.get(parent=topup)
    assert Draw.objects.get(day=date(2026, 11, 22)).bundle == rolled
    assert (rolled.drawn_octets, rolled.expires_at) == (4 * GB, at(2026, 12, 20))
