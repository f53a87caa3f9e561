"""Merging two customers in a real browser, with the keyboard, and back again."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from customers.accounts import editing
from ispbilling.core.clock import now
from tests import builders
from tests.browser import looking


@pytest.mark.feature("NAV-3", "D-20")
def test_two_customers_become_one_and_two_again(page: Page, live_server: LiveServer) -> None:
    alice = builders.customer(code="ALI001", name="Alice Liddell", phone="021 555 0001")
    twin = builders.customer(code="ALI002", name="Alice Lidell", phone="021 555 0002")
    builders.data_account(customer=twin, username="alice@isp.test")
    editing.edit(twin, {"postal_address": "PO Box 1"}, now(), actor=None)
    heard = looking.complaints(page.context)
    looking.log_in(page, live_server.url, builders.staff(), "/customers/merge/")
    for label, text, code in (("Survivor", "liddell", "ALI001"), ("Merge into it", "ali002", "ALI002")):
        page.get_by_label(label).focus()
        page.keyboard.type(text)
        expect(page.locator(".search-hit", has_text=code)).to_be_visible()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page.get_by_label(label)).to_have_value(
            f"{code} {'Alice Liddell' if code == 'ALI001' else twin.name}"
        )
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("1 data account")).to_be_visible()
    looking.shoot(page, "merge")
    page.get_by_label("021 555 0002 (ALI002)").check()
    page.get_by_label("Reason").fill("the same person, spelled twice")
    page.set_viewport_size({"width": 390, "height": 844})
    assert looking.overflow(page) == 0
    page.get_by_role("button", name="Merge", exact=True).click()
    expect(page.get_by_text("ALI002 Alice Lidell is merged into ALI001 Alice Liddell.")).to_be_visible()
    alice.refresh_from_db()
    assert (alice.phone, alice.postal_address) == ("021 555 0002", "PO Box 1")
    page.goto(live_server.url + twin.get_absolute_url())
    page.get_by_role("link", name="Alice Liddell (ALI001)").click()
    expect(page.get_by_role("heading", name="Alice Liddell")).to_be_visible()
    page.goto(f"{live_server.url}/customers/merge/done/")
    page.get_by_role("link", name="Undo").last.click()
    page.get_by_role("button", name="Undo the Merge").click()
    expect(page.get_by_text("is undone.")).to_be_visible()
    assert twin.data_accounts.count() == 1
    alice.refresh_from_db()
    assert (alice.phone, alice.postal_address) == ("021 555 0001", "")
    assert heard == []
