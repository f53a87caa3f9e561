"""Adding a customer in a real browser: the code appears while the name is typed, and never over a typed one."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from customers.models import Customer
from tests import builders
from tests.browser import looking


@pytest.fixture
def form(page: Page, live_server: LiveServer) -> Iterator[Page]:
    builders.group(title="Home")
    builders.customer(code="FRI001", email="taken@example.test")
    heard = looking.complaints(page.context)
    looking.log_in(page, live_server.url, builders.staff(), then="/customers/add/")
    yield page
    assert heard == []


@pytest.mark.feature("ACC-12", "ADD-5", "ADD-6")
def test_the_code_follows_the_name_until_somebody_types_one(form: Page) -> None:
    code = form.get_by_label("Accounting code")
    expect(form.get_by_label("Company name")).to_be_hidden()
    form.get_by_label("Contact name").press_sequentially("Frikkie Visser", delay=20)
    expect(code).to_have_value("FRI002")
    form.get_by_label("Contact name").fill("Mr. Slabbert")
    expect(code).to_have_value("SLA001")
    expect(form.get_by_text("get the first name if you can")).to_be_visible()
    form.get_by_label("Customer type").select_option("company")
    form.get_by_label("Company name").press_sequentially("2D Consulting")
    expect(code).to_have_value("2DC001")
    code.fill("OWN-7")
    form.get_by_label("Company name").press("End")
    form.get_by_label("Company name").press_sequentially(" and more")
    form.wait_for_timeout(800)
    expect(code).to_have_value("OWN-7")
    form.get_by_role("button", name="Generate").click()
    expect(code).to_have_value("2DC001")


@pytest.mark.feature("ADD-6", "ADD-10", "ACC-10")
def test_a_customer_is_added_with_the_code_that_appeared(form: Page) -> None:
    form.get_by_label("Contact name").press_sequentially("Frikkie Visser")
    expect(form.get_by_label("Accounting code")).to_have_value("FRI002")
    form.get_by_label("Email(s)").fill("taken@example.test")
    form.get_by_label("Mobile no(s)").fill("083 555 1212")
    expect(form.get_by_text("Already a customer?")).to_be_visible()
    form.get_by_role("tab", name="Portal Login").click()
    expect(form.get_by_label("Client portal username")).to_have_attribute("placeholder", "FRI002")
    expect(form.get_by_label("New password", exact=True)).to_be_hidden()
    form.get_by_role("button", name="Add Customer").click()
    form.wait_for_url("**/customers/*/")
    made = Customer.objects.get(code="FRI002")
    assert (made.name, made.portal_logins.get().user.username) == ("Frikkie Visser", "FRI002")


@pytest.mark.feature("ADD-10")
def test_what_is_missing_is_marked_and_the_summary_leads_there(form: Page) -> None:
    form.get_by_label("Customer type").select_option("company")
    form.get_by_role("tab", name="Portal Login").click()
    form.get_by_role("button", name="Add Customer").click()
    summary = form.locator(".error-summary")
    expect(summary).to_be_focused()
    for name in ("Company name", "Contact name", "Email(s)", "Primary tel no"):
        expect(form.get_by_label(name, exact=False).first).to_have_class(re.compile("is-invalid"))
        expect(summary.get_by_role("link", name=f"Account Detail: {name}")).to_be_visible()
    summary.get_by_role("link", name="Email(s)").click()
    expect(form.get_by_label("Email(s)")).to_be_focused()
    assert not Customer.objects.filter(code="").exists()
