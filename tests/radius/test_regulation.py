"""Regulation 8A, sub-regulation by sub-regulation: the rule as a function, and what the system does about it."""

from datetime import date, datetime, timedelta
from fractions import Fraction
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from customers.models import Customer
from ispbilling.core.clock import month_of
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, User
from ispbilling.core.units import GB
from notifications.announce import announce
from notifications.models import Message
from radius import sweeps
from radius.bundles import counting, granting, settling
from radius.bundles.remaining import remaining
from radius.models import (
    BundleNotice,
    DataAccount,
    DataBundle,
    DataSettings,
    Draw,
    OutOfBundleConsent,
    Package,
    TopupType,
    UsageDay,
)
from radius.rolling import consenting, noticing, regulation, reporting, transferring
from radius.rolling.models import Door
from radius.rolling.regulation import LEVELS, RULES, Terms
from radius.rolling.transferring import Wish
from tests import builders

ZONE = ZoneInfo("Africa/Johannesburg")
NOW = datetime(2026, 11, 10, 12, tzinfo=ZONE)
pytestmark = pytest.mark.feature("W-15")
DAY, WEEK, MONTH = timedelta(days=1), timedelta(days=7), timedelta(days=30)


def capped(of: Customer, gb: int = 10) -> DataAccount:
    package = builders.package(cap_octets=gb * GB, cap_kind="hard", service_once_capped=None)
    line = builders.data_account(customer=of, package=package)
    settling.settle([line.pk], NOW)
    return line


def use(line: DataAccount, gb: float, day: date | None = None) -> None:
    row, _ = UsageDay.objects.get_or_create(data_account=line, day=day or NOW.date())
    row.download_octets += int(gb * GB)
    row.save(update_fields=["download_octets"])
    counting.count([line.pk], NOW, since=row.day)


def notices() -> None:
    sweeps.bundle_notices(NOW).apply(NOW)


@given(octets=st.integers(1, 10**15), used=st.integers(0, 10**15))
def test_8a_1_levels_are_reached_exactly(octets: int, used: int) -> None:
    used = min(used, octets)
    share = Fraction(used, octets)
    assert set(regulation.reached(octets, used)) == {
        level for level in LEVELS if share >= Fraction(level, 100)
    }
    assert (100 in regulation.reached(octets, used)) is (used == octets)


def test_8a_1_and_8a_2_a_the_highest_new_level_is_told_if_it_is_wanted() -> None:
    assert regulation.to_tell((), 100, 85, LEVELS) == 80
    assert regulation.to_tell((50, 80), 100, 85, LEVELS) is None
    assert regulation.to_tell((), 100, 100, (50, 80)) is None


@pytest.mark.django_db
def test_8a_1_each_bundle_and_level_is_told_once(alice: Customer) -> None:
    line = capped(alice)
    topup = builders.data_bundle(line, 10, at=NOW, expires_at=NOW + timedelta(hours=2))
    use(line, 5)
    for _ in range(2):
        notices()
    assert list(BundleNotice.objects.values_list("bundle", "level", "told")) == [(topup.pk, 50, True)]
    use(line, 5)  # 80 and 100 % at once: one message
    notices()
    assert list(BundleNotice.objects.filter(bundle=topup).values_list("level", "told").order_by("level")) == [
        (50, True),
        (80, False),
        (100, True),
    ]
    use(line, 8)  # now from the monthly bundle
    notices()
    announce(NOW).apply(NOW)
    mails = Message.objects.filter(kind="data_used", channel="email").order_by("pk")
    assert [mail.subject.split(" of ")[0] for mail in mails] == ["50 %", "Top-up is used up", "80 %"]
    assert "8.0 GB" not in mails[2].body_text
    assert "2.0 GB of it are left" in mails[2].body_text
    announce(NOW).apply(NOW)
    assert Message.objects.filter(kind="data_used", channel="email").count() == 3


@pytest.mark.django_db
def test_8a_1_what_was_used_before_a_bundle_was_granted_is_not_told_late(alice: Customer) -> None:
    """On the day of an upgrade everybody's month is granted with what was used of it: that is no news."""
    package = builders.package(cap_octets=10 * GB, cap_kind="hard", service_once_capped=None)
    line = builders.data_account(customer=alice, package=package)
    UsageDay.objects.create(data_account=line, day=NOW.date() - DAY, download_octets=6 * GB)
    settling.settle([line.pk], NOW)
    notices()
    assert list(BundleNotice.objects.values_list("level", "told")) == [(50, False)]
    use(line, 2)
    notices()
    assert [event.data["level"] for event in Event.objects.filter(kind="data_bundle.used")] == [80]


@pytest.mark.django_db
def test_8a_2_a_who_opted_out_is_told_nothing_and_may_opt_in_again(alice: Customer, manager: User) -> None:
    line = capped(alice)
    noticing.choose(alice, (100,), NOW, actor=manager)
    use(line, 6)
    notices()
    assert BundleNotice.objects.filter(told=False).count() == 1
    assert not Event.objects.filter(kind="data_bundle.used").exists()
    noticing.choose(alice, LEVELS, NOW, actor=manager)
    use(line, 3)
    notices()
    assert Event.objects.get(kind="data_bundle.used").data["level"] == 80
    assert Event.objects.filter(kind="customer.notices_chosen").count() == 2


@pytest.mark.django_db
def test_8a_2_b_further_bundles_are_sold_in_the_portal_on_every_capped_package(alice: Customer) -> None:
    def opened() -> bool:
        found = reporting.report(month_of(NOW.date()), NOW).findings
        return bool(next(one for one in found if one.rule.cite == "8A(2)(b)").open)

    line = capped(alice)
    by_staff, once = builders.topup_type(in_portal=False), builders.topup_type(active=False)
    Package.objects.filter(pk=line.package_id).update(topup_group=once.group)
    assert opened(), "one is sold by staff alone, the other not any more"
    TopupType.objects.filter(pk=by_staff.pk).update(in_portal=True)
    assert not opened()


@pytest.mark.django_db
def test_8a_2_c_consents_are_a_log_that_nobody_changes(alice: Customer, manager: User) -> None:
    line = capped(alice)
    assert not consenting.consented(line)
    consenting.say(line, given=True, words="Yes", door=Door.STAFF, now=NOW, actor=manager)
    with pytest.raises(DomainError, match="already"):
        consenting.say(line, given=True, words="Yes", door=Door.STAFF, now=NOW, actor=manager)
    assert consenting.consented(line)
    consenting.say(line, given=False, words="No", door=Door.PORTAL, now=NOW, actor=None)
    assert not consenting.consented(line)
    assert [row.given for row in OutOfBundleConsent.objects.all()] == [False, True]
    for change in (
        lambda: OutOfBundleConsent.objects.update(words="Always"),
        lambda: OutOfBundleConsent.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()


@pytest.mark.django_db
def test_8a_3_without_consent_a_line_stops_with_its_last_bundle(alice: Customer) -> None:
    assert regulation.may_use(1, consented=False)
    assert not regulation.may_use(0, consented=False)
    assert regulation.may_use(0, consented=True)
    line = capped(alice)
    use(line, 10)
    assert remaining([line.pk], NOW)[line.pk].exhausted


@pytest.mark.django_db
def test_8a_4_the_earliest_expiry_is_used_first(alice: Customer) -> None:
    line = capped(alice)
    for days in (9, 2, 5):
        builders.data_bundle(line, 1, at=NOW, expires_at=NOW + timedelta(days=days))
    use(line, 2.5)
    drawn = Draw.objects.filter(bundle__isnull=False).select_related("bundle").order_by("bundle__expires_at")
    ends = [row.bundle.expires_at for row in drawn]
    assert regulation.in_order(ends)
    every = DataBundle.objects.order_by("expires_at")[: len(ends)]
    assert ends == [row.expires_at for row in every]
    assert not regulation.in_order([NOW, NOW - DAY])
    assert not regulation.in_order([None, NOW])


def test_8a_5_what_must_roll_over() -> None:
    assert regulation.must_roll(Terms(MONTH), active=True)
    for not_that in (
        Terms(WEEK),
        Terms(MONTH, uncapped=True),
        Terms(MONTH, free=True),
        Terms(MONTH, promotional=True),
        Terms(MONTH, rolled_count=1),
        Terms(None),
    ):
        assert not regulation.must_roll(not_that, active=True)
    assert regulation.must_roll(Terms(WEEK + timedelta(seconds=1)), active=True)
    assert not regulation.must_roll(Terms(MONTH), active=False)  # 8A(6): while the number is active


@pytest.mark.django_db
@pytest.mark.parametrize("valid", [7, 8, 60])
@pytest.mark.parametrize(("price", "promotional"), [(99, False), (0, False), (99, True)])
def test_8a_5_and_8a_6_what_is_left_rolls_over_by_itself_and_free(
    alice: Customer, valid: int, price: int, promotional: bool
) -> None:
    """Although nobody chose it; for as long as it was valid. The sweep asks what the pure rule says."""
    begins = datetime(2027, 1, 20, 9, tzinfo=ZONE)
    line = builders.data_account(
        customer=alice, prepaid=True, prepaid_since=begins, package=builders.package(price=0)
    )
    settling.settle([line.pk], begins)
    ends = begins + timedelta(days=valid)
    made = builders.data_bundle(line, 10, at=begins, price=price, promotional=promotional, expires_at=ends)
    sweeps.new_bundles(ends).apply(ends)
    rolled = DataBundle.objects.filter(parent=made, kind="rollover")
    terms = Terms(timedelta(days=valid), free=not price, promotional=promotional)
    assert rolled.exists() is regulation.must_roll(terms, active=True)
    if row := rolled.first():
        assert (row.octets, row.price, row.starts_at) == (10 * GB, 0, ends)
        assert row.expires_at >= ends + timedelta(days=valid)
        later = row.expires_at
        sweeps.new_bundles(later).apply(later)
        assert not DataBundle.objects.filter(parent=row).exists()  # once


@pytest.mark.django_db
def test_8a_7_data_goes_to_another_line_on_the_same_terms(
    alice: Customer, bob: Customer, manager: User
) -> None:
    giver, receiver = capped(alice), capped(bob)
    bundle = builders.data_bundle(giver, 10, at=NOW)
    wish = Wish(bundle, receiver, 4 * GB, uuid4(), Door.PORTAL)
    first = transferring.transfer(wish, NOW, actor=None)
    assert transferring.transfer(wish, NOW, actor=None) == first  # a double click
    bundle.refresh_from_db()
    got = first.to_bundle
    assert (bundle.octets, got.octets, got.data_account) == (6 * GB, 4 * GB, receiver)
    assert regulation.same_terms(
        regulation.Moved(bundle.expires_at, bundle.promotional, bundle.rolled_count),
        regulation.Moved(got.expires_at, got.promotional, got.rolled_count),
    )
    announce(NOW).apply(NOW)
    assert "gave 4.0 GB of data" in Message.objects.get(kind="data_received", channel="email").body_text
    transferring.undo(first, NOW, actor=manager)
    bundle.refresh_from_db()
    assert bundle.octets == 10 * GB
    assert remaining([receiver.pk], NOW)[receiver.pk].left == 10 * GB
    with pytest.raises(DomainError, match="already"):
        transferring.undo(first, NOW, actor=manager)


@pytest.mark.django_db
def test_8a_7_all_of_a_bundle_goes_and_comes_back(alice: Customer, bob: Customer, manager: User) -> None:
    giver, receiver = capped(alice), capped(bob)
    bundle = builders.data_bundle(giver, 10, at=NOW)
    done = transferring.transfer(Wish(bundle, receiver, 10 * GB, uuid4(), Door.STAFF), NOW, actor=manager)
    assert remaining([giver.pk], NOW)[giver.pk].left == 10 * GB  # its monthly data
    assert remaining([receiver.pk], NOW)[receiver.pk].left == 20 * GB
    with pytest.raises(DomainError, match="take that transfer back"):
        granting.restore(bundle, NOW, actor=manager)
    transferring.undo(done, NOW, actor=manager)
    assert remaining([giver.pk], NOW)[giver.pk].left == 20 * GB
    with pytest.raises(DomainError, match="was taken back"):
        granting.restore(done.to_bundle, NOW, actor=manager)


@pytest.mark.django_db
def test_8a_7_what_was_given_comes_back_neither_sooner_nor_with_another_package(
    alice: Customer, bob: Customer, manager: User
) -> None:
    giver, receiver = capped(alice), capped(bob)
    later = builders.data_bundle(giver, 10, at=NOW, starts_at=NOW + WEEK)
    given = transferring.transfer(Wish(later, receiver, 4 * GB, uuid4(), Door.STAFF), NOW, actor=manager)
    assert given.to_bundle.starts_at == NOW + WEEK
    monthly = DataBundle.objects.get(data_account=giver, kind="monthly")
    done = transferring.transfer(Wish(monthly, receiver, 7 * GB, uuid4(), Door.STAFF), NOW, actor=manager)
    giver.package = builders.package(cap_octets=20 * GB, cap_kind="hard", service_once_capped=None)
    giver.save()
    settling.settle([giver.pk], NOW)
    assert remaining([giver.pk], NOW)[giver.pk].left == 13 * GB
    granting.resize_monthly(giver, 15 * GB, NOW, "prorated")
    assert remaining([giver.pk], NOW)[giver.pk].left == 8 * GB
    transferring.undo(done, NOW, actor=manager)
    assert remaining([giver.pk], NOW)[giver.pk].left == 15 * GB


@pytest.mark.django_db
def test_8a_7_what_cannot_be_transferred_says_why(alice: Customer, bob: Customer, manager: User) -> None:
    giver, receiver = capped(alice), capped(bob)
    paid = builders.data_bundle(giver, 10, at=NOW, expires_at=NOW + DAY)
    free, gift = (
        builders.data_bundle(giver, 1, at=NOW, price=0),
        builders.data_bundle(giver, 1, at=NOW, promotional=True),
    )
    uncapped = builders.data_account(
        customer=bob, package=builders.package(cap_octets=None, cap_kind="uncapped", service_once_capped=None)
    )
    use(giver, 3)
    for bundle, to, octets, why in (
        (paid, giver, GB, "same line"),
        (paid, uncapped, GB, "uncapped"),
        (paid, receiver, 8 * GB, "Only 7.0 GB is left"),
        (free, receiver, GB, "given free of charge"),
        (gift, receiver, GB, "Promotional"),
    ):
        with pytest.raises(DomainError, match=why):
            transferring.transfer(Wish(bundle, to, octets, uuid4(), Door.STAFF), NOW, actor=manager)
    DataSettings.objects.update(transfer_zero_rated=True)
    done = transferring.transfer(Wish(free, receiver, GB, uuid4(), Door.STAFF), NOW, actor=manager)
    use(receiver, 10.5)
    with pytest.raises(DomainError, match="has used"):
        transferring.undo(done, NOW, actor=manager)


@pytest.mark.django_db
def test_the_report_has_every_sub_regulation_and_says_what_is_open(alice: Customer) -> None:
    line = capped(alice)
    use(line, 6)
    found = reporting.report(month_of(NOW.date()), NOW)
    assert [one.rule for one in found.findings] == list(RULES.values())
    opened = {one.rule.cite for one in found.findings if one.open}
    assert opened == {"8A(1)", "8A(2)(b)"}  # not noted yet; no top-up is for sale
    notices()
    again = reporting.report(found.month, NOW)
    assert "8A(1)" not in {one.rule.cite for one in again.findings if one.open}


def test_every_sub_regulation_has_a_test() -> None:
    names = " ".join(globals())
    for cite in RULES:
        assert f"{cite.lower().replace('(', '_').replace(')', '')}_" in names, cite
