"""The map in a real browser, without any pictures from elsewhere: drag, click, arrow keys, typing, and saving."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer
from pytest_httpserver import HTTPServer

from customers.accounts import positions
from customers.models import Customer, Preferences
from tests import builders
from tests.browser import looking


@pytest.fixture
def tab(page: Page, live_server: LiveServer) -> Iterator[Page]:
    """The Address Detail tab in the dialog over the profile."""
    customer = builders.customer(
        code="ALI001", name="Alice Liddell", latitude="-34.067520", longitude="18.829710"
    )
    heard = looking.complaints(page.context)
    looking.log_in(page, live_server.url, builders.staff(), then=customer.get_absolute_url())
    page.locator("a[data-modal]", has_text="Edit").first.click()
    page.get_by_role("tab", name="Address Detail").click()
    expect(page.locator(".map .leaflet-marker-icon")).to_be_visible()
    yield page
    assert heard == []


def shown(page: Page) -> tuple[float, float]:
    latitude, longitude = positions.parse(page.get_by_label("GPS position", exact=True).input_value()) or (
        0,
        0,
    )
    return float(latitude), float(longitude)


def drag(page: Page, right: int, down: int) -> None:
    pin = page.locator(".map .leaflet-marker-icon")
    pin.hover()  # waits until nothing moves any more
    box = pin.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right / 2, y + down / 2, steps=5)
    page.mouse.move(x + right, y + down, steps=5)
    page.mouse.up()


@pytest.mark.feature("EDT-4", "EDT-5", "D-5")
def test_the_pin_is_dragged_and_saved(tab: Page) -> None:
    before = shown(tab)
    drag(tab, 60, -40)
    after = shown(tab)
    assert after[0] > before[0], "north is up"
    assert after[1] > before[1], "east is right"
    tab.get_by_role("button", name="Save Changes").click()
    tab.get_by_role("dialog").wait_for(state="hidden")
    row = Customer.objects.get()
    assert (float(row.latitude), float(row.longitude), row.position_source) == (*after, "pin")


@pytest.mark.feature("EDT-4", "D-5")
def test_the_keyboard_moves_the_pin_too(tab: Page) -> None:
    before = shown(tab)
    tab.locator(".map .leaflet-marker-icon").focus()
    tab.keyboard.press("ArrowUp")
    tab.keyboard.press("ArrowRight")
    after = shown(tab)
    assert after[0] > before[0]
    assert after[1] > before[1]
    tab.get_by_label("GPS position", exact=True).fill("-33.9, 18.4")
    drag(tab, 10, 0)
    assert abs(shown(tab)[0] + 33.9) < 0.01, "the pin had followed the text"


@pytest.mark.feature("EDT-3", "EDT-5")
def test_show_on_map_drops_the_pin_where_the_address_is(tab: Page, httpserver: HTTPServer) -> None:
    Preferences.objects.update(geocoder_url=httpserver.url_for("/").rstrip("/"))
    place = {
        "lat": "-33.92487",
        "lon": "18.42406",
        "place_rank": 30,
        "display_name": "1 Long Street, Cape Town",
    }
    httpserver.expect_request("/search").respond_with_json([place])
    tab.get_by_label("Physical address or GPS position").fill("1 Long Street\nCape Town")
    tab.get_by_role("button", name="Show on Map").click()
    expect(tab.get_by_label("GPS position", exact=True)).to_have_value("(-33.924870, 18.424060)")
    expect(tab.get_by_text("Found. 1 Long Street, Cape Town")).to_be_visible()
    expect(tab.locator(".map .leaflet-marker-icon")).to_be_visible()
    tab.get_by_role("button", name="Save Changes").click()
    tab.get_by_role("dialog").wait_for(state="hidden")
    row = Customer.objects.get()
    assert (str(row.latitude), row.position_source, row.position_accuracy) == (
        "-33.924870",
        "geocoder",
        "building",
    )


@pytest.mark.feature("D-5")
def test_pictures_that_do_not_come_leave_the_map_usable(
    page: Page, live_server: LiveServer, settings: Any
) -> None:
    settings.MAP_TILES = live_server.url + "/static/no-such/{z}/{x}/{y}.png"
    settings.MAP_SATELLITE_TILES = live_server.url + "/static/no-such-satellite/{z}/{x}/{y}.png"
    builders.group()
    looking.log_in(page, live_server.url, builders.staff(), then="/customers/add/")
    page.get_by_role("tab", name="Address Detail").click()
    expect(page.get_by_label("Map", exact=True)).to_be_checked()
    page.get_by_label("Satellite").check()
    page.locator(".map").click(position={"x": 200, "y": 150})
    expect(page.get_by_label("GPS position", exact=True)).to_have_value(
        re.compile(r"\(-\d+\.\d{6}, \d+\.\d{6}\)")
    )
