"""Money in a real browser: a payment from the profile, unknown money assigned by its proposal, a bank statement."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from billing import sweeps
from billing.models import Balance, Payment
from ispbilling.core.clock import now
from tests import builders
from tests.browser import looking


@pytest.mark.feature("PRO-10")
def test_money_is_received_assigned_and_taken_back(page: Page, live_server: LiveServer) -> None:
    alice = builders.customer(code="ALI001", name="Alice Liddell")
    builders.invoice(alice)
    builders.payment(None, "15.00", reference="cash dep ali001")
    heard = looking.complaints(page.context)
    looking.log_in(page, live_server.url, builders.staff(), alice.get_absolute_url())
    page.get_by_role("link", name="Add Payment").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Customer")).to_have_value("ALI001 Alice Liddell")
    dialog.get_by_label("Amount").fill("100.00")
    looking.shoot(page, "payment_add")
    dialog.get_by_role("button", name="Add Payment").click()
    expect(page.get_by_text("ALI001 owes R 15.00.")).to_be_visible()

    page.goto(f"{live_server.url}/billing/payments/")
    page.get_by_role("link", name="Unallocated (1)").click()
    looking.shoot(page, "payment_unallocated")
    page.get_by_role("link", name="ALI001 Alice Liddell").click()
    expect(dialog.get_by_label("Customer")).to_have_value("ALI001 Alice Liddell")
    looking.shoot(page, "payment_assign")
    dialog.get_by_role("button", name="Assign").click()
    expect(page.get_by_text("ALI001 owes R 0.00.")).to_be_visible()

    page.goto(live_server.url + Payment.objects.order_by("pk")[1].get_absolute_url())
    looking.shoot(page, "payment")
    page.get_by_role("link", name="Take Back").click()
    looking.shoot(page, "payment_take_back")
    dialog.get_by_label("Reason").fill("no funds")
    dialog.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("ALI001 owes R 100.00.")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    assert looking.overflow(page) == 0
    assert Balance.objects.get(customer=alice).amount == 100
    assert heard == []


def test_a_bank_statement_becomes_payments(page: Page, live_server: LiveServer, tmp_path: Path) -> None:
    builders.customer(code="ALI001", name="Alice Liddell")
    file = tmp_path / "november.csv"
    file.write_text("Date,Amount,Description\n2026-11-04,115.00,ALI001 thanks\n2026-11-05,50.00,cash\n")
    heard = looking.complaints(page.context)
    looking.log_in(page, live_server.url, builders.staff(), "/billing/bank/add/")
    page.get_by_label("Bank statement").set_input_files(file)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("ALI001 Alice Liddell, by account code ALI001")).to_be_visible()
    looking.shoot(page, "bank_import")
    page.get_by_role("link", name="Post", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Post").click()
    expect(page.get_by_text("november.csv is being posted.")).to_be_visible()
    sweeps.bank_imports(now()).apply(now())
    expect(page.get_by_text("REC-2026-000001: ALI001 Alice Liddell")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    assert looking.overflow(page) == 0
    assert heard == []
