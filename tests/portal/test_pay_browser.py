"""From Pay now to the receipt in a real browser, on a small phone, against a PayFast on loopback."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from billing.models import Payment
from customers.models import Customer
from ispbilling.core.models import User
from tests import builders, payfast

PHONE = {"width": 390, "height": 844}


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.feature("W-8", "POR-2")
def test_a_customer_pays_an_invoice_online_on_a_phone(
    live_server: Any, page: Page, alice: Customer, alice_user: User, settings: Any
) -> None:
    settings.BASE_URL = live_server.url
    builders.gateway()
    paper = builders.invoice(alice)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_viewport_size(PHONE)

    def fits() -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], page.url

    with payfast.running(settings) as fake:
        page.goto(f"{live_server.url}/portal/invoices/{paper.pk}/")
        page.get_by_label("Username or e-mail").fill("alice@example.test")
        page.get_by_label("Password").fill(builders.PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_role("link", name="Pay now").click()
        expect(page.get_by_label(f"Invoice {paper.reference}: R 115.00")).to_be_checked()
        fits()
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_role("heading", name="Pay R 115.00")).to_be_visible()
        fits()
        page.get_by_role("button", name="Pay with PayFast").click()
        expect(page.get_by_role("heading", name=f"ALI001 {paper.reference}: R 115.00")).to_be_visible()
        page.get_by_role("link", name="Cancel").click()
        expect(page.get_by_role("heading", name="You did not pay")).to_be_visible()
        fits()

        fake.holding = True
        page.get_by_role("button", name="Try again").click()
        page.get_by_role("button", name="Pay with PayFast").click()
        page.get_by_role("button", name="Complete Payment").click()
        expect(page.get_by_role("heading", name="One moment, please")).to_be_visible()
        fits()
        assert [fake.tell("1001"), fake.tell("1001"), fake.tell("1001", "PENDING")] == [200, 200, 200]
        expect(page.get_by_role("heading", name="Thank you, R 115.00 is paid")).to_be_visible()
        fits()

        fake.holding = False
        page.goto(f"{live_server.url}/portal/pay/")
        page.get_by_label("Another amount in rand").fill("50.00")
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("button", name="Pay with PayFast").click()
        page.get_by_role("button", name="Complete Payment").click()
        expect(page.get_by_text("In credit")).to_be_visible()

    receipt = page.get_by_role("link", name="Receipt").get_attribute("href")
    assert page.request.get(f"{live_server.url}{receipt}").body().startswith(b"%PDF")
    assert sorted(str(one.amount) for one in Payment.objects.all()) == ["115.00", "50.00"]
    page.goto(f"{live_server.url}/portal/invoices/{paper.pk}/")
    expect(page.get_by_text("Paid", exact=True)).to_be_visible()
    assert complaints == []
