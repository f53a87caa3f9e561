"""A debit order in a real browser: mandate, preview, approval, file, result."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from billing import sweeps
from billing.models import Balance, DebitBatch, DebitRow, DebitSettings
from ispbilling.core.clock import now
from tests import builders
from tests.billing import debiting
from tests.browser import looking


@pytest.mark.feature("PRO-10")
def test_a_debt_is_collected_from_mandate_to_result(
    page: Page, live_server: LiveServer, tmp_path: Path
) -> None:
    DebitSettings.objects.update(service_key=debiting.SERVICE_KEY)
    alice = builders.customer(code="ALI001", name="Alice Liddell")
    builders.invoice(alice, on=debiting.due_invoice_day())
    heard = looking.complaints(page.context)
    looking.log_in(page, live_server.url, builders.staff(), alice.get_absolute_url())
    dialog = page.get_by_role("dialog")
    page.get_by_role("link", name="Add Mandate").click()
    dialog.get_by_label("Bank", exact=False).first.select_option("FNB")
    dialog.get_by_label("Account number").fill("62000000123")
    looking.shoot(page, "mandate_add")
    dialog.get_by_role("button", name="Add Mandate").click()
    expect(page.get_by_text("FNB •••123", exact=True)).to_be_visible()

    page.goto(f"{live_server.url}/billing/debits/")
    page.get_by_role("link", name="New Batch").first.click()
    dialog.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("looked at 1 = collections 1 + left out 0")).to_be_visible()
    looking.shoot(page, "debit_batch_preview")
    page.get_by_role("link", name="Approve", exact=True).click()
    looking.shoot(page, "debit_batch_approve")
    dialog.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("is approved: 1 collection of R 115.00.")).to_be_visible()
    page.get_by_role("link", name="Make file").click()
    dialog.get_by_role("button", name="Make file").click()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download").click()
    assert downloading.value.path().read_bytes().endswith(b"F\t1\t11500\t9999\r\n")

    file = tmp_path / "statement.txt"
    file.write_bytes(debiting.statement(("TDD", DebitRow.objects.get(), "115")))
    page.get_by_role("link", name="Import result").click()
    dialog.get_by_label("Statement of the provider").set_input_files(file)
    dialog.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("To be recorded").first).to_be_visible()
    page.get_by_role("link", name="Record", exact=True).click()
    looking.shoot(page, "debit_result_post")
    dialog.get_by_role("button", name="Record").click()
    expect(page.get_by_text("statement.txt is being recorded.")).to_be_visible()
    sweeps.debit_results(now()).apply(now())
    page.goto(live_server.url + DebitBatch.objects.get().get_absolute_url())
    expect(page.get_by_text("paid at first R 115.00 = recorded as payments R 115.00")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    assert looking.overflow(page) == 0
    looking.shoot(page, "debit_batch_done_phone")
    assert Balance.objects.get(customer=alice).amount == 0
    assert heard == []
