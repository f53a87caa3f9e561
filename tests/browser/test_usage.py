"""The usage of a customer in a real browser, held against the guide's description block by block, and a speed test."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from ispbilling.core.clock import day_end, local_day, month_of, now
from ispbilling.core.models import Provider
from ispbilling.core.units import GB
from radius.bundles import counting, granting, settling
from radius.bundles.models import BundleKind
from radius.models import SpeedTest, UsageDay
from tests import builders
from tests.browser import looking

PHONE = {"width": 390, "height": 844}


def fits_a_phone(page: Page) -> None:
    page.set_viewport_size(PHONE)
    assert looking.overflow(page) == 0
    page.set_viewport_size({"width": 1440, "height": 900})


def grammy() -> object:
    """The customer of the guide's screenshot: a sub-account of Wonderland with two data accounts."""
    master = builders.customer(code="WON001", name="Wonderland", is_master=True)
    norma = builders.customer(code="GRA001", name="Grammy Norma", master=master, mobile="+27821234567")
    today = local_day(now())
    month = month_of(today)
    big = builders.package(title="100Mb/s Premium", cap_octets=1_100 * GB)
    small = builders.package(title="10Mb/s uncapped", cap_octets=150 * GB)
    jenna = builders.data_account(customer=norma, username="jenna.duplessis", package=big)
    test = builders.data_account(customer=norma, username="test@test", package=small)
    for n in range((today - month.start).days + 1):
        day = month.start + timedelta(days=n)
        UsageDay.objects.create(
            data_account=test, day=day, download_octets=5 * GB // today.day, upload_octets=GB // today.day
        )
    ids = [jenna.pk, test.pk]
    settling.settle(ids, now())
    counting.count(ids, now())
    granting.grant(
        test,
        BundleKind.TOPUP,
        31 * GB,
        now(),
        source="sale:1",
        title="Top-up 31 GB",
        expires_at=day_end(month.last),
    )
    builders.session(data_account=test, username=test.username)
    builders.invoice(norma, "520.87", "78.13", on=today)
    return norma


@pytest.mark.feature("USE-5", "USE-6", "USE-7", "USE-8", "USE-9", "USE-10", "D-19")
def test_the_usage_of_a_customer_has_every_block_of_the_guide(
    page: Page, live_server: LiveServer, settings: object
) -> None:
    norma = grammy()
    heard = looking.complaints(page.context)
    month = month_of(local_day(now()))
    looking.log_in(page, live_server.url, builders.staff(), "/data/usage/?customer=GRA001")
    # From the Total Usage List by the row's chart button.
    page.get_by_role("row", name=re.compile("test@test")).get_by_role(
        "link", name=re.compile("^Usage")
    ).click()
    # Black: change between customers. Purple: to the profile, mail, SMS. Pink: the month.
    expect(page.get_by_role("combobox", name="Customer", exact=True)).to_have_attribute(
        "placeholder", "GRA001 - Grammy Norma"
    )
    for name in ("Edit Customer", "Usage Email", "Usage SMS", "Profile"):
        expect(page.locator("#main").get_by_role("link", name=name, exact=True)).to_be_visible()
    expect(page.get_by_label("Month", exact=True)).to_have_value(f"{month.start:%Y-%m}")
    # Orange: the banners.
    expect(page.get_by_text("Sub-account of Wonderland (WON001)")).to_be_visible()
    # Light blue: each line, and all together.
    summary = page.get_by_role("region", name="Data Summary")
    expect(summary.get_by_role("listitem").filter(has_text="jenna.duplessis")).to_contain_text(
        "0 B of 1.1 TB"
    )
    expect(summary.get_by_role("listitem").filter(has_text="test@test")).to_contain_text("of 181.0 GB")
    # Green: the line that was chosen.
    account = page.get_by_role("region", name="Monthly usage breakdown")
    expect(account).to_contain_text("3 %")
    expect(account).to_contain_text("10Mb/s uncapped")
    expect(account).to_contain_text("181.0 GB (150.0 GB monthly + 31.0 GB top-up)")
    expect(account).to_contain_text("Last access")
    expect(account.get_by_role("table", name="Usage by user account")).to_contain_text("test@test")
    # Dark blue: bars of the days and the pie, each with its table.
    graph = page.get_by_role("region", name="Data Usage for User Account: test@test")
    assert looking.drawn(page, "usage-chart", "usage-kinds")
    expect(graph.get_by_role("img")).to_have_count(2)
    graph.get_by_text("Table").first.click()
    # Red: the billing summary.
    billing = page.locator("#widget-billing_summary")
    expect(billing.get_by_role("row", name=str(month))).to_contain_text("R 599.00")
    fits_a_phone(page)
    # A day opens into its bundles and sessions.
    graph.get_by_role("link", name=f"{month.start:%d %b}", exact=True).click()
    expect(page.get_by_role("heading", name="Which bundles it was drawn from")).to_be_visible()
    expect(page.get_by_role("heading", name="Which sessions it came from")).to_be_visible()
    fits_a_phone(page)
    page.go_back()
    # Light blue again: all together, with a pie by data account once both were used.
    summary.get_by_role("link", name=re.compile("All data accounts")).click()
    expect(page.get_by_role("region", name="Monthly usage breakdown")).to_contain_text("Together")
    page.get_by_role("link", name="Yearly").click()
    expect(page.get_by_role("region", name="Yearly usage breakdown")).to_be_visible()
    # Purple: the mail as it will read, then on its way.
    page.get_by_role("link", name="Usage Email", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(re.compile("test@test: .* of 181.0 GB used"))).to_be_visible()
    dialog.get_by_role("button", name="Send it").click()
    expect(page.get_by_text("is on its way to")).to_be_visible()
    # Black again: another customer.
    page.get_by_role("combobox", name="Customer", exact=True).fill("Wonder")
    page.get_by_role("option", name=re.compile("WON001")).click()
    expect(page.get_by_role("heading", name="Wonderland", exact=True)).to_be_visible()
    expect(page.get_by_text("Nothing to count")).to_be_visible()
    assert heard == []
    assert norma.pk


@pytest.mark.feature("PRO-9")
def test_a_customer_tests_the_speed_of_the_line(page: Page, live_server: LiveServer) -> None:
    alice = builders.customer(code="ALI001", name="Alice Liddell")
    line = builders.data_account(customer=alice, username="alice@isp.test")
    builders.session(data_account=line, username=line.username, framed_ip="127.0.0.1")
    Provider.objects.update(name="Wonder Wireless")
    heard = looking.complaints(page.context)
    page.set_viewport_size(PHONE)
    looking.log_in(page, live_server.url, builders.portal_user(alice), "/portal/usage/")
    page.get_by_role("link", name="Test the speed").click()
    expect(page.get_by_text("None yet.")).to_be_visible()
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("None yet.")).to_have_count(0, timeout=60_000)
    expect(page.get_by_role("listitem").filter(has_text=" ms delay · alice@isp.test")).to_contain_text(
        "of 20 Mb/s"
    )
    assert looking.overflow(page) == 0
    made = SpeedTest.objects.get()
    assert (made.customer, made.data_account, made.over_line) == (alice, line, True)
    assert made.down_kbps > 1000
    assert (made.sold_down_kbps, made.sold_up_kbps) == (20_000, 10_000)
    assert heard == []
