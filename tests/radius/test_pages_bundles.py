"""Staff see what a line holds and what was drawn from it, and take a bundle back with a reason."""

from datetime import timedelta

import pytest
from django.urls import reverse

from ispbilling.core.clock import local_day, now
from ispbilling.core.units import GB
from radius.bundles import counting
from radius.bundles.models import DataBundle
from radius.models import UsageDay
from tests import builders

pytestmark = [pytest.mark.django_db, pytest.mark.feature("W-12")]


@pytest.fixture
def bundle() -> DataBundle:
    soon = now() + timedelta(minutes=5)  # before the month ends: it is drawn from first
    made = builders.data_bundle(
        builders.data_account(username="alice@isp.test"), title="Top-up 10 GB", expires_at=soon
    )
    UsageDay.objects.create(data_account=made.data_account, day=local_day(now()), download_octets=4 * GB)
    counting.count([made.data_account_id], now())
    return DataBundle.objects.get(pk=made.pk)


def test_a_line_and_its_bundles_say_what_was_drawn_from_each(as_manager, bundle):
    rows = as_manager.get(reverse("radius:bundle_list"), {"username": "alice@isp.test"}).content.decode()
    assert "Top-up 10 GB" in rows
    assert "4.0 GB" in rows
    assert "Monthly data" in rows
    page = as_manager.get(bundle.get_absolute_url())
    assert bundle.source in page.content.decode()
    days = as_manager.get(bundle.get_absolute_url() + "?widget=draws").content.decode()
    assert f"{local_day(now())}" in days
    assert "4.0 GB" in days
    line = as_manager.get(bundle.data_account.get_absolute_url() + "?widget=bundles").content.decode()
    assert "106.0 GB" in line, "100 of the month, 6 of the top-up"


def test_a_bundle_is_taken_back_and_given_again(as_manager, bundle):
    url = reverse("radius:bundle_void", args=[bundle.pk])
    asked = as_manager.get(url).content.decode()
    assert "6.0 GB" in asked
    assert "100.0 GB" in asked
    monthly = DataBundle.objects.get(kind="monthly")
    refused = as_manager.post(reverse("radius:bundle_void", args=[monthly.pk]), {"reason": "No"})
    assert "comes with the package" in refused.content.decode()
    assert "required" in as_manager.post(url, {"reason": ""}).content.decode().lower()
    assert as_manager.post(url, {"reason": "Sold twice"}).status_code == 302
    bundle.refresh_from_db()
    assert (bundle.voided_reason, bundle.drawn_octets) == ("Sold twice", 4 * GB)
    assert "Sold twice" in as_manager.get(bundle.get_absolute_url()).content.decode()
    assert as_manager.post(reverse("radius:bundle_restore", args=[bundle.pk])).status_code == 302
    bundle.refresh_from_db()
    assert bundle.voided_at is None
