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
from tests.architecture.site import Page, pages
from tests.architecture.subjects import portal_subject, subject

SITE = pages()
STAFF_PAGES = [page for page in SITE if PAGES.get(page.name) not in (PORTAL, OPEN, None)]
LISTS = [page for page in STAFF_PAGES if page.view is not None and issubclass(page.view, ListPage)]
WITH_WIDGETS = [page for page in STAFF_PAGES if registries.widgets(page.name)]
STAFF = [role for role in Role if role in Role.staff()]


def address(page: Page) -> str:
    """The page's URL, with real objects for its arguments."""
    return reverse(page.name, kwargs={name: subject(page, name) for name in page.arguments})


def get(user: User | None, url: str, method: str = "get") -> Any:
    client = Client(raise_request_exception=True)
    if user is not None:
        client.force_login(user)
    return getattr(client, method)(url)


def test_every_page_is_in_the_table_and_the_table_has_no_others() -> None:
    assert {page.name for page in SITE} == set(PAGES)


@pytest.mark.parametrize("place", STAFF_PAGES, ids=lambda p: p.name)
def test_a_staff_page_opens_for_those_who_may_and_nobody_else(db, place: Page) -> None:
    url, permission = address(place), PAGES[place.name]
    for role in STAFF:
        user = builders.staff(role)
        status = get(user, url).status_code
        allowed = status not in (403, 404)
        assert allowed == may(user, permission), f"{role} got {status} from {url}"
    for role in (Role.CUSTOMER, Role.RESELLER):
        response = get(builders.staff(role), url)
        assert response.status_code in (403, 404) or response.get("Location", "").startswith("/portal/"), url
    anonymous = get(None, url)
    assert anonymous.status_code == 302
    assert anonymous["Location"].startswith("/account/login/")


@pytest.mark.parametrize("place", STAFF_PAGES, ids=lambda p: p.name)
def test_sending_needs_the_same_permission_as_looking(db, place: Page) -> None:
    url, permission = address(place), PAGES[place.name]
    for role in Role:
        user = builders.staff(role)
        if not may(user, permission):
            response = get(user, url, "post")
            assert response.status_code in (403, 404) or role not in STAFF, f"{role} sent to {url}"
            assert response.status_code in (302, 403, 404), url
    before = Event.objects.count()
    assert get(None, url, "post")["Location"].startswith("/account/login/")
    assert Event.objects.count() == before


@pytest.mark.parametrize("place", LISTS, ids=lambda p: p.name)
def test_an_export_needs_its_own_permission(db, place: Page) -> None:
    url, permission = address(place), place.view.export_permission or export_permission_for(PAGES[place.name])
    for role in STAFF:
        user = builders.staff(role)
        both = may(user, permission) and may(user, PAGES[place.name])
        assert get(user, f"{url}?export=csv").status_code == (200 if both else 403), f"{role} {url}"


@pytest.mark.parametrize("place", WITH_WIDGETS, ids=lambda p: p.name)
def test_a_widget_asks_for_its_permission_and_not_only_the_page(db, place: Page) -> None:
    url = address(place)
    for widget in registries.widgets(place.name):
        for role in STAFF:
            user = builders.staff(role)
            status = get(user, f"{url}?widget={widget.name}").status_code
            assert status == 404 or may(user, widget.permission), f"{role} {url} {widget.name}"


@pytest.mark.parametrize("place", [p for p in SITE if PAGES.get(p.name) == PORTAL], ids=lambda p: p.name)
def test_a_portal_page_is_the_customers_alone(db, place: Page) -> None:
    mine = builders.customer()
    owner, stranger = builders.portal_user(mine), builders.portal_user(builders.customer())
    url = reverse(place.name, args=[portal_subject(place, mine)] if place.arguments else [])
    assert get(owner, url).status_code == 200, url
    assert get(stranger, url).status_code == (404 if place.arguments else 200), url
    assert get(builders.staff(Role.OWNER), url).status_code in (302, 403, 404), url
    assert "login" in get(None, url).get("Location", ""), url


@pytest.mark.django_db
@pytest.mark.parametrize("page", SITE, ids=lambda page: page.name)
def test_every_page_is_reached_under_its_own_address(page: Page) -> None:
    """Of two patterns that fit one address, Django takes the first and the other page is never seen."""
    assert resolve(reverse(page.name, kwargs=dict.fromkeys(page.arguments, 1))).view_name == page.name
