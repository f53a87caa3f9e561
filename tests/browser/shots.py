"""`./run shots [WORD]`: every page, every tab and some scenes of the demonstration, at 1440 and 390 px.

Not collected with the tests. Pictures go to the folder SHOTS names, .data/shots by default; an index.html beside
them shows all. With a word, only those whose name contains it.
"""

import os
import re
from html import escape
from typing import Any

import pytest
from django.apps import apps
from django.urls import reverse
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from customers.accounts import gates
from customers.models import Customer, GateKind
from ispbilling.core import clock
from ispbilling.core.models import Role, User
from ispbilling.demo import loading
from radius.models import DataAccount
from tests import builders
from tests.architecture import site, subjects
from tests.architecture.permissions import OPEN, PAGES, PORTAL
from tests.browser import looking

pytestmark = [pytest.mark.django_db(transaction=True, serialized_rollback=True)]

ONLY = os.environ.get("SHOTS_ONLY", "")
#: Not a page: a file, a part of one, or something that only answers a script.
NOT_PAGES = re.compile(
    r"_(hint|pdf|file|generate|generated|export|download|progress|thumbnail|preview|sample)$"
)


@pytest.fixture(scope="module", autouse=True)
def index() -> Any:
    """A page with all pictures, for whoever looks through them."""
    yield
    folder = looking.folder()
    names = sorted(path.stem.rpartition("-")[0] for path in folder.glob("*-1440.png"))
    picture = '<h2 id="{0}">{0}</h2><img src="{0}-1440.png" width="70%"> <img src="{0}-390.png" width="25%">'
    rows = "".join(picture.format(escape(name)) for name in names)
    (folder / "index.html").write_text(f"<!doctype html><title>Screenshots</title>{rows}")
    print(f"\n{len(names)} pages: {folder}/index.html")  # noqa: T201 - the answer


@pytest.fixture
def demonstration() -> None:
    """The demonstration, with somebody in each state a profile can show."""
    now = clock.now()
    loading.load(now)
    people = list(Customer.objects.order_by("pk")[:4])
    gates.close(people[1], GateKind.SUSPENDED, now, actor=None, reason="R 599.00 overdue")
    gates.cancel(people[2], clock.local_day(now), now, actor=None, reason="Moves away")
    gates.close(people[3], GateKind.DISABLED, now, actor=None, reason="Equipment stolen")


def test_staff_pages(page: Page, live_server: LiveServer, demonstration: None) -> None:
    manager = builders.staff(Role.MANAGER, username="mary", first_name="Mary", last_name="Manager")
    looking.log_in(page, live_server.url, manager, then="/")
    for one in site.pages():
        if PAGES.get(one.name, OPEN) in (OPEN, PORTAL) or NOT_PAGES.search(one.name):
            continue
        for number, address in enumerate(addresses(one)):
            look(
                page,
                live_server.url + address,
                one.name.replace(":", "-") + (f"-{number + 1}" if number else ""),
            )


def test_money_pages_before_there_is_any(page: Page, live_server: LiveServer) -> None:
    """What a new installation shows: each page says what belongs there."""
    manager = builders.staff(Role.MANAGER, username="mary", first_name="Mary", last_name="Manager")
    looking.log_in(page, live_server.url, manager, then="/")
    for one in site.pages():
        if one.name.startswith("billing:") and not one.arguments and not NOT_PAGES.search(one.name):
            look(page, live_server.url + reverse(one.name), "empty-" + one.name.replace(":", "-"))


def test_the_edit_dialog_over_the_list(page: Page, live_server: LiveServer, demonstration: None) -> None:
    manager = builders.staff(Role.MANAGER, username="mary")
    looking.log_in(page, live_server.url, manager, then=reverse("customers:customer_list"))
    if ONLY not in "dialog-customer_edit":
        return
    page.get_by_role("row").nth(1).get_by_role("link", name=re.compile("Edit")).click()
    page.get_by_role("dialog").wait_for()
    tabs(page, "dialog-customer_edit", full_page=False)


def test_the_preview_of_a_package_change(page: Page, live_server: LiveServer, demonstration: None) -> None:
    manager = builders.staff(Role.MANAGER, username="mary")
    account = DataAccount.objects.filter(customer__gates=None).order_by("pk").first()
    if account is None or ONLY not in "package_change-preview":
        return
    address = reverse("billing:package_change_add", args=[account.customer_id])
    looking.log_in(page, live_server.url, manager, then=address)
    page.get_by_label("New data package").select_option(index=4)
    page.get_by_label("Activation date").fill(str(clock.local_day(clock.now())))
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("heading", name="What will happen").wait_for()
    looking.shoot(page, "package_change-preview")


def test_portal_pages(page: Page, live_server: LiveServer, demonstration: None) -> None:
    customer = Customer.objects.order_by("pk").first()
    assert customer is not None
    user = User.objects.get(portal_login__customer=customer)
    user.set_password(builders.PASSWORD)
    user.save()
    looking.log_in(page, live_server.url, user, then="/portal/")
    for one in site.pages():
        if PAGES.get(one.name) == PORTAL and not NOT_PAGES.search(one.name):
            for address in addresses(one, customer):
                look(page, live_server.url + address, one.name.replace(":", "-"))


def addresses(page: site.Page, customer: Customer | None = None) -> list[str]:
    """Where the page is, for something of the demonstration, or for something made for it.

    Profiles are taken of the customers in each state.
    """
    if not page.arguments:
        return [reverse(page.name)]
    if page.name == "customers:customer_detail":
        return [
            reverse(page.name, args=[pk])
            for pk in Customer.objects.order_by("pk").values_list("pk", flat=True)[:4]
        ]
    values: dict[str, Any] = {}
    for argument in page.arguments:
        values[argument] = _of_the_demonstration(page, argument, customer) or subjects.subject(page, argument)
    return [reverse(page.name, kwargs=values)]


def _of_the_demonstration(page: site.Page, argument: str, customer: Customer | None) -> Any:
    """The key of the first row of what the page is about; none where the demonstration has no such thing."""
    if (page.name, argument) in subjects.FIXED or page.name.endswith("_restore"):
        return None
    try:
        rows = apps.get_model(subjects.model_label(page, argument))._default_manager.order_by("pk")
    except (KeyError, LookupError):
        return None
    if customer is not None and hasattr(rows, "visible_to"):
        rows = rows.visible_to(User.objects.get(portal_login__customer=customer))
    return rows.values_list("pk", flat=True).first()


def look(page: Page, url: str, name: str) -> None:
    """Open it, and take it with each of its tabs. What answers no page (405, a redirect away) is left out."""
    if ONLY not in name:
        return
    answer = page.goto(url, wait_until="domcontentloaded")
    if answer is None or answer.status != 200 or "text/html" not in answer.headers.get("content-type", ""):
        return
    tabs(page, name)


def tabs(page: Page, name: str, *, full_page: bool = True) -> None:
    """The page as it opens, then each further tab."""
    looking.shoot(page, name, full_page=full_page)
    buttons = page.locator(".form-tabs [role=tab]")
    for number in range(1, buttons.count()):
        page.set_viewport_size({"width": 1440, "height": 900})
        buttons.nth(number).click()
        looking.shoot(page, f"{name}-{number + 1}", full_page=full_page)
