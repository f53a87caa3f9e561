"""Selling data in a real browser: from the catalogue to a top-up and back; a line that becomes prepaid."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from billing.data_sales.models import PrepaidSwitch, TopupSale
from ispbilling.core.clock import local_day, now
from ispbilling.core.units import GB
from radius.bundles import granting, remaining
from radius.models import DataAccount, Package
from tests import builders
from tests.browser import looking

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def fits_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    assert looking.overflow(page) == 0
    page.set_viewport_size({"width": 1440, "height": 900})


def report(page: Page, words: str) -> None:
    expect(page.get_by_text(words).first).to_be_visible()


@pytest.mark.feature("D-18")
def test_a_package_is_made_with_topups_and_one_is_sold_and_undone(
    page: Page, live_server: LiveServer
) -> None:
    fast, slow = builders.service(title="Fast"), builders.service(title="Slow", down_kbps=1000)
    heard = looking.complaints(page.context)
    looking.log_in(page, live_server.url, builders.staff(), reverse("radius:topup_group_list"))
    dialog = page.get_by_role("dialog")
    page.get_by_role("link", name="Add Group").first.click()
    dialog.get_by_label("Title").fill("Home top-ups")
    dialog.get_by_role("button", name="Add Group").click()
    report(page, "Home top-ups is added.")
    page.goto(live_server.url + reverse("radius:topup_add"))
    page.get_by_label("Group").select_option(label="Home top-ups")
    page.get_by_label("Title").fill("Top-up 10 GB")
    page.get_by_label("Data").fill("10")
    page.get_by_label("Price").fill("99.00")
    page.get_by_label("Valid for").fill("30")
    page.get_by_role("button", name="Add Top-up").click()
    report(page, "Top-up 10 GB is added.")
    page.goto(live_server.url + reverse("radius:package_add"))
    page.locator("[name=title]").fill("Home 100")
    page.locator("[name=service]").select_option(str(fast.pk))
    page.locator("[name=cap_kind]").select_option("soft")
    page.locator("[name=cap_octets]").fill("0")
    page.locator("[name=price]").fill("599.00")
    page.get_by_role("button", name="Add Package").click()
    expect(page.get_by_text("A cap is more than 0").first).to_be_visible()
    page.locator("[name=cap_octets]").fill("100 GB")
    page.locator("[name=service_once_capped]").select_option(str(slow.pk))
    page.get_by_role("tab", name="Top-ups and Rollover").click()
    page.locator("[name=topup_group]").select_option(label="Home top-ups")
    fits_a_phone(page)
    page.get_by_role("button", name="Add Package").click()
    report(page, "Home 100 is added.")

    line = builders.data_account(customer=builders.customer(), package=Package.objects.get())
    granting.ensure_monthly(line, local_day(now()), now())
    page.goto(live_server.url + line.get_absolute_url())
    page.get_by_role("link", name="Top Up").first.click()
    dialog.get_by_label("Top-up 10 GB: 10.0 GB for R 99.00, valid 30 days").check()
    dialog.get_by_role("button", name="Sell").dblclick()
    report(page, "is sold for R 99.00, invoice INV-")
    sale = TopupSale.objects.get()
    assert remaining.left(line, now()) == 110 * GB
    page.locator("#messages").get_by_role("button", name="Undo").click()
    report(page, "is undone.")
    assert remaining.left(line, now()) == 100 * GB
    page.goto(live_server.url + sale.get_absolute_url())
    expect(page.get_by_text("Undone: No reason given")).to_be_visible()
    fits_a_phone(page)
    assert heard == []


@pytest.mark.feature("DAT-5", "POR-2")
def test_a_line_becomes_prepaid_buys_in_the_portal_and_is_monthly_again(
    page: Page, live_server: LiveServer
) -> None:
    alice = builders.customer(code="ALI001", name="Alice Liddell")
    line = builders.topup_line(customer=alice, package={"price": Decimal(600)})
    granting.ensure_monthly(line, local_day(now()), now())
    builders.recurring_line(customer=alice, data_account=line, description="Home")
    builders.payment(alice, "100.00", on=local_day(now()) - timedelta(days=1))
    heard = looking.complaints(page.context)
    looking.log_in(page, live_server.url, builders.staff(), line.get_absolute_url())
    dialog = page.get_by_role("dialog")
    page.get_by_role("link", name="Switch to Prepaid").click()
    expect(dialog.get_by_text("Now: the 100.0 GB left of the month are kept")).to_be_visible()
    dialog.get_by_role("button", name="Switch to Prepaid").dblclick()
    report(page, "is prepaid now")
    assert PrepaidSwitch.objects.get().leftover.octets == 100 * GB

    portal = page.context.browser.new_page()  # type: ignore[union-attr]
    looking.log_in(portal, live_server.url, builders.portal_user(alice), "/portal/")
    portal.get_by_role("link", name="Top up").click()
    portal.get_by_role("link", name="Top up").first.click()
    portal.get_by_label("10.0 GB for R 99.00, valid 30 days").check()
    portal.get_by_label("From my credit of R 100.00").check()
    fits_a_phone(portal)
    portal.get_by_role("button", name="Buy").click()
    expect(portal.get_by_role("heading", name="10.0 GB added")).to_be_visible()
    portal.close()
    assert remaining.left(line, now()) == 110 * GB

    page.goto(live_server.url + line.get_absolute_url())
    page.get_by_role("link", name="Switch to Monthly").click()
    dialog.get_by_role("button", name="Switch to Monthly").click()
    report(page, "is monthly now")
    assert not DataAccount.objects.get(pk=line.pk).prepaid
    assert remaining.left(line, now()) == 110 * GB
    assert heard == []
