"""Every list of the product keeps the promises of its toolbar (NAV-4..6, LST-9, LST-10)."""

import csv
import io
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from ispbilling.core.models import Event, Role
from ispbilling.core.views import ListPage
from tests import builders
from tests.architecture.site import Page, apart, pages, together
from tests.architecture.subjects import subject

PARTIAL = {"HX-Request": "true", "HX-Target": "list-results"}
LISTS = [page for page in pages() if page.view is not None and issubclass(page.view, ListPage)]
EACH = together(LISTS)
#: What somebody would send in place of what the toolbar sends.
HOSTILE = (
    {"page": "abc"}, {"page": "-1"}, {"page": "0"}, {"page": "9" * 400}, {"page": "last"}, {"page": "²"},
    {"rows": "9999999"}, {"rows": "-1"}, {"rows": "²"}, {"rows": ""},
    {"sort": "__class__"}, {"sort": "-pk__isnull"}, {"sort": "--"}, {"sort": ""}, {"sort": ["code", "-code", "x"]},
    {"state": "nonsense"}, {"state": "\0"},
    {"q": "a\0b"}, {"q": "x" * 10_000}, {"q": " ".join("ab" for _ in range(3000))}, {"q": "%_\\'\""},
)  # fmt: skip


@pytest.fixture
def world(db: None) -> None:
    """Something in every list that needs no more than a builder."""
    for n in range(3):
        customer = builders.customer(name=f"Customer {n}")
        account = builders.data_account(customer=customer)
        builders.session(data_account=account, stopped_at=None if n % 2 else account.created_at)
    builders.auth_attempt()
    builders.invoice(customer)
    builders.message(customer=customer)
    builders.recurring_line(customer=customer)
    builders.nas()
    for name in ("BillingGroup", "Category", "Label"):
        for n in range(3):
            _row("groups", name, title=f"{name} {n}")


def _row(app: str, model: str, **values: Any) -> None:
    from django.apps import apps

    apps.get_model(app, model).objects.create(**values)


@pytest.fixture
def owner(client: Client) -> Client:
    client.force_login(builders.staff(Role.OWNER))
    return client


def address(place: Page) -> str:
    return reverse(place.name, kwargs={name: subject(place, name) for name in place.arguments})


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


@EACH
@pytest.mark.feature("NAV-4", "NAV-5", "NAV-6")
def test_it_answers_every_state_order_and_number_of_rows(
    world: None, owner: Client, places: list[Page]
) -> None:
    for place in places:
        with apart():
            url = address(place)
            page = owner.get(url)
            view, table = page.context["page"], page.context["table"]
            wanted = [{"state": state.name, "page": "99999"} for state in view.states[:6]]
            wanted += [{"rows": str(count)} for count in view.row_choices]
            for column in [c.name for c in table.columns if c.orderable]:
                wanted += [{"sort": column}, {"sort": f"-{column}"}]
            for one in wanted:
                answer = owner.get(url, one, headers=PARTIAL)
                assert answer.status_code == 200, one
                assert answer.context["table"].paginator.num_pages < 99999
            if table.paginator.count:
                assert re.search(
                    r"Showing .* to .* of .* entries", re.sub(r"<[^>]+>", "", page.content.decode())
                )
            toolbar = page.content.decode()
            for control in (
                "data-refresh",
                "list-rows",
                "Show/Hide Columns",
                "Copy Columns to Clipboard",
                "Export Columns CSV",
                "Export Columns Excel",
            ):
                assert control in toolbar, control


@EACH
@pytest.mark.feature("LST-9")
def test_it_shows_every_column_when_asked_and_remembers(
    world: None, owner: Client, places: list[Page]
) -> None:
    for place in places:
        with apart():
            url = address(place)
            first = owner.get(url)
            every, usual = [name for name, _ in first.context["columns"]], first.context["shown_columns"]
            owner.post(url, {"column": every})
            page = owner.get(url)
            assert page.context["shown_columns"] == every
            hidden = [c.name for c in page.context["table"].columns if c.orderable and c.name not in usual]
            for column in hidden:
                assert owner.get(url, {"sort": column}).status_code == 200, column
            owner.post(url, {"column": every[:1]})
            shown = [column.name for column in owner.get(url).context["table"].columns]
            assert [name for name in shown if name not in ("tick", "actions")] == every[:1]


@EACH
@pytest.mark.feature("NAV-4", "LST-10")
def test_it_exports_what_it_shows(world: None, owner: Client, places: list[Page]) -> None:
    for place in places:
        with apart():
            url = address(place)
            table = owner.get(url, {"rows": "250"}).context["table"]
            headings = [str(c.header) for c in table.columns if not c.column.exclude_from_export]
            later = place.name == "core:event_list"  # each export is itself an event
            count = table.paginator.count
            if place.view.confidential:
                notice = owner.get(url, {"export": "csv"})
                assert place.view.confidential in notice.content.decode()
                assert not Event.objects.filter(kind="list.exported").exists()
                owner.post(f"{url}?export=csv", {"purpose": "a test", "understood": "on"})
            lines = list(csv.reader(io.StringIO(body(owner.get(url, {"export": "csv"})).decode("utf-8-sig"))))
            assert (lines[0], len(lines)) == (headings, count + 1 + later)
            assert {len(line) for line in lines} == {len(headings)}
            copied = body(owner.get(url, {"export": "copy"})).decode()
            assert copied.splitlines()[0].split("\t") == headings
            book = load_workbook(io.BytesIO(body(owner.get(url, {"export": "xlsx"}))))
            assert [cell.value for cell in book.active[1]] == headings
            assert book.active.max_row == count + 1 + 3 * later
            recorded = Event.objects.filter(kind="list.exported").order_by("pk")
            assert [event.data["format"] for event in recorded] == ["csv", "copy", "xlsx"]
            assert recorded[0].data["columns"] == headings
            assert [event.data.get("purpose") for event in recorded] == [
                "a test" if place.view.confidential else None
            ] * 3
            for text in (*copied.splitlines(), *map(",".join, lines)):
                assert "<span" not in text
                assert "<a " not in text


@EACH
@pytest.mark.feature("NAV-4")
def test_nothing_in_the_address_breaks_it(world: None, owner: Client, places: list[Page]) -> None:
    for place in places:
        with apart():
            url = address(place)
            for one in HOSTILE:
                answer = owner.get(f"{url}?{urlencode(one, doseq=True)}", headers=PARTIAL)
                nul = "\0" in "".join(
                    map(str, one.values())
                )  # refused by ispbilling.core.middleware, whatever the page
                assert answer.status_code == (400 if nul else 200), one


@pytest.mark.parametrize(
    "name", ["customers:customer_list", "groups:group_list", "radius:data_account_list", "radius:usage_list"]
)
def test_it_asks_as_many_queries_for_a_hundred_rows_as_for_fifteen(owner: Client, name: str) -> None:
    for _ in range(100):
        customer = builders.customer(group=builders.group())
        builders.data_account(customer=customer)
    owner.get(reverse(name))
    asked = []
    for rows in ("15", "100"):
        with CaptureQueriesContext(connection) as queries:
            owner.get(reverse(name), {"rows": rows})
        asked.append(len(queries))
    assert asked[0] == asked[1] <= 25
