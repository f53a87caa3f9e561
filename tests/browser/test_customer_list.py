"""The customer list in a real browser: filter, columns, and taking the list out with its notice."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from ispbilling.core.models import Event, Role
from tests import builders
from tests.browser import looking


@pytest.fixture
def desk(page: Page, live_server: LiveServer) -> Iterator[Page]:
    """The list of thirty customers, half of them companies, in front of a manager; the console stays quiet."""
    home, shops = builders.group(title="Home"), builders.group(title="Shops")
    for n in range(30):
        shop = n % 2
        builders.customer(
            code=f"CUS{n:03}",
            name=f"{'Shop' if shop else 'Person'} {n:02}",
            type="company" if shop else "individual",
            group=shops if shop else home,
        )
    heard = looking.complaints(page.context)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=live_server.url)
    looking.log_in(page, live_server.url, builders.staff(Role.MANAGER), "/customers/")
    yield page
    assert heard == []


@pytest.mark.feature("LST-5", "LST-9")
def test_filters_become_chips_and_columns_are_remembered(desk: Page) -> None:
    expect(desk.get_by_text("Showing 1 to 15 of 30 entries")).to_be_visible()
    desk.get_by_role("button", name="Filters").click()
    desk.get_by_label("Customer group", exact=True).select_option(label="Shops")
    expect(desk.get_by_text("Showing 1 to 15 of 15 entries")).to_be_visible()
    desk.get_by_role("link", name="Remove filter Customer group: Shops").click()
    expect(desk.get_by_text("of 30 entries")).to_be_visible()
    desk.get_by_role("button", name="Columns").click()
    desk.get_by_role("checkbox", name="Categories").uncheck()
    desk.get_by_role("checkbox", name="Mobile").check()
    desk.get_by_role("button", name="Show", exact=True).click()
    expect(desk.get_by_role("columnheader", name="Mobile")).to_be_visible()
    desk.reload()
    expect(desk.get_by_role("columnheader", name="Mobile")).to_be_visible()
    expect(desk.get_by_role("columnheader", name="Categories")).to_have_count(0)


@pytest.mark.feature("LST-10")
def test_the_list_leaves_only_after_the_notice(desk: Page) -> None:
    desk.get_by_placeholder("Code, name, number or e-mail").fill("shop")
    desk.wait_for_url("**/customers/?q=shop")
    desk.get_by_role("button", name="Export").click()
    desk.get_by_role("button", name="Copy Columns to Clipboard").click()
    notice = desk.locator("#dialog")
    expect(notice.get_by_role("heading", name="Customers: personal data")).to_be_visible()
    expect(notice.get_by_text("15 rows")).to_be_visible()
    notice.get_by_role("button", name="Copy to Clipboard").click()
    expect(notice.get_by_role("alert")).to_be_focused()
    notice.get_by_label("What it is for").fill("Calling the shops")
    notice.get_by_label("I have read this").check()
    notice.get_by_role("button", name="Copy to Clipboard").click()
    expect(desk.get_by_text("15 rows copied.")).to_be_visible()
    expect(notice).to_be_hidden()
    copied = desk.evaluate("navigator.clipboard.readText()")
    assert [line.split("\t")[2] for line in copied.splitlines()[1:]] == [
        f"CUS{n:03}" for n in range(1, 30, 2)
    ]
    desk.get_by_role("button", name="Export").click()
    with desk.expect_download() as download:
        desk.get_by_role("button", name="Export Columns CSV").click()
    assert len(download.value.path().read_text(encoding="utf-8-sig").splitlines()) == 16
    assert list(Event.objects.values_list("data__format", "data__purpose").order_by("pk")) == [
        ("copy", "Calling the shops"), ("csv", "Calling the shops"),
    ]  # fmt: skip
