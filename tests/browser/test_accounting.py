"""The accounting package in a real browser: account codes, an export, its file; and the proof of the books."""

from datetime import date
from pathlib import Path

import pytest
from django.conf import LazySettings
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from billing import sweeps
from billing.models import AccountingExport
from ispbilling.core.clock import now
from ispbilling.core.files import keeping
from ispbilling.core.models import Role
from tests import builders
from tests.browser import looking


@pytest.mark.feature("EDT-14")
def test_codes_are_mapped_and_journals_exported(
    page: Page, live_server: LiveServer, settings: LazySettings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    alice = builders.customer(code="ALI001", name="Alice Liddell")
    builders.product(title="Fibre 20", gl_code="4100", income_account="Fibre income")
    builders.invoice(alice, on=date(2026, 10, 1))
    builders.payment(alice, "100.00", on=date(2026, 10, 9))
    heard = looking.complaints(page.context)
    looking.log_in(page, live_server.url, builders.staff(Role.OWNER), "/billing/accounting/")
    page.get_by_role("link", name="Settings").last.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Accounting system").select_option("xero")
    looking.shoot(page, "accounting_settings")
    dialog.get_by_role("button", name="Save Changes").click()
    expect(page.get_by_text("The accounting settings are saved.")).to_be_visible()

    page.get_by_role("link", name="Account Codes").click()
    for name, code in (
        ("Bank (bank)", "090"),
        ("Trade receivables (receivable)", "610"),
        ("Revenue (revenue)", "200"),
        ("VAT output (vat)", "820"),
    ):
        page.get_by_label(name).fill(code)
    looking.shoot(page, "accounting_codes")
    page.get_by_role("button", name="Save Changes").click()
    expect(page.get_by_text("4 account codes changed")).to_be_visible()

    page.get_by_role("link", name="Export", exact=True).click()
    expect(dialog.get_by_label("From")).to_have_value("2026-10-01")
    dialog.get_by_label("To").fill("2026-10-31")
    dialog.get_by_role("button", name="Export").click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    looking.shoot(page, "accounting_export_waiting")
    sweeps.accounting_exports(now()).apply(now())
    expect(page.get_by_text("Every posting of these days is exported.")).to_be_visible(timeout=10_000)
    looking.shoot(page, "accounting_export")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download").click()
    made = AccountingExport.objects.get()
    assert Path(saved.value.path()).read_bytes() == keeping.place(made.path).read_bytes()
    assert saved.value.suggested_filename == "xero-0001-2026-10-01-2026-10-31.csv"
    page.get_by_role("link", name="Take Back").click()
    looking.shoot(page, "accounting_undo")
    dialog.get_by_label("Reason").fill("wrong month")
    dialog.get_by_role("button", name="Take Back").click()
    expect(page.get_by_text("Xero export 1 is taken back")).to_be_visible()

    page.goto(f"{live_server.url}/billing/trial/?since=2026-10-01&until=2026-10-31")
    expect(page.get_by_text("The same amount")).to_be_visible()
    looking.shoot(page, "trial_balance")
    page.get_by_role("link", name="receivable").first.click()
    looking.shoot(page, "trial_account")
    page.goto(f"{live_server.url}/billing/trial/proof/")
    page.get_by_role("link", name="Verify Now").click()
    dialog.get_by_role("button", name="Verify Now").click()
    expect(page.get_by_text("Waiting for a worker")).to_be_visible()
    sweeps.anchor_ledger(now()).apply(now())
    sweeps.verify_books(now()).apply(now())
    expect(page.get_by_text("Everything fits")).to_be_visible(timeout=10_000)
    page.reload()
    looking.shoot(page, "ledger_proof")
    page.set_viewport_size({"width": 390, "height": 844})
    assert looking.overflow(page) == 0
    assert heard == []
