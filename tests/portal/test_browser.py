"""The portal in a real browser, on a small phone: no script of ours, nothing wider than the screen."""

from datetime import date
from typing import Any

import pytest
from playwright.sync_api import Page

from customers.models import Customer
from ispbilling.core.models import User
from radius.models import DataAccount
from tests import builders
from tests.builders import invoice

PHONE = {"width": 390, "height": 844}
PLACES = ["/portal/", "/portal/usage/", "/portal/invoices/", "/portal/account/", "/account/sessions/"]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.feature("POR-1", "POR-2")
def test_a_customer_logs_in_and_gets_the_invoice_on_a_phone(
    live_server: Any, page: Page, alice: Customer, alice_user: User, line: DataAccount, today: date
) -> None:
    paper = invoice(alice, on=today)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_viewport_size(PHONE)
    page.goto(f"{live_server.url}/portal/")
    page.get_by_label("Username or e-mail").fill("alice@example.test")
    page.get_by_label("Password").fill(builders.PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="You owe R 115.00").wait_for()
    page.get_by_role("navigation").get_by_role("link", name="Invoices").click()
    page.get_by_role("link", name=paper.reference).click()
    page.get_by_role("heading", name=f"Invoice {paper.reference}").wait_for()
    link = page.get_by_role("link", name="PDF").get_attribute("href")
    paper_itself = page.request.get(f"{live_server.url}{link}")
    assert paper_itself.headers["content-type"] == "application/pdf"
    assert paper_itself.body().startswith(b"%PDF")
    for place in PLACES:
        page.goto(live_server.url + place)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], place
    assert complaints == []
