"""A package change in a real browser: previewed from the profile, submitted, undone."""

from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from billing.runs import monthly
from billing.runs.planning import Asked, plan
from billing.sweeps import issue_runs
from ispbilling.core.clock import local_day, month_of, now
from radius.models import PackageChange
from tests import builders
from tests.browser import looking

PHONE = {"width": 390, "height": 844}


@pytest.mark.feature("PKC-1", "PKC-2", "PKC-3")
def test_a_package_is_changed_with_a_preview_and_undone(page: Page, live_server: LiveServer) -> None:
    month = month_of(local_day(now()))
    alice = builders.customer(code="ALI001", name="Alice Liddell")
    slow = builders.package(title="Home 10", price=Decimal("599.00"))
    builders.package(
        title="Home 20", price=Decimal("899.00"), service=builders.service(down_kbps=40_000, up_kbps=20_000)
    )
    line = builders.data_account(
        customer=alice, package=slow, username="alice@isp.test", starts_on=month.start - timedelta(days=40)
    )
    builders.recurring_line(customer=alice, data_account=line, description="Home 10", starts_on=month.start)
    run = plan(Asked(month, local_day(now())), now(), actor=None)
    monthly.approve(run, now(), actor=None)
    issue_runs(now()).apply(now())

    heard = looking.complaints(page.context)
    looking.log_in(page, live_server.url, builders.staff(), alice.get_absolute_url())
    widget = page.locator("#widget-package_changes")
    expect(widget.get_by_text("The package was never changed.")).to_be_visible()
    widget.get_by_role("link", name="Add").click()
    page.get_by_label("New data package").select_option(
        label="Home 20: 40 Mb/s down, 20 Mb/s up, cap 100.0 GB, R 899.00"
    )
    page.get_by_label("Comment").fill("wants more")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="What will happen")).to_be_visible()
    expect(page.get_by_role("row", name="Speed")).to_contain_text("40 Mb/s down")
    expect(page.get_by_role("row", name="Price a month")).to_contain_text("R 899.00")
    expect(page.get_by_role("row", name="before the change of package")).to_contain_text("-R")
    expect(page.get_by_text("It comes with the next month-end invoice.")).to_be_visible()
    page.set_viewport_size(PHONE)
    assert looking.overflow(page) == 0
    page.set_viewport_size({"width": 1440, "height": 900})
    assert not PackageChange.objects.exists()
    page.get_by_role("button", name="Submit Package Change").click()
    expect(page.get_by_text("alice@isp.test has Home 20 from")).to_be_visible()
    expect(page.get_by_text("1 package change", exact=True)).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("The change of alice@isp.test to Home 20 is undone.")).to_be_visible()
    line.refresh_from_db()
    assert line.package == slow
    assert heard == []
