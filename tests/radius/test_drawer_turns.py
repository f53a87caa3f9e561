"""A turn of the drawer while no other one runs: what it does first, what it finds, and what stops it not."""

from datetime import timedelta

import pytest
from django.db import connection

from ispbilling.core.clock import add_months, day_start, local_day, month_of, now
from ispbilling.core.models import Event
from ispbilling.core.units import GB
from radius.bundles import recounting, settling
from radius.bundles.models import DataBundle, Draw, Meter
from radius.models import DataSettings, UsageDay
from radius.server.drawer import Drawer, Metered
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def patience_comes_back(db):
    """Drawers hurry on the connection they are given."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET lock_timeout")


@pytest.mark.parametrize("days", [0, 20], ids=["today", "late"])
def test_a_line_that_cannot_be_counted_holds_up_no_other(days):
    at = now()
    day = local_day(at) - timedelta(days=days)
    broken, sound = builders.data_account(package=builders.package(cap_octets=GB)), builders.data_account()
    ids = {broken.pk, sound.pk}
    settling.settle(ids, day_start(day))
    metered = Metered()
    metered.lines = ids
    for one in (broken, sound):
        UsageDay.objects.create(data_account=one, day=day, download_octets=5)
    # What no sum can hold: its usage can be written down and cannot be drawn.
    UsageDay.objects.filter(data_account=broken).update(upload_octets=2**62, download_octets=2**62)
    Drawer(lambda: set() if days else ids, metered).turn(at)
    UsageDay.objects.create(data_account=sound, day=local_day(at) - timedelta(days=1), download_octets=7)
    Drawer(lambda: {sound.pk}, metered).turn(at)
    assert set(Draw.objects.values_list("data_account", "octets")) == {(sound.pk, 5), (sound.pk, 7)}


def test_usage_of_a_month_that_is_over_is_drawn_when_it_comes_with_an_event_that_says_why():
    at = now()
    before = add_months(month_of(local_day(at)).start, -1)
    account = builders.data_account(package=builders.package(cap_octets=GB), starts_on=before)
    settling.settle([account.pk], day_start(before) + timedelta(hours=1))
    settling.settle([account.pk], at)
    UsageDay.objects.create(data_account=account, day=before, download_octets=5)
    Drawer(set, Metered()).turn(at)
    bundle = DataBundle.objects.get(month=before)
    assert bundle.drawn_octets == 5
    event = Event.objects.get(kind="data_account.recounted")
    assert event.data["changes"] == {f"{bundle.title} ({bundle.pk})": [0, 5]}
    assert (event.data["reason"], event.about_id) == (recounting.LATE, account.customer_id)


@pytest.mark.feature("W-15")
def test_what_rolls_over_is_there_before_its_line_is_found_to_have_nothing():
    at = now()
    DataSettings.objects.update(rollover_topup_months=1, regulation_from=None)
    account = builders.data_account(prepaid=True, prepaid_since=at, package=builders.package(cap_octets=GB))
    bundle = builders.data_bundle(account, 5, at=at, expires_at=at + timedelta(days=2))
    Drawer(set, Metered()).turn(at + timedelta(days=2, seconds=1))
    meter = Meter.objects.get()
    assert (meter.remaining_octets, meter.exhausted_since) == (5 * GB, None)
    assert DataBundle.objects.get(parent=bundle).starts_at == bundle.expires_at
    assert not Event.objects.filter(kind="data_account.data_used_up", at__gt=bundle.expires_at).exists()
