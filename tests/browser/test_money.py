"""Money in a real browser, from the preview of a run to a statement: what accounts staff do all day."""

from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from billing import sweeps
from billing.models import Document, Payment
from ispbilling.core.clock import local_day, now
from tests import builders
from tests.browser import looking

PHONE = {"width": 390, "height": 844}


def fits_a_phone(page: Page) -> None:
    page.set_viewport_size(PHONE)
    assert looking.overflow(page) == 0
    page.set_viewport_size({"width": 1440, "height": 900})


def test_a_run_is_previewed_approved_issued_and_undone(page: Page, live_server: LiveServer) -> None:
    builders.recurring_line(customer=builders.customer(code="ALI001", name="Alice Liddell"))
    heard = looking.complaints(page.context)
    looking.log_in(page, live_server.url, builders.staff(), "/billing/runs/")
    dialog = page.get_by_role("dialog")
    page.get_by_role("link", name="New Run").first.click()
    dialog.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Nothing is issued until you approve it.")).to_be_visible()
    expect(page.get_by_role("row", name="ALI001")).to_contain_text("R 599.00")
    fits_a_phone(page)
    page.get_by_role("link", name="Approve").click()
    dialog.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("waiting for a worker")).to_be_visible()
    sweeps.issue_runs(now()).apply(now())
    expect(page.get_by_role("heading", name="Certificate")).to_be_visible()
    expect(page.get_by_text("Holds", exact=True).first).to_be_visible()
    page.get_by_role("link", name="Undo").click()
    dialog.get_by_label("Reason").fill("wrong month")
    dialog.get_by_role("button", name="Undo this run").click()
    expect(page.get_by_text("Issuing credit notes")).to_be_visible()
    sweeps.issue_runs(now()).apply(now())
    expect(page.get_by_text("1 credit notes, R 0.00 left standing")).to_be_visible()
    assert heard == []


@pytest.mark.feature("PRO-10")
def test_a_debt_is_found_by_age_paid_and_allocated_and_the_statement_says_so(
    page: Page, live_server: LiveServer
) -> None:
    alice, today = builders.customer(code="ALI001", name="Alice Liddell"), local_day(now())
    old = builders.invoice(alice, on=today - timedelta(days=80))
    new = builders.invoice(alice, on=today)
    heard = looking.complaints(page.context)
    looking.log_in(page, live_server.url, builders.staff(), "/billing/")
    page.get_by_role("listitem").filter(has_text="60 Days").get_by_role("link").click()
    page.get_by_role("link", name="ALI001", exact=True).click()
    page.get_by_role("link", name=old.reference).click()
    expect(page.get_by_role("heading", name=old.reference)).to_be_visible()
    expect(page.get_by_text("Overdue", exact=True)).to_be_visible()

    page.goto(f"{live_server.url}/billing/payments/add/?customer=ALI001")
    page.get_by_label("Amount").fill("115.00")
    page.get_by_role("button", name="Add Payment").click()
    expect(page.get_by_text("ALI001 owes R 115.00.")).to_be_visible()
    page.goto(live_server.url + Payment.objects.get().get_absolute_url())
    expect(page.get_by_text(f"{old.reference}: R 115.00")).to_be_visible()
    page.get_by_role("link", name="Allocate", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(new.reference).fill("115.00")
    dialog.get_by_role("button", name="Allocate").click()
    expect(page.get_by_text(f"{new.reference}: R 115.00, by hand")).to_be_visible()
    fits_a_phone(page)
    page.goto(f"{live_server.url}/billing/ageing/{alice.pk}/")
    expect(page.get_by_role("row", name=old.reference)).to_contain_text("Overdue")
    fits_a_phone(page)
    page.get_by_role("link", name="Statement", exact=True).click()
    expect(page.get_by_text("R 115.00 is to be paid.")).to_be_visible()
    expect(page.get_by_role("row", name="Payment REC-").first).to_contain_text(f"{new.reference}: R 115.00")
    fits_a_phone(page)
    assert heard == []


def test_an_invoice_is_written_issued_and_read_as_paper(page: Page, live_server: LiveServer) -> None:
    builders.customer(code="ALI001", name="Alice Liddell")
    heard = looking.complaints(page.context)
    looking.log_in(page, live_server.url, builders.staff(), "/billing/drafts/add/?customer=ALI001")
    page.get_by_label("Description").fill("Installation")
    page.get_by_label("Price").fill("1150.00")
    page.get_by_role("button", name="Save Draft", exact=True).click()
    expect(page.get_by_text("An invoice of R 1,150.00 that nobody has seen yet")).to_be_visible()
    fits_a_phone(page)
    page.get_by_role("link", name="Issue").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("The balance of ALI001 rises by R 1,150.00.")).to_be_visible()
    dialog.get_by_role("button", name="Issue it").click()
    expect(page.get_by_text("over R 1,150.00 is issued.")).to_be_visible()
    link = page.get_by_role("link", name="PDF").get_attribute("href")
    assert page.request.get(f"{live_server.url}{link}").body().startswith(b"%PDF")
    assert Document.objects.get().total == Decimal("1150.00")
    assert heard == []


@pytest.mark.feature("W-7")
def test_the_simulator_shows_what_a_price_would_do(page: Page, live_server: LiveServer) -> None:
    product = builders.product(price=Decimal("500.00"))
    builders.recurring_line(
        customer=builders.customer(code="ALI001", name="Alice Liddell"), product=product, price=None
    )
    heard = looking.complaints(page.context)
    looking.log_in(page, live_server.url, builders.staff(), "/billing/simulator/")
    page.get_by_label("What changes").select_option(f"product:{product.pk}")
    page.get_by_label("New price or rate").fill("550.00")
    page.get_by_role("button", name="Simulate").click()
    expect(page.get_by_role("row", name="ALI001")).to_contain_text("R 550.00")
    expect(page.get_by_text("R 50.00").first).to_be_visible()
    fits_a_phone(page)
    product.refresh_from_db()
    assert (product.price, heard) == (Decimal("500.0000"), [])
