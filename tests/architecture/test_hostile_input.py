"""Nothing that can be typed into an address makes a page fail: it answers, redirects or says that it cannot."""

import re
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from ispbilling.core.models import Role
from ispbilling.core.views import FormPage
from tests import builders
from tests.architecture.permissions import OPEN, PAGES, PORTAL
from tests.architecture.site import Page, apart, pages, together
from tests.architecture.subjects import portal_subject, subject

SITE = pages()
#: Every parameter that some page reads.
NAMES = [
    "q",
    "page",
    "rows",
    "sort",
    "state",
    "tab",
    "next",
    "came_from",
    "year",
    "from",
    "to",
    "on",
    "day",
    "group",
    "customer",
    "service",
    "package",
    "nas",
    "status",
    "kind",
    "role",
    "code",
    "billing_group",
    "label",
    "category",
    "reason",
    "since",
    "until",
    "column",
    "ids",
    "tick",
    "payer",
    "run",
    "generated",
    "name",
    "dialog",
    "min",
    "max",
    "since_after",
    "since_before",
    "total_min",
    "total_max",
]
#: These end the request when they make no sense.
ALONE = ("export", "widget", "account")
#: What somebody would try in each of them.
VALUES = (
    "%00",
    "%C2%B2",
    "9" * 4000,
    "%FF%FE",
    "-1",
    "0001-01-01",
    "9999-12-31",
    "%27%22%3E%3Cscript%3E%E2%80%AE",
)


class Attacker:
    """Somebody who is let in, by the door that the page belongs to."""

    def __init__(self) -> None:
        self._mine = builders.customer()
        builders.data_account(customer=self._mine)
        users = {PORTAL: builders.portal_user(self._mine), "staff": builders.staff(Role.OWNER), OPEN: None}
        self._doors = {door: Client(raise_request_exception=False) for door in users}
        for door, user in users.items():
            if user is not None:
                self._doors[door].force_login(user)
        self._keys = {door: client.cookies.output() for door, client in self._doors.items()}

    def client(self, place: Page) -> Client:
        """Logged in as at first, whatever was done to its session by the page before."""
        door = PAGES[place.name] if PAGES[place.name] in self._doors else "staff"
        client = self._doors[door]
        client.cookies = SimpleCookie(self._keys[door].replace("Set-Cookie: ", ""))
        return client

    def address(self, place: Page) -> str:
        if PAGES[place.name] == PORTAL:
            arguments = {name: portal_subject(place, self._mine) for name in place.arguments}
        else:
            arguments = {name: subject(place, name) for name in place.arguments}
        return reverse(place.name, kwargs=arguments)


@pytest.fixture
def attacker(db: Any) -> Attacker:
    return Attacker()


def queries(place: Page) -> list[str]:
    """All parameters at once, except those that would hide the others; forms read few, so they get few."""
    form = place.view is not None and issubclass(place.view, FormPage)
    found = ["&".join(f"{name}={value}" for name in NAMES) for value in VALUES[: 2 if form else None]]
    if PAGES[place.name] == PORTAL:
        found += [f"month={value}" for value in (*VALUES, "0001-01", "9999-12")]
    return found if form else found + [f"{name}={value}" for name in ALONE for value in VALUES[:3]]


@together(SITE)
def test_no_query_string_breaks_a_page(attacker: Attacker, places: list[Page]) -> None:
    for place in places:
        with apart():
            client, url = attacker.client(place), attacker.address(place)
            broken = [one[:80] for one in queries(place) if client.get(f"{url}?{one}").status_code >= 500]
            assert not broken, url


@together([p for p in SITE if set(p.arguments) == {"pk"}])
def test_a_number_too_large_for_the_database_is_not_found(attacker: Attacker, places: list[Page]) -> None:
    for place in places:
        url = reverse(place.name, kwargs=dict.fromkeys(place.arguments, 9**30))
        assert attacker.client(place).get(url).status_code == 404, url


#: What somebody sends in every field of a form at once, and in one field by its type when the rest is right.
SENT = ("", "\0", "9" * 30, "NaN", "0001-01-01", "<script>²💣\u202e" + "x" * 400)
BAD = {"date": ("9999-12-31", "0001-01-01"), "number": ("9" * 30, "-0.00001")}
INPUT = re.compile(r'<(?:input|select|textarea|button)\b[^>]*\sname="[^"]+"[^>]*>')


def inputs(page: str) -> dict[str, tuple[str, str]]:
    """Name to (type, value) of what a page's forms would send; a text that is empty gets a word."""
    found = {}
    for tag in INPUT.findall(page):
        its = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        kind = its.get("type", "text")
        found[its["name"]] = kind, its.get("value", "") or ("A word" if kind == "text" else "")
    for name, options in re.findall(r'<select[^>]*\sname="([^"]+)".*?>(.*?)</select>', page, re.DOTALL):
        found[name] = "select", next(iter(re.findall(r'value="([^"]+)"', options)), "")
    return found


@together([p for p in SITE if hasattr(p.view, "post")])
def test_nothing_sent_to_a_form_breaks_it(attacker: Attacker, places: list[Page]) -> None:
    for place in places:
        with apart():
            client, url = attacker.client(place), attacker.address(place)
            page = client.get(url)
            assert "/login/" not in page.get("Location", ""), url
            found = inputs(page.content.decode())
            right = {name: value for name, (_, value) in found.items() if value}
            tries = [dict.fromkeys(found, value) for value in SENT]
            tries += [{**right, name: bad} for name, (kind, _) in found.items() for bad in BAD.get(kind, ())]
            broken = [data for data in tries if client.post(url, data).status_code >= 500]
            assert not broken, url
