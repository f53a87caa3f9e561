"""The whole site's authorisation in one table: role x page -> may or may not."""

from typing import Any

import pytest
from django.test import Client
from django.urls import resolve, reverse

from ispbilling.core import registries
from ispbilling.core.access import export_permission_for, may
from ispbilling.core.models import Event, Role, User
from ispbilling.core.views import ListPage
from tests import builders
from tests.architecture.permissions import OPEN, PAGES, PORTAL
from tests.architecture.site import Page, apart, pages, together
from tests.architecture.subjects import portal_subject, subject

SITE = pages()
STAFF_PAGES = [page for page in SITE if PAGES.get(page.name) not in (PORTAL, OPEN, None)]
LISTS = [page for page in STAFF_PAGES if page.view is not None and issubclass(page.view, ListPage)]
WITH_WIDGETS = [page for page in STAFF_PAGES if registries.widgets(page.name)]
STAFF = [role for role in Role if role in Role.staff()]


def address(page: Page) -> str:
    """The page's URL, with real objects for its arguments."""
    return reverse(page.name, kwargs={name: subject(page, name) for name in page.arguments})


def client(user: User | None = None) -> Client:
    made = Client(raise_request_exception=True)
    if user is not None:
        made.force_login(user)
    return made


@pytest.fixture
def everybody(db: None) -> dict[Role, tuple[User, Client]]:
    """A logged-in user of every role."""
    users = {role: builders.staff(role) for role in Role}
    return {role: (user, client(user)) for role, user in users.items()}


def test_every_page_is_in_the_table_and_the_table_has_no_others() -> None:
    assert {page.name for page in SITE} == set(PAGES)


@together(STAFF_PAGES)
def test_staff_pages_open_for_those_who_may_and_nobody_else(everybody: Any, places: list[Page]) -> None:
    for place in places:
        with apart():
            url, permission = address(place), PAGES[place.name]
            for role in STAFF:
                user, browser = everybody[role]
                status = browser.get(url).status_code
                assert (status not in (403, 404)) == may(user, permission), f"{role} got {status} from {url}"
            for role in (Role.CUSTOMER, Role.RESELLER):
                answer = everybody[role][1].get(url)
                door = answer.get("Location", "").startswith("/portal/")
                assert answer.status_code in (403, 404) or door, f"{role} {url}"
            anonymous = client().get(url)
            assert anonymous.status_code == 302, url
            assert anonymous["Location"].startswith("/account/login/"), url


@together(STAFF_PAGES)
def test_sending_needs_the_same_permission_as_looking(everybody: Any, places: list[Page]) -> None:
    for place in places:
        with apart():
            url, permission = address(place), PAGES[place.name]
            for role, (user, browser) in everybody.items():
                if not may(user, permission):
                    status = browser.post(url).status_code
                    assert status in (403, 404) or role not in STAFF, f"{role} sent to {url}"
                    assert status in (302, 403, 404), url
            before = Event.objects.count()
            assert client().post(url)["Location"].startswith("/account/login/"), url
            assert Event.objects.count() == before, url


@together(LISTS)
def test_an_export_needs_its_own_permission(everybody: Any, places: list[Page]) -> None:
    for place in places:
        with apart():
            url, looking = address(place), PAGES[place.name]
            permission = place.view.export_permission or export_permission_for(looking)
            for role in STAFF:
                user, browser = everybody[role]
                allowed = may(user, permission) and may(user, looking)
                status = browser.get(f"{url}?export=csv").status_code
                assert status == (200 if allowed else 403), f"{role} {url}"


@pytest.mark.parametrize("place", WITH_WIDGETS, ids=lambda p: p.name)
def test_a_widget_asks_for_its_permission_and_not_only_the_page(everybody: Any, place: Page) -> None:
    url = address(place)
    for widget in registries.widgets(place.name):
        for role in STAFF:
            user, browser = everybody[role]
            status = browser.get(f"{url}?widget={widget.name}").status_code
            assert status == 404 or may(user, widget.permission), f"{role} {url} {widget.name}"


@pytest.mark.parametrize("place", [p for p in SITE if PAGES.get(p.name) == PORTAL], ids=lambda p: p.name)
def test_a_portal_page_is_the_customers_alone(db, place: Page) -> None:
    mine = builders.customer()
    owner, stranger = builders.portal_user(mine), builders.portal_user(builders.customer())
    url = reverse(place.name, args=[portal_subject(place, mine)] if place.arguments else [])
    assert client(owner).get(url).status_code == 200, url
    assert client(stranger).get(url).status_code == (404 if place.arguments else 200), url
    assert client(builders.staff(Role.OWNER)).get(url).status_code in (302, 403, 404), url
    assert "login" in client().get(url).get("Location", ""), url


def test_every_page_is_reached_under_its_own_address() -> None:
    """Of two patterns that fit one address, Django takes the first and the other page is never seen."""
    for page in SITE:
        assert resolve(reverse(page.name, kwargs=dict.fromkeys(page.arguments, 1))).view_name == page.name
