"""Everybody arranges a detail page for themselves, and no part is ever lost (PRO-15)."""

from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from ispbilling.core import layouts, registries
from ispbilling.core.layouts import Layout, Part
from ispbilling.core.models import PageLayout, Role, User
from ispbilling.core.registries import Widget
from tests import builders

NAMES = st.text("abcdefgh", min_size=1, max_size=2)
PARTS = st.lists(
    st.builds(Part, NAMES, st.integers(1, 3), st.integers(0, 100)), unique_by=lambda part: part.name
)
COLUMNS = st.lists(st.tuples(st.sampled_from("123"), NAMES).map(":".join), max_size=12)


def names(layout: Layout) -> list[str]:
    return [name for column in layout.columns for name in column]


@pytest.mark.feature("PRO-15")
@given(parts=PARTS, placed=COLUMNS, hidden=st.lists(NAMES))
def test_every_part_stands_somewhere_once_whatever_was_remembered(
    parts: list[Part], placed: list[str], hidden: list[str]
) -> None:
    remembered = layouts.told(placed, hidden, [text[2:] for text in placed])
    found = layouts.arrange(parts, remembered)
    assert sorted(names(found)) == sorted(part.name for part in parts)
    assert found.hidden <= {part.name for part in parts}
    known = {part.name for part in parts}
    for column, asked in zip(found.columns, remembered.columns, strict=True):
        kept = [name for name in asked if name in known]
        assert [name for name in column if name in kept] == kept


@pytest.mark.feature("PRO-15")
@given(parts=PARTS, moves=st.lists(st.tuples(NAMES, st.sampled_from([*layouts.MOVES, "nonsense"]))))
def test_no_move_loses_or_doubles_a_part(parts: list[Part], moves: list[tuple[str, str]]) -> None:
    layout = layouts.arrange(parts, None)
    for name, move in moves:
        layout = layouts.moved(layout, name, move)
    assert sorted(names(layout)) == sorted(part.name for part in parts)


@pytest.mark.feature("PRO-15")
@given(old=COLUMNS, new=COLUMNS, hidden=st.lists(NAMES))
def test_what_this_page_did_not_show_is_remembered(old: list[str], new: list[str], hidden: list[str]) -> None:
    known_before, known_now = ({text[2:] for text in texts} for texts in (old, new))
    before = layouts.told(old, hidden, known_before)
    after = layouts.merged(before, layouts.told(new, [], known_now))
    assert sorted(names(after)) == sorted(known_before | known_now)
    assert after.hidden == before.hidden - known_now


@pytest.mark.feature("PRO-15")
def test_a_new_part_stands_at_its_default_place_among_those_that_were_moved() -> None:
    usual = [Part("account", 1, 10), Part("contacts", 1, 20), Part("usage", 2, 10)]
    layout = layouts.moved(layouts.arrange(usual, None), "usage", "left")
    assert layout.columns == (("usage", "account", "contacts"), (), ())
    later = layouts.arrange([*usual, Part("notes", 1, 15), Part("calls", 3, 5)], layout)
    assert later.columns == (("usage", "account", "notes", "contacts"), (), ("calls",))


def order(client: Client, url: str) -> list[str]:
    page = client.get(url).content.decode()
    return [part.split('"')[0] for part in page.split('hx-get="?widget=')[1:]]


@pytest.fixture
def pages(web_pages: None) -> Any:
    """The page of a person with two more widgets."""

    def widget(name_: str, weight_: int) -> type[Widget]:
        class Some(Widget):
            name, title, template_name = name_, name_.title(), "customers/_attributes.html"
            permission = "staff.use"
            column, weight = 1, weight_

        return Some

    made = [registries.add_widget("person", widget(f"more{n}", 200 + n)) for n in (1, 2)]
    yield
    for one in made:
        registries._widgets["person"].remove(one)


@pytest.mark.feature("PRO-15")
def test_the_page_remembers_moves_and_hiding_per_person(as_owner: Client, owner: User, pages: None) -> None:
    url = f"/person/{owner.pk}/"
    customize = as_owner.get(url, {"customize": "1"}).content.decode()
    places = [text.split('"')[0] for text in customize.split('name="place" value="')[1:]]
    assert {text[2:] for text in places} >= {"more1", "more2", "usage"}
    sent = {"place": places, "move": "more2:up"}
    assert as_owner.post(url, sent).url == f"{url}?customize=1"
    found = order(as_owner, url)
    assert found.index("more2") < found.index("more1")
    again = as_owner.get(url, {"customize": "1"}).content.decode()
    places = [text.split('"')[0] for text in again.split('name="place" value="')[1:]]
    as_owner.post(url, {"place": places, "switch": "more1"})
    assert "more1" not in order(as_owner, url)
    assert "1 part hidden by you" in as_owner.get(url).content.decode()
    other = Client()
    other.force_login(builders.staff(Role.OWNER))
    assert "more1" in order(other, url)
    as_owner.post(url, {"reset": "1"})
    assert not PageLayout.objects.exists()
    assert order(as_owner, url).index("more1") < order(as_owner, url).index("more2")


def test_nonsense_is_remembered_by_nobody(as_owner: Client, owner: User, pages: None) -> None:
    url = f"/person/{owner.pk}/"
    sent = {
        "place": ["9:usage", "x", "1:<b>", "1:usage", "2:usage"],
        "move": "usage:sideways",
        "switch": "<b>",
    }
    as_owner.post(url, {**sent, "hidden": ["nothing"]})
    row = PageLayout.objects.get()
    assert (row.columns, row.hidden) == ([["usage"], [], []], [])
    assert {"more1", "more2", "usage"} <= set(order(as_owner, url))
