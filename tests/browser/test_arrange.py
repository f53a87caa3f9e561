"""Arranging the profile: by dragging, by keyboard, on a phone; remembered for the next customer (PRO-15)."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests import builders
from tests.browser import looking


@pytest.fixture
def profile(page: Page, live_server: LiveServer) -> Iterator[Page]:
    alice = builders.customer(code="ALI001", name="Alice Liddell")
    heard = looking.complaints(page.context)
    looking.log_in(page, live_server.url, builders.staff(), alice.get_absolute_url())
    yield page
    assert heard == []


def order(page: Page, selector: str) -> list[str]:
    found: list[str] = page.locator(selector).evaluate_all(
        "all => all.map(one => one.dataset.part || one.id)"
    )
    return [name.removeprefix("widget-") for name in found]


@pytest.mark.feature("PRO-15")
def test_parts_are_moved_by_keyboard_and_the_focus_stays(profile: Page, live_server: LiveServer) -> None:
    profile.get_by_role("link", name="Customize this page").click()
    first, second = order(profile, "[data-column='1'] [data-part]")[:2]
    up = profile.locator(f"#up-{second}")
    up.focus()
    profile.keyboard.press("Enter")
    expect(profile.locator("[data-column='1'] [data-part]").first).to_have_attribute("data-part", second)
    expect(up).to_be_disabled()
    right = profile.get_by_role("button", name="Move Timeline left")
    right.focus()
    profile.keyboard.press("Enter")
    expect(profile.locator("[data-column='2'] [data-part=timeline]")).to_have_count(1)
    expect(right).to_be_focused()
    profile.get_by_role("button", name="Hide Rejects").click()
    expect(profile.get_by_role("button", name="Show Rejects")).to_be_visible()
    profile.get_by_role("link", name="Done").click()
    other = builders.customer()
    profile.goto(live_server.url + other.get_absolute_url())
    found = order(profile, ".widget")
    assert found.index(second) < found.index(first)
    assert "problems" not in found
    expect(profile.get_by_text("1 part hidden by you")).to_be_visible()


@pytest.mark.feature("PRO-15")
def test_a_part_is_dragged_and_reset_brings_the_default_back(profile: Page) -> None:
    profile.get_by_role("link", name="Customize this page").click()
    first = order(profile, "[data-column='1'] [data-part]")
    with profile.expect_response(lambda answer: answer.request.method == "POST"):
        profile.locator("[data-part=data_usage]").drag_to(
            profile.locator("[data-part=account]"), target_position={"x": 30, "y": 2}
        )
    expect(profile.locator("[data-column='1'] [data-part]").first).to_have_attribute(
        "data-part", "data_usage"
    )
    profile.reload()
    expect(profile.locator("[data-column='1'] [data-part]").first).to_have_attribute(
        "data-part", "data_usage"
    )
    profile.get_by_role("button", name="Reset").click()
    expect(profile.locator("[data-column='1'] [data-part]").first).to_have_attribute("data-part", first[0])


@pytest.mark.feature("PRO-15")
def test_a_phone_shows_the_parts_in_one_column(profile: Page) -> None:
    profile.set_viewport_size({"width": 390, "height": 844})
    profile.get_by_role("link", name="Customize this page").click()
    expect(profile.get_by_role("button", name="Move Timeline up")).to_be_visible()
    assert looking.overflow(profile) == 0
