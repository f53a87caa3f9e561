"""What lines hold: granted once, drawn earliest expiry first, resized, taken back, and what is left of it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from ispbilling.core.clock import day_end, day_start, month_of, now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event
from ispbilling.core.units import GB
from radius.accounts.states import RadiusStatus, with_status
from radius.bundles import behind, counting, granting, recounting, settling, verifying
from radius.bundles.models import BundleKind, DataBundle, Draw, MeteredSpan
from radius.bundles.remaining import breakdown, remaining
from radius.history import supposing
from radius.models import DataAccount, UsageDay
from radius.policy.decision import decide
from radius.subscribers import find_accounts
from tests import builders

pytestmark = pytest.mark.django_db

#: Noon in Johannesburg.
NOON = datetime(2026, 11, 10, 10, tzinfo=UTC)
DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)


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


def status(account: DataAccount, at: datetime) -> str:
    return with_status(DataAccount.objects.filter(pk=account.pk), at).get().radius_status


def left(account: DataAccount, at: datetime) -> int:
    return remaining([account.pk], at)[account.pk].left


@pytest.mark.feature("W-12", "USE-2")
@pytest.mark.parametrize(("added", "wanted"), [(True, 10 * GB), (False, 0)])
def test_a_topup_covers_what_was_used_over_the_cap_unless_overusage_is_added(added, wanted):
    """120 GB used of 100 GB, then a top-up of 10 GB (2.9): all of it is usable, or none is left of it."""
    account = line(add_overusage_on_topup=added)
    use(account, 120 * GB, NOON)
    assert remaining([account.pk], NOON)[account.pk].over == 20 * GB
    assert status(account, NOON) == RadiusStatus.CAPPED
    granting.grant(
        account, BundleKind.TOPUP, 10 * GB, NOON + HOUR, source="sale:1", expires_at=NOON + 9 * DAY
    )
    found = remaining([account.pk], NOON + HOUR)[account.pk]
    assert (found.left, found.over) == (wanted, 20 * GB if added else 10 * GB)
    assert status(account, NOON + HOUR) == (RadiusStatus.TOPUP if added else RadiusStatus.CAPPED)


@pytest.mark.feature("W-12")
def test_a_capped_line_is_open_again_when_the_month_begins_though_nobody_counts():
    account = line()
    use(account, 100 * GB, NOON)
    december = day_start(date(2026, 12, 1))
    (before, after) = (find_accounts([account.pk], at)[account.pk] for at in (NOON, december))
    assert decide(before, None, december - SECOND).code == "CAPPED"
    assert decide(after, None, december).accepted
    assert (left(account, december), status(account, december)) == (100 * GB, RadiusStatus.DEFAULT)
    assert not DataBundle.objects.filter(month=date(2026, 12, 1)).exists(), "nobody was there to grant it"
    use(account, GB, december + HOUR)
    assert left(account, december + HOUR) == 99 * GB


@pytest.mark.feature("W-12")
def test_what_is_left_expires_by_the_clock_alone():
    account = line()
    use(account, 100 * GB, NOON)
    granting.grant(account, BundleKind.TOPUP, GB, NOON, source="sale:1", expires_at=NOON + DAY)
    facts = find_accounts([account.pk], NOON)[account.pk]
    assert decide(facts, None, NOON + DAY - SECOND).accepted
    assert decide(facts, None, NOON + DAY).code == "CAPPED"
    assert (left(account, NOON + DAY), status(account, NOON + DAY)) == (0, RadiusStatus.CAPPED)
    with connection.cursor() as cursor:
        assert behind.due(NOON + DAY, 10) == [account.pk], "the drawer comes for it"
        cursor.execute("SELECT count(*) FROM radius_facthistory WHERE origin = 'radius_meter'")
        assert cursor.fetchone()[0] > 1
    then = supposing.line(account.pk, NOON, past=now())
    assert then is not None
    assert then.covered_until == NOON + DAY


@pytest.mark.feature("PKC-1")
def test_another_package_keeps_what_was_used_against_its_cap():
    account = line(50 * GB)
    use(account, 50 * GB, NOON)
    account.package = builders.package(cap_octets=200 * GB)
    account.save()
    assert settling.settle([account.pk], NOON + HOUR) == 1
    found = remaining([account.pk], NOON + HOUR)[account.pk]
    assert (found.limit, found.used, found.left) == (200 * GB, 50 * GB, 150 * GB)
    granting.resize_monthly(account, 60 * GB, NOON + HOUR, "prorated")
    assert left(account, NOON + HOUR) == 10 * GB
    account.package = builders.package(cap_octets=None)
    account.save()
    settling.settle([account.pk], NOON + 2 * HOUR)
    assert remaining([account.pk], NOON + 2 * HOUR) == {}
    with pytest.raises(DomainError, match="uncapped"):
        granting.grant(account, BundleKind.TOPUP, GB, NOON + 2 * HOUR, source="sale:2")


@pytest.mark.feature("DAT-5")
def test_a_prepaid_line_lives_from_what_it_buys_and_a_bundle_may_begin_with_its_first_use():
    account = line()
    use(account, 30 * GB, NOON)
    assert granting.set_prepaid(account, NOON) == 70 * GB
    assert decide(find_accounts([account.pk], NOON)[account.pk], None, NOON).code == "PREPAID_EMPTY"
    assert status(account, NOON) == RadiusStatus.PREPAID_EMPTY
    bought = granting.grant(account, BundleKind.ADHOC, GB, NOON, source="sale:1", valid_seconds=86_400)
    assert (bought.starts_at, left(account, NOON + 9 * DAY)) == (None, GB)
    use(account, GB // 2, NOON + 9 * DAY)
    bought.refresh_from_db()
    assert (bought.starts_at, bought.expires_at) == (NOON + 9 * DAY, NOON + 10 * DAY)
    assert left(account, NOON + 10 * DAY) == 0
    again = granting.set_monthly(account, NOON + 11 * DAY, octets=20 * GB)
    assert again is not None
    use(account, GB, NOON + 11 * DAY + HOUR)
    assert left(account, NOON + 11 * DAY + HOUR) == 19 * GB
    assert list(verifying.findings([account.pk], NOON + 11 * DAY + HOUR)) == []


@pytest.mark.feature("W-12")
def test_late_accounting_of_a_closed_month_is_drawn_from_that_month_with_an_event_that_says_why():
    account = line(10 * GB)
    use(account, 4 * GB, NOON)
    december = day_start(date(2026, 12, 20))
    use(account, GB, december)
    UsageDay.objects.filter(day=date(2026, 11, 10)).update(upload_octets=3 * GB)
    assert behind.behind(date(2026, 11, 1)) == {account.pk: date(2026, 11, 10)}
    changed = recounting.recount(account.pk, december, "Spool of NAS 7 recorded", since=date(2026, 11, 10))
    assert list(changed.values()) == [[4 * GB, 7 * GB]]
    event = Event.objects.get(kind="data_account.recounted")
    assert (event.data["reason"], event.data["since"]) == ("Spool of NAS 7 recorded", "2026-11-10")
    assert DataBundle.objects.get(month=date(2026, 11, 1)).left_octets == 3 * GB
    assert left(account, december) == 9 * GB
    assert recounting.recount(account.pk, december, "again") == {}


def test_a_grant_happens_once_whatever_is_asked_twice_and_refuses_nonsense():
    account = line()
    first = granting.grant(account, BundleKind.TOPUP, GB, NOON, source="sale:1")
    assert granting.grant(account, BundleKind.TOPUP, GB, NOON, source="sale:1") == first
    assert granting.grant(account, BundleKind.TOPUP, 10**15, NOON, source="sale:2").octets == 10**15
    for octets in (0, -1, 10**18):
        with pytest.raises(DomainError):
            granting.grant(account, BundleKind.TOPUP, octets, NOON, source="sale:3")
    with pytest.raises(DomainError, match="over before"):
        granting.grant(account, BundleKind.TOPUP, GB, NOON, source="sale:3", expires_at=NOON)
    assert DataBundle.objects.exclude(kind=BundleKind.MONTHLY).count() == 2


def test_a_bundle_is_taken_back_with_a_reason_and_given_again():
    account = line()
    bundle = granting.grant(account, BundleKind.TOPUP, 10 * GB, NOON, source="sale:1", expires_at=NOON + DAY)
    use(account, 4 * GB, NOON + HOUR)
    with pytest.raises(DomainError, match="why"):
        granting.void(bundle, NOON + HOUR, " ")
    granting.void(bundle, NOON + 2 * HOUR, "sold by mistake")
    use(account, GB, NOON + 3 * HOUR)
    assert (left(account, NOON + 3 * HOUR), DataBundle.objects.get(pk=bundle.pk).drawn_octets) == (
        99 * GB,
        4 * GB,
    )
    with pytest.raises(DomainError, match="before"):
        granting.void(bundle, NOON + 3 * HOUR, "twice")
    granting.restore(bundle, NOON + 4 * HOUR)
    assert left(account, NOON + 4 * HOUR) == 105 * GB
    assert Event.objects.filter(kind__in=["data_bundle.voided", "data_bundle.restored"]).count() == 2


@pytest.mark.parametrize("values", [
    {"octets": 0}, {"drawn_octets": 11}, {"drawn_octets": -1}, {"price": -1}, {"source": ""}, {"kind": "gift"},
    {"kind": "monthly"}, {"kind": "rollover"}, {"voided_at": NOON}, {"expires_at": NOON - timedelta(days=1)},
    {"draws_from": NOON + timedelta(days=1)}, {"starts_at": None, "draws_from": None},
    {"kind": "monthly", "month": date(2026, 11, 2)}, {"valid_seconds": 0},
])  # fmt: skip
def test_the_database_refuses_a_bundle_that_cannot_be(values):
    known = {"data_account": line(), "kind": "topup", "title": "T", "octets": 10, "starts_at": NOON,
             "draws_from": NOON, "origin_at": NOON, "source": "s", "created_at": NOON}  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        DataBundle.objects.create(**{**known, **values})


def test_the_database_refuses_two_months_two_rollovers_and_two_spans_at_once():
    account = line()
    use(account, 0, NOON)
    monthly = DataBundle.objects.get()
    for values in (
        {"kind": "monthly", "month": monthly.month, "source": "again"},
        {"kind": "topup", "source": monthly.source},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            DataBundle.objects.create(data_account=account, title="T", octets=1, starts_at=NOON, draws_from=NOON,
                                      origin_at=NOON, created_at=NOON, **values)  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        MeteredSpan.objects.create(data_account=account, since=NOON, until=NOON + HOUR)
    Draw.objects.create(data_account=account, day=NOON.date(), octets=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Draw.objects.create(data_account=account, day=NOON.date(), octets=1)
