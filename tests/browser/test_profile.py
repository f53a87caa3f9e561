"""The profile in a real browser: picked by keyboard, deleted and brought back, readable on a phone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from customers.accounts import gates
from customers.models import Customer, GateKind
from ispbilling.core.clock import now
from tests import builders
from tests.browser import looking


@pytest.fixture
def alice(transactional_db: None) -> Customer:
    made = builders.customer(code="ALI001", name="Alice Liddell")
    builders.customer(code="WON001", name="Wonderland (Pty) Ltd", is_reseller=True)
    return made


@pytest.fixture
def desk(page: Page, live_server: LiveServer, alice: Customer) -> Iterator[Page]:
    heard = looking.complaints(page.context)
    looking.log_in(page, live_server.url, builders.staff(), alice.get_absolute_url())
    yield page
    assert heard == []


@pytest.mark.feature("PRO-2")
def test_c_picks_another_customer_by_name_code_or_as_a_reseller(desk: Page) -> None:
    for text in ("wonder", "WON001"):
        desk.locator("body").press("c")
        desk.keyboard.type(text)
        expect(desk.locator("#picker-results .search-hit")).to_have_count(1)
        expect(desk.locator("#picker-results .search-hit")).to_contain_text("reseller")
        desk.keyboard.press("Enter")
        expect(desk.get_by_role("heading", name="Wonderland (Pty) Ltd")).to_be_visible()


@pytest.mark.feature("LIF-5", "LIF-6", "D-14")
def test_delete_says_what_it_does_and_undo_brings_all_back(desk: Page, alice: Customer) -> None:
    desk.get_by_role("link", name="Delete").click()
    dialog = desk.locator("#dialog")
    expect(dialog.get_by_text("The record is hidden, not destroyed")).to_be_visible()
    dialog.get_by_role("button", name="Delete").click()
    expect(desk.get_by_text("ALI001 Alice Liddell is deleted.")).to_be_visible()
    expect(desk.get_by_text("Deleted since").first).to_be_visible()
    desk.get_by_role("button", name="Undo").click()
    expect(desk.get_by_text("ALI001 Alice Liddell is back. State: Active.")).to_be_visible()
    desk.get_by_role("button", name="Undo").click()
    expect(desk.get_by_text("ALI001 Alice Liddell is deleted again.")).to_be_visible()
    desk.get_by_role("link", name="Undelete").click()
    desk.locator("#dialog").get_by_role("button", name="Undelete").click()
    expect(desk.get_by_role("link", name="Suspend Now").first).to_be_visible()
    assert not alice.gates.standing().exists()


@pytest.mark.feature("PRO-1")
def test_a_phone_keeps_name_balance_and_state_in_sight(
    desk: Page, alice: Customer, live_server: LiveServer
) -> None:
    gates.close(alice, GateKind.SUSPENDED, now(), actor=None, reason="R 599.00 overdue, promised for Friday")
    desk.set_viewport_size({"width": 390, "height": 844})
    desk.goto(live_server.url + alice.get_absolute_url())
    desk.wait_for_load_state("networkidle")
    assert looking.overflow(desk) == 0
    desk.locator("#widget-timeline").scroll_into_view_if_needed()
    summary = desk.locator(".summary-card")
    expect(summary).to_be_in_viewport()
    expect(summary.get_by_text("Alice Liddell")).to_be_in_viewport()
    expect(summary.get_by_text("Suspended since")).to_be_in_viewport()
    assert (summary.bounding_box() or {"height": 999})["height"] < 110


@pytest.mark.feature("EDT-19")
def test_a_sub_account_is_picked_with_the_keyboard(desk: Page, live_server: LiveServer) -> None:
    master = Customer.objects.get(code="WON001")
    Customer.objects.filter(pk=master.pk).update(is_master=True)
    desk.goto(live_server.url + master.get_absolute_url())
    desk.get_by_role("link", name="Link sub-account").click()
    field = desk.locator("#dialog").get_by_label("Sub-account")
    expect(field).to_be_focused()
    desk.wait_for_load_state("networkidle")
    desk.keyboard.type("liddell")
    expect(desk.locator("#dialog .search-hit")).to_have_count(1)
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("Enter")
    expect(field).to_have_value("ALI001 Alice Liddell")
    desk.locator("#dialog").get_by_role("button", name="Link").click()
    expect(desk.get_by_text("ALI001 Alice Liddell is a sub-account of WON001")).to_be_visible()
    expect(desk.locator("#widget-sub_accounts").get_by_text("Alice Liddell")).to_be_visible()
