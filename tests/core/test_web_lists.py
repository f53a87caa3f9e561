"""The list page: what it shows, hides, remembers and hands out (NAV-4..8, LST-6, LST-9, LST-10)."""

import io
import re
from decimal import Decimal

import pytest
from django.test import Client
from openpyxl import load_workbook

from ispbilling.core import exports
from ispbilling.core.models import ColumnChoice, Event, Role, User
from tests import builders

HTMX = {"HX-Request": "true", "HX-Target": "list-results"}


def text(answer) -> str:  # noqa: ANN001 - streaming or not
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return body.decode()


@pytest.fixture
def crowd(owner: User) -> list[User]:
    """Forty people in support; the fourth is disabled. None of them logs in, so none has a password."""
    return User.objects.bulk_create(
        User(username=f"p{n}", first_name=f"Person {n:02}", role=Role.SUPPORT, is_active=n != 4)
        for n in range(1, 41)
    )


@pytest.mark.feature("NAV-5", "NAV-6")
def test_it_pages_on_the_server(as_owner: Client, crowd: list[User]) -> None:
    page = text(as_owner.get("/staff/?rows=10&page=2"))
    assert re.search(r"Showing .*11.* to .*20.* of .*40", page)
    assert "Person 11" in page
    assert "Person 12" in page
    assert "Person 30" not in page
    assert "Person 40" in text(as_owner.get("/staff/?rows=10&page=99"))
    assert text(as_owner.get("/staff/?rows=7&page=x")).count("data-href") == 25


@pytest.mark.feature("NAV-4")
def test_htmx_gets_the_results_only_and_a_clean_url(as_owner: Client, crowd: list[User]) -> None:
    answer = as_owner.get("/staff/?q=Person+07&state=active&page=1&role=", headers=HTMX)
    page = text(answer)
    assert "<html" not in page
    assert page.count("data-href") == 1
    assert answer["HX-Push-Url"] == "/staff/?q=Person+07"


@pytest.mark.feature("LST-6")
def test_it_counts_what_the_state_hides(as_owner: Client, crowd: list[User]) -> None:
    assert "data-href" not in text(as_owner.get("/staff/?q=Person+04"))
    assert re.search(r">1</span> disabled not shown", text(as_owner.get("/staff/")))
    gone = text(as_owner.get("/staff/?state=disabled"))
    assert "Person 04" in gone
    assert "row-off" in gone


def test_a_filter_shows_as_a_chip_that_takes_it_away(as_owner: Client, crowd: list[User]) -> None:
    page = text(as_owner.get("/staff/?role=support&role=owner&q=Person"))
    assert 'href="/staff/?q=Person&amp;role=owner"' in page
    assert 'href="/staff/?role=support&amp;role=owner"' in page
    assert "Nothing matches" in text(as_owner.get("/staff/?role=accounts"))


def test_every_word_of_the_search_must_be_found(as_owner: Client, crowd: list[User]) -> None:
    assert text(as_owner.get("/staff/?q=person+21")).count("data-href") == 1
    assert "Nothing matches" in text(as_owner.get("/staff/?q=person+zulu"))


def test_it_sorts_in_a_total_order(as_owner: Client, crowd: list[User]) -> None:
    seen = []
    for page in (1, 2, 3, 4):
        seen += re.findall(
            r'data-href="(\S+)"', text(as_owner.get(f"/staff/?sort=-role&rows=10&page={page}"))
        )
    assert len(set(seen)) == 40


@pytest.mark.feature("LST-9")
def test_it_remembers_the_columns_of_each_user(as_owner: Client, owner: User) -> None:
    as_owner.post("/staff/?q=x", {"column": ["username", "role", "nonsense"]})
    assert ColumnChoice.objects.get(user=owner).columns == ["username", "role"]
    page = text(as_owner.get("/staff/"))
    assert 'data-label="Username"' in page
    assert 'data-label="E-mail"' not in page
    as_owner.post("/staff/", {"default": "1"})
    assert 'data-label="E-mail"' in text(as_owner.get("/staff/"))


def test_names_are_escaped_everywhere(as_owner: Client) -> None:
    nasty = "<script>alert(1)</script>"
    sam = builders.staff(Role.SUPPORT, first_name=nasty, email='"><img src=x>@isp.test')
    for url in ("/staff/", f"/staff/?q={nasty}", f"/staff/{sam.pk}/disable/", f"/search/?q={nasty}"):
        page = text(as_owner.get(url))
        assert "<script>alert" not in page
        assert "<img src=x>" not in page


@pytest.mark.feature("LST-10")
def test_csv_has_all_matching_rows_and_the_visible_columns(as_owner: Client, crowd: list[User]) -> None:
    answer = as_owner.get("/staff/?q=Person&rows=10&export=csv")
    lines = text(answer).lstrip("\ufeff").splitlines()
    assert lines[0] == "Name,Username,E-mail,Role,State,Last log-in"
    assert len(lines) == 40
    assert lines[1].startswith("Person 01,")
    assert "attachment" in answer["Content-Disposition"]
    assert Event.objects.get(kind="list.exported").data["format"] == "csv"


def test_the_clipboard_gets_tabs(as_owner: Client) -> None:
    assert text(as_owner.get("/staff/?export=copy")).splitlines()[1].split("\t")[:2] == [
        "Olive Owner",
        "olive",
    ]


def test_excel_opens_with_text_as_text(as_owner: Client) -> None:
    builders.staff(Role.SUPPORT, first_name="=cmd|' /C calc'!A0", last_name="")
    book = load_workbook(io.BytesIO(b"".join(as_owner.get("/staff/?q=cmd&export=xlsx").streaming_content)))
    cell = book.active["A2"]
    assert (cell.value, cell.data_type, cell.quotePrefix) == ("=cmd|' /C calc'!A0", "s", True)
    assert book.active["B2"].quotePrefix is False


def test_an_unknown_export_is_not_found(as_owner: Client) -> None:
    assert as_owner.get("/staff/?export=pdf").status_code == 404


def test_export_is_a_permission_of_its_own(as_manager: Client, web_pages: None) -> None:
    assert as_manager.get("/markable/").status_code == 200
    assert "data-export" not in text(as_manager.get("/markable/"))
    assert as_manager.get("/markable/?export=csv").status_code == 403


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"), ("@x", "'@x"), ("-2+3", "'-2+3"), ("\tx", "'\tx"), ("\rx", "'\rx"), ("+a", "'+a"),
        ("  =1+1", "'  =1+1"), ("\u00a0=1", "'\u00a0=1"), ("\ufeff=1", "'\ufeff=1"), ("\uff1d1+1", "'\uff1d1+1"),
        ("\uff0b1+1", "'\uff0b1+1"), ("\uff20x", "'\uff20x"), ("\u200b=1", "'\u200b=1"), ("\n=1", "'\n=1"),
        ("-2-cmd|' /C calc'!A0", "'-2-cmd|' /C calc'!A0"), ("+27-82-123", "'+27-82-123"),
        ("+27821234567", "+27821234567"), ("+27 82 123 4567", "+27 82 123 4567"), ("(021) 555", "(021) 555"),
        ("-5.00", "-5.00"), ("-5,25", "-5,25"), ("+27 (82) 123", "+27 (82) 123"), ("a=b", "a=b"),
        (Decimal("-5.00"), "-5.00"), (True, "Yes"), (False, ""), (None, ""), ("plain", "plain"),
    ],
)  # fmt: skip
@pytest.mark.feature("LST-10")
def test_a_cell_cannot_become_a_formula(value: object, written: str) -> None:
    assert exports.as_text(value) == written


def test_an_empty_list_offers_the_first_one(as_owner: Client) -> None:
    User.objects.filter(username="olive").update(is_active=True)
    page = text(as_owner.get("/staff/?state=disabled"))
    assert "There is no entry in this state" in page


def test_the_number_of_queries_does_not_grow_with_the_rows(
    as_owner: Client,
    crowd: list[User],
    django_assert_max_num_queries,  # noqa: ANN001
) -> None:
    as_owner.get("/staff/")  # the first page of a session also records the session
    for rows in (10, 50):
        with django_assert_max_num_queries(7):
            as_owner.get(f"/staff/?rows={rows}")


def test_bulk_acts_on_each_row_by_itself(as_owner: Client, owner: User, web_pages: None) -> None:
    sam = builders.staff(Role.SUPPORT)
    assert f'name="pk" value="{sam.pk}"' in text(as_owner.get("/markable/"))
    assert "2 selected" in text(as_owner.get(f"/mark/?pk={sam.pk}&pk={owner.pk}"))
    page = as_owner.post(f"/mark/?pk={sam.pk}&pk={owner.pk}", follow=True)
    assert "Mark: 1 done." in text(page)
    assert "not yourself" in text(page)
    assert set(User.objects.values_list("last_name", flat=True)) == {"Marked", "Owner"}
    assert as_owner.get("/mark/").status_code == 404


def test_bulk_is_offered_only_to_those_who_may(as_manager: Client, web_pages: None) -> None:
    assert 'name="pk"' not in text(as_manager.get("/markable/"))
