"""Month end of data in a real browser: what rolled over on the customer's page, for how long, and given away."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from customers.models import Customer
from ispbilling.core.clock import add_months, day_start, local_day, month_of, now
from ispbilling.core.units import GB
from radius import sweeps
from radius.bundles import counting, settling
from radius.models import DataAccount, DataSettings, DataTransfer, UsageDay
from tests import builders
from tests.browser import looking


@pytest.fixture
def line(transactional_db: None) -> DataAccount:
    """Of last month's 100 GB, 60 were used; then the month ended."""
    DataSettings.objects.update(rollover_months=1, regulation_from=None)
    package = builders.package(title="Home 100", cap_kind="hard", service_once_capped=None)
    alice = builders.customer(code="ALI001", name="Alice Liddell")
    made = builders.data_account(customer=alice, package=package, username="alice@wonderland.com")
    builders.data_account(customer=builders.customer(), package=package, username="bob@wonderland.com")
    begins = day_start(month_of(local_day(now())).start)
    before = add_months(month_of(local_day(now())).start, -1)
    ids = list(DataAccount.objects.values_list("pk", flat=True))
    settling.settle(ids, day_start(before) + timedelta(hours=1))
    UsageDay.objects.create(data_account=made, day=before + timedelta(days=9), download_octets=60 * GB)
    counting.count([made.pk], begins - timedelta(hours=1), since=before)
    sweeps.new_bundles(begins + timedelta(minutes=2)).apply(begins + timedelta(minutes=2))
    counting.count(list(DataAccount.objects.values_list("pk", flat=True)), now())
    return made


@pytest.fixture
def desk(page: Page, live_server: LiveServer, line: DataAccount) -> Iterator[Page]:
    heard = looking.complaints(page.context)
    looking.log_in(page, live_server.url, builders.staff(), line.customer.get_absolute_url())
    yield page
    assert heard == []


@pytest.mark.feature("GRP-9", "SET-1", "W-15")
def test_month_end_with_rollover_is_shown_kept_longer_and_given_away(
    desk: Page, live_server: LiveServer, line: DataAccount
) -> None:
    panel = desk.locator("#widget-data_expiry")
    expect(panel.get_by_text("Rollover of Monthly data").first).to_be_visible()
    expect(panel.get_by_text("40.0 GB of 40.0 GB left")).to_be_visible()
    expect(panel.get_by_text("Unused monthly data: rollover for 1 month (settings)")).to_be_visible()
    panel.get_by_role("link", name="Edit").click()
    dialog = desk.locator("#dialog")
    dialog.get_by_label("Unused monthly data").select_option("3")
    dialog.get_by_role("button", name="Save Changes").click()
    expect(panel.get_by_text("rollover for 3 months (customer)")).to_be_visible()
    DataSettings.objects.update(transfer_zero_rated=True)
    panel.get_by_role("link", name="Transfer Rollover of").click()
    dialog.get_by_label("To the data account").fill("bob@wonderland.com")
    dialog.get_by_label("How much").fill("15 GB")
    dialog.get_by_role("button", name="Transfer").click()
    expect(desk.get_by_text("15.0 GB went from alice@wonderland.com to bob@wonderland.com.")).to_be_visible()
    expect(panel.get_by_text("25.0 GB of 25.0 GB left")).to_be_visible()
    desk.get_by_role("button", name="Undo").click()
    expect(desk.get_by_text("The transfer of 15.0 GB is taken back.")).to_be_visible()
    assert DataTransfer.objects.get().undone_at is not None


@pytest.mark.feature("W-15")
def test_the_customer_sees_the_same_on_a_phone(
    page: Page, live_server: LiveServer, line: DataAccount
) -> None:
    heard = looking.complaints(page.context)
    page.set_viewport_size({"width": 390, "height": 844})
    user = builders.portal_user(Customer.objects.get(code="ALI001"))
    looking.log_in(page, live_server.url, user, "/portal/data/")
    expect(page.get_by_text("Rollover of Monthly data").first).to_be_visible()
    assert looking.overflow(page) == 0
    page.get_by_label("to 50 %").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your choice of notices is saved.")).to_be_visible()
    expect(page.get_by_label("to 50 %")).not_to_be_checked()
    page.get_by_role("link", name="Give of Rollover").click()
    expect(page.get_by_role("heading", name="Give data")).to_be_visible()
    assert looking.overflow(page) == 0
    assert heard == []
