"""A customer answers on a phone, staff decide in a dialog."""

import pytest
from django.core.cache import cache
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from customers.models import Customer, Purpose
from customers.requests import asking
from ispbilling.core.models import Role
from tests import builders
from tests.browser import looking

pytestmark = pytest.mark.feature("PRO-5")


@pytest.fixture(autouse=True)
def nobody_tried_yet() -> None:
    cache.clear()


@pytest.fixture
def alice(transactional_db: None) -> Customer:
    return builders.customer(code="ALI001", name="Alice Liddell", phone="021 555 0100")


def test_details_put_right_on_a_phone_are_approved_in_a_dialog(
    page: Page, live_server: LiveServer, alice: Customer
) -> None:
    heard = looking.complaints(page.context)
    token = asking.token(builders.customer_request(customer=alice))
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(live_server.url + reverse("portal:update_answer", args=[token]))
    assert looking.overflow(page) == 0
    expect(page.get_by_label("Telephone")).to_have_value("021 555 0100")
    page.get_by_label("Telephone").fill("021 555 0199")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    page.set_viewport_size({"width": 1440, "height": 900})
    looking.log_in(page, live_server.url, builders.staff(Role.SUPPORT), alice.get_absolute_url())
    page.get_by_role("link", name="decide", exact=True).click()
    dialog = page.locator("#dialog")
    expect(dialog.get_by_text("021 555 0199")).to_be_visible()
    dialog.get_by_label("Approve").check()
    dialog.get_by_role("button", name="Save Decisions").click()
    expect(page.get_by_text("Decided.", exact=True)).to_be_visible()
    assert Customer.objects.get(pk=alice.pk).phone == "021 555 0199"
    assert heard == []


def test_a_rating_takes_one_tap(page: Page, live_server: LiveServer, alice: Customer) -> None:
    token = asking.token(builders.customer_request(Purpose.RATING, customer=alice))
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(live_server.url + reverse("portal:rating_answer", args=[token]))
    assert looking.overflow(page) == 0
    page.get_by_label("4", exact=True).check()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert alice.ratings.get().score == 4
