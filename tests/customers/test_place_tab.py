"""The Address Detail tab: Show on Map, the position as text, and what is kept of how it came to be known."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pytest_httpserver import HTTPServer

from customers.accounts import editing, positions
from customers.accounts.models import Customer
from customers.accounts.onboarding import NewCustomer, add_customer
from customers.models import Preferences
from customers.places.answers import Found
from ispbilling.core.clock import now
from ispbilling.core.models import Event, User
from tests import builders
from tests.customers.test_edit_dialog import as_shown, edit_url

HINT = "/customers/hints/position/"
ROAD = "100 Helderberg College Road\nSomerset West"


@pytest.fixture
def maps(db: None, httpserver: HTTPServer) -> Iterator[HTTPServer]:
    """A map service that knows one street."""
    cache.clear()
    Preferences.objects.update(geocoder_url=httpserver.url_for("/").rstrip("/"))
    place = {
        "lat": "-34.0675199",
        "lon": "18.82970999",
        "place_rank": 26,
        "display_name": "Helderberg College Road",
    }
    httpserver.expect_request(
        "/search",
        query_string={"q": "100 helderberg college road, somerset west", "format": "json", "limit": "1"},
    ).respond_with_json([place])
    httpserver.expect_request("/search").respond_with_json([])
    yield httpserver
    cache.clear()


@pytest.mark.feature("EDT-3", "EDT-5", "D-5")
def test_show_on_map_fills_the_position_and_says_how_near_it_is(as_manager: Client, maps: HTTPServer) -> None:
    body = as_manager.post(HINT, {"physical_address": ROAD, "gps": "1, 2"}).content.decode()
    assert 'value="(-34.067520, 18.829710)"' in body
    assert 'data-latitude="-34.067520"' in body
    assert "Only the street was found: drag the pin to the door. Helderberg College Road" in body
    assert "The position before was 1, 2." in body


@pytest.mark.feature("EDT-3", "D-5")
def test_show_on_map_says_what_to_do_and_leaves_the_position(as_manager: Client, maps: HTTPServer) -> None:
    body = as_manager.post(HINT, {"physical_address": "Nowhere", "gps": "(1.5, 2.5)"}).content.decode()
    assert "The address was not found" in body
    assert "Drag the pin to the spot or type the position" in body
    assert 'value="(1.5, 2.5)"' in body


@pytest.mark.feature("EDT-3", "D-5")
def test_it_works_without_javascript_and_keeps_what_was_typed(
    as_manager: Client, alice: Customer, maps: HTTPServer
) -> None:
    sent = as_shown(as_manager, alice) | {
        "physical_address": ROAD,
        "postal_address": "PO Box 1",
        "locate": "1",
    }
    page = as_manager.post(edit_url(alice), sent)
    body = page.content.decode()
    assert page.context["active_tab"] == "address"
    assert "(-34.067520, 18.829710)" in body
    assert "PO Box 1" in body
    assert Customer.objects.get().latitude is None
    added = as_manager.post("/customers/add/", {"physical_address": ROAD, "locate": "1"}).content.decode()
    assert "(-34.067520, 18.829710)" in added


@pytest.mark.feature("D-5")
def test_it_keeps_who_set_the_position_and_how(
    as_manager: Client, manager: User, alice: Customer, maps: HTTPServer
) -> None:
    def saved(**data: str) -> tuple[object, ...]:
        answer = as_manager.post(edit_url(alice), as_shown(as_manager, alice) | data)
        assert answer.status_code == 302, answer.context["error_lines"]
        row = Customer.objects.get()
        assert row.position_set_by == (manager if row.latitude is not None else None)
        return row.position_source, row.position_accuracy, row.position_label

    as_manager.post(HINT, {"physical_address": ROAD})
    by_address = ("geocoder", "street", "Helderberg College Road")
    assert saved(physical_address=ROAD, gps="(-34.067520, 18.829710)") == by_address
    assert saved(phone="021 555 0000") == by_address, "a position that stays keeps what is known of it"
    assert (
        f"found by its address (the street) by {manager}" in as_manager.get(edit_url(alice)).content.decode()
    )
    assert saved(gps="(-34.067521, 18.829711)", pin="pin") == ("pin", "", "")
    assert saved(gps="-34.5;18.5") == ("typed", "", "")
    event = Event.objects.filter(kind="customer.edited").first()
    assert event.data["changes"] == {
        "latitude": ["-34.067521", "-34.500000"],
        "longitude": ["18.829711", "18.500000"],
        "position_source": ["pin", "typed"],
    }
    assert saved(gps="") == ("", "", "")
    assert Customer.objects.get().physical_address.splitlines() == ROAD.splitlines(), "the raw text stays"


@pytest.mark.feature("EDT-5", "D-5")
@pytest.mark.parametrize("text", ["91, 0", "here", "1,5 2,5", "(1, 2, 3)", "1" * 80])
def test_it_refuses_what_is_no_position(as_manager: Client, alice: Customer, text: str) -> None:
    answer = as_manager.post(edit_url(alice), as_shown(as_manager, alice) | {"gps": text})
    assert "This is no position; one looks like (-34.06752, 18.82971)." in answer.content.decode()


@pytest.mark.feature("EDT-3", "D-5")
def test_a_position_in_the_address_box_becomes_the_position(as_manager: Client, alice: Customer) -> None:
    body = as_manager.post(HINT, {"physical_address": "-34.06752, 18.82971"}).content.decode()
    assert 'data-longitude="18.829710"' in body
    sent = as_shown(as_manager, alice) | {"physical_address": "(-34.06752, 18.829709999999977)"}
    as_manager.post(edit_url(alice), sent)
    row = Customer.objects.get()
    assert (row.latitude, row.longitude, row.position_source) == (
        Decimal("-34.067520"), Decimal("18.829710"), "typed",
    )  # fmt: skip
    assert row.physical_address == "(-34.06752, 18.829709999999977)"


@pytest.mark.feature("EDT-6", "PRO-14")
def test_an_address_is_added_from_the_profile(as_manager: Client, alice: Customer) -> None:
    widget = as_manager.get(alice.get_absolute_url(), {"widget": "account"}).content.decode()
    assert reverse("customers:customer_edit", args=[alice.pk]) in widget
    sent = as_shown(as_manager, alice) | {"physical_address": "1 Road\nTown", "postal_address": "PO Box 9"}
    assert as_manager.post(edit_url(alice), sent).status_code == 302
    widget = as_manager.get(alice.get_absolute_url(), {"widget": "account"}).content.decode()
    assert "1 Road" in widget
    assert "PO Box 9" in widget


@pytest.mark.feature("EDT-4", "EDT-7")
def test_the_map_needs_no_key_and_has_a_switch_where_there_is_a_satellite(
    as_manager: Client, alice: Customer, settings: Any
) -> None:
    settings.MAP_TILES = ""
    assert 'data-tiles=""' in as_manager.get(edit_url(alice)).content.decode()
    settings.MAP_SATELLITE_TILES = "https://sat.example.net/{z}/{x}/{y}"
    assert 'data-satellite="https://sat.example.net' in as_manager.get(edit_url(alice)).content.decode()


def test_the_acts_say_typed_where_nobody_says_more(db: None, manager: User) -> None:
    moment: datetime = now()
    new = NewCustomer(group=builders.group(), name="Frik", latitude=Decimal(1), longitude=Decimal(2))
    made = add_customer(new, moment, actor=manager)
    assert (made.position_source, made.position_set_by, made.position_set_at) == ("typed", manager, moment)
    moved = editing.edit(made, {"latitude": Decimal(3)}, now(), actor=None)
    assert (moved.position_source, moved.position_set_by) == ("typed", None)


def test_the_origin_is_the_geocoder_only_for_its_own_spot() -> None:
    here, found = (Decimal(1), Decimal(2)), Found(Decimal(1), Decimal(2), "building", "House")
    there = Found(Decimal(1), Decimal(3), "building", "House")
    assert positions.origin(here, found, dragged=True)["position_source"] == "geocoder"
    assert positions.origin(here, there, dragged=True)["position_source"] == "pin"
    assert positions.origin(here, None, dragged=False)["position_source"] == "typed"
    assert set(positions.origin(None, found, dragged=True).values()) == {""}
