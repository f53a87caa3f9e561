"""The edit dialog in a real browser: every tab in one save, and nothing typed is lost on the way."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from customers.models import Customer, GateKind
from ispbilling.core import external
from ispbilling.core.clock import local_day, now
from ispbilling.core.models import AccountingSystem, ExternalKind, Provider
from tests import builders
from tests.browser import looking


@pytest.fixture
def dialog(page: Page, live_server: LiveServer) -> Iterator[Page]:
    """The dialog as the list opens it."""
    Provider.objects.update(accounting_system=AccountingSystem.SAGEONE)
    alice = builders.customer(code="ALI001", name="Alice Liddell", email="alice@example.test")
    builders.portal_user(alice, email="alice@example.test")
    heard = looking.complaints(page.context)
    looking.log_in(page, live_server.url, builders.staff(), then="/customers/")
    page.get_by_role("row").nth(1).get_by_role("link", name="Edit").click()
    expect(page.get_by_role("dialog").get_by_label("Contact name").first).to_be_visible()
    yield page
    assert heard == []


def go(page: Page, tab: str) -> None:
    page.get_by_role("dialog").get_by_role("tab", name=tab).click()


@pytest.mark.feature("EDT-1", "EDT-2", "EDT-6", "EDT-8", "EDT-10", "EDT-14", "EDT-15", "EDT-19", "EDT-20")
def test_every_tab_is_saved_at_once(dialog: Page) -> None:
    day = local_day(now()) + timedelta(days=40)
    here = dialog.get_by_role("dialog")
    here.get_by_label("Primary tel no").fill("021 555 0000")
    here.get_by_label("Email(s)").first.fill("alice@example.test\nbooks@example.test")
    go(dialog, "Address Detail")
    here.get_by_label("Postal address").fill("PO Box 12")
    here.get_by_label("GPS position", exact=True).fill("-34.06752, 18.82971")
    go(dialog, "Contacts")
    here.get_by_role("button", name="Add").click()
    dialog.keyboard.type("Mad Hatter")
    row = here.locator("[data-contact]").nth(1)
    row.get_by_label("Mobile no").fill("084 222 2222")
    row.get_by_role("radio").check()
    go(dialog, "Portal Login")
    here.get_by_label("Client portal username").fill("JEN004")
    expect(here.get_by_label("New password", exact=True)).to_be_hidden()
    here.get_by_label("Change password").check()
    here.get_by_label("New password", exact=True).fill("rabbit-hole-9")
    here.get_by_label("New password again").fill("rabbit-hole-9")
    go(dialog, "SageOne")
    here.get_by_label("SageOne ID").fill("13655893")
    go(dialog, "Cancellation")
    here.get_by_label("Account cancellation date").fill(str(day))
    here.get_by_label("Reason for cancellation").fill("moves away")
    go(dialog, "Master")
    here.get_by_label("Is master account").check()
    assert not Customer.objects.get().contacts.filter(name="Mad Hatter").exists(), (
        "nothing is stored until Save"
    )
    for name in ("Password Reset", "Delete", "Save Changes"):
        expect(here.locator(".form-buttons").get_by_text(name)).to_be_visible()
    here.get_by_role("button", name="Save Changes").click()
    here.wait_for(state="hidden")
    alice = Customer.objects.get()
    login = alice.portal_logins.get().user
    assert (alice.phone, alice.postal_address, str(alice.latitude)) == (
        "021 555 0000",
        "PO Box 12",
        "-34.067520",
    )
    assert [(c.name, c.primary, c.mobile) for c in alice.contacts.all()] == [
        ("Mad Hatter", True, "084 222 2222"), ("Alice Liddell", False, "+27821234567"),
    ]  # fmt: skip
    assert alice.contacts.last().emails == ["alice@example.test", "books@example.test"]
    assert (login.username, login.check_password("rabbit-hole-9")) == ("JEN004", True)
    assert (external.id_of(ExternalKind.CUSTOMER, alice.pk), alice.is_master) == ("13655893", True)
    assert alice.gates.get(kind=GateKind.CANCELLED).last_day == day


@pytest.mark.feature("EDT-8", "EDT-15", "EDT-18")
def test_a_removed_contact_can_be_kept_and_another_dialog_asks_first(dialog: Page) -> None:
    here = dialog.get_by_role("dialog")
    go(dialog, "Contacts")
    remove = here.get_by_role("checkbox").locator("visible=true")
    here.get_by_title("Remove or keep").click()
    expect(remove.first).to_be_checked()
    here.get_by_title("Remove or keep").click()
    go(dialog, "Cancellation")
    here.get_by_label("Account cancellation date").fill("2031-01-31")
    here.get_by_role("button", name="Clear").click()
    expect(here.get_by_label("Account cancellation date")).to_have_value("")
    asked: list[str] = []

    def no(question: object) -> None:
        asked.append(question.message)
        question.dismiss()

    dialog.once("dialog", no)
    here.get_by_role("link", name="Suspend Now").click()
    assert asked == ["Go on without saving what you typed?"]
    dialog.once("dialog", lambda question: question.accept())
    here.get_by_role("link", name="Suspend Now").click()
    expect(here.get_by_role("heading", name="Suspend Now")).to_be_visible()


@pytest.mark.feature("EDT-1")
def test_on_a_phone_the_open_tab_is_in_sight(dialog: Page, live_server: LiveServer) -> None:
    dialog.set_viewport_size({"width": 390, "height": 844})
    dialog.goto(f"{live_server.url}/customers/{Customer.objects.get().pk}/edit/?tab=master")
    expect(dialog.get_by_role("tab", name="Master")).to_be_in_viewport()
    assert looking.overflow(dialog) <= 0
    dialog.get_by_role("tab", name="Cancellation").click()
    expect(dialog.get_by_role("tab", name="Cancellation")).to_be_in_viewport()
