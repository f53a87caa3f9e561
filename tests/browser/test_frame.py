"""The frame of the staff pages in a real browser: keyboard, theme, dialogs, lists, charts, phones."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from ispbilling import search
from ispbilling.core.models import Role, User
from tests import builders
from tests.browser import looking


@pytest.fixture
def desk(page: Page, live_server: LiveServer, web_pages: None) -> Iterator[Page]:
    """The staff list in front of the owner, with a customer source to search; the console must stay quiet."""

    def find(text: str, user: User, limit: int) -> list[search.Hit]:
        return [
            search.Hit(name, f"/staff/?q={name}")
            for name in ("Anna", "Annette")
            if text.lower() in name.lower()
        ]

    there = search._sources.pop("customers", None)
    search.register(search.Source("customers", "Customers", "staff.use", find, icon="user"))
    owner = builders.staff(Role.OWNER, username="olive", first_name="Olive", last_name="Owner")
    User.objects.bulk_create(
        User(username=f"p{n}", first_name=f"Person {n:02}", role=Role.SUPPORT, is_active=n != 4)
        for n in range(1, 41)
    )
    heard = looking.complaints(page.context)
    looking.log_in(page, live_server.url, owner)
    yield page
    assert heard == []
    del search._sources["customers"]
    if there:
        search.register(there)


def test_slash_searches_and_arrows_choose(desk: Page) -> None:
    desk.keyboard.press("/")
    expect(desk.get_by_label("Search everything")).to_be_focused()
    desk.keyboard.type("ann")
    expect(desk.locator("#search-results .search-hit")).to_have_count(2)
    desk.keyboard.press("ArrowDown")
    desk.keyboard.press("ArrowDown")
    expect(desk.locator("#search-results .search-hit", has_text="Annette")).to_be_focused()
    desk.keyboard.press("Enter")
    desk.wait_for_url("**/staff/?q=Annette")


def test_c_opens_the_customer_picker(desk: Page) -> None:
    desk.locator("body").press("c")
    box = desk.get_by_label("Customer name, code, e-mail or phone")
    expect(box).to_be_focused()
    desk.keyboard.type("annet")
    expect(desk.locator("#picker-results .search-hit")).to_have_count(1)
    desk.keyboard.press("Enter")
    desk.wait_for_url("**/staff/?q=Annette")
    desk.get_by_label("Name, username or e-mail").press("c")
    expect(desk.locator("#picker")).not_to_be_visible()


def test_the_theme_is_remembered_and_never_flashes(desk: Page) -> None:
    desk.get_by_role("button", name="Theme").click()
    desk.get_by_role("button", name="Dark").click()
    html = desk.locator("html")
    expect(html).to_have_attribute("data-bs-theme", "dark")
    desk.reload(wait_until="commit")
    expect(html).to_have_attribute("data-bs-theme", "dark")
    desk.evaluate("setTheme('auto')")
    desk.emulate_media(color_scheme="light")
    expect(html).to_have_attribute("data-bs-theme", "light")


def test_a_list_narrows_without_reloading_and_the_url_says_so(desk: Page) -> None:
    desk.evaluate("window.same = true")
    desk.get_by_label("Name, username or e-mail").fill("person 0")
    desk.wait_for_url("**/staff/?q=person+0")
    expect(desk.locator("tbody tr")).to_have_count(12)
    desk.get_by_role("link", name="Username").click()
    desk.wait_for_url("**sort=username**")
    assert desk.evaluate("window.same") is True
    desk.go_back()
    desk.wait_for_url("**/staff/?q=person+0")
    desk.get_by_role("link", name="1 disabled not shown").click()
    expect(desk.locator("tbody tr")).to_have_count(1)


def test_columns_and_export_work_from_the_toolbar(desk: Page) -> None:
    desk.get_by_role("button", name="Columns").click()
    desk.get_by_label("E-mail", exact=True).uncheck()
    desk.get_by_role("button", name="Show", exact=True).click()
    expect(desk.get_by_role("columnheader", name="E-mail")).to_have_count(0)
    desk.get_by_label("Name, username or e-mail").fill("person 01")
    desk.wait_for_url("**/staff/?q=person+01")
    desk.get_by_role("button", name="Export").click()
    with desk.expect_download() as download:
        desk.get_by_role("button", name="Export Columns CSV").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert lines == ["Name,Username,Role,State,Last log-in", "Person 01,p1,Support,Active,"]


def test_a_dialog_keeps_what_was_typed_and_gives_focus_back(desk: Page) -> None:
    desk.get_by_role("link", name="Add Staff").click()
    dialog = desk.locator("#dialog")
    expect(dialog.get_by_label("Username")).to_be_focused()
    dialog.get_by_label("First name").fill("Sam")
    dialog.get_by_role("button", name="Add Staff").click()
    expect(dialog.get_by_role("alert")).to_be_focused()
    expect(dialog.get_by_label("First name")).to_have_value("Sam")
    desk.once("dialog", lambda question: question.dismiss())
    dialog.get_by_role("link", name="Close").click()
    expect(dialog).to_be_visible()
    dialog.get_by_label("Username").fill("sam")
    dialog.get_by_role("button", name="Add Staff").click()
    expect(desk.get_by_text("Sam is added.")).to_be_visible()
    assert User.objects.filter(username="sam", role=Role.READ_ONLY).exists()


def test_an_act_can_be_undone_from_its_message(desk: Page) -> None:
    desk.get_by_role("link", name="Disable: Person 01").click()
    dialog = desk.locator("#dialog")
    expect(dialog.get_by_text("cannot log in again")).to_be_visible()
    dialog.get_by_role("button", name="Disable").click()
    expect(desk.get_by_text("Person 01 is disabled.")).to_be_visible()
    desk.get_by_role("button", name="Undo").click()
    expect(desk.get_by_text("Person 01 is enabled.")).to_be_visible()
    assert User.objects.get(username="p1").is_active


def test_a_widget_draws_its_chart(desk: Page, live_server: LiveServer) -> None:
    desk.goto(f"{live_server.url}/person/{User.objects.get(username='p1').pk}/")
    chart = desk.locator("#usage-chart")
    expect(chart).to_be_visible()
    assert looking.drawn(desk, "usage-chart")
    desk.get_by_text("Table", exact=True).first.click()
    expect(desk.get_by_role("cell", name="12.25").first).to_be_visible()
    expect(desk.locator("#widget-usage .leaflet-marker-icon")).to_be_visible()
    expect(desk.locator("#widget-usage").get_by_role("progressbar")).to_have_attribute("value", "3")


@pytest.mark.parametrize("path", ["/staff/", "/staff/add/", "/events/", "/search/?q=ann", "/account/2fa/"])
def test_no_page_scrolls_sideways_on_a_phone(desk: Page, live_server: LiveServer, path: str) -> None:
    desk.set_viewport_size({"width": 390, "height": 844})
    desk.goto(live_server.url + path)
    assert looking.overflow(desk) == 0


def test_a_phone_has_the_menu_behind_a_button(desk: Page) -> None:
    desk.set_viewport_size({"width": 390, "height": 844})
    expect(desk.get_by_role("navigation", name="Main")).not_to_be_in_viewport()
    desk.get_by_role("button", name="Open menu").click()
    menu = desk.get_by_role("navigation", name="Main")
    expect(menu).to_be_in_viewport()
    menu.get_by_role("link", name="Events").scroll_into_view_if_needed()
    expect(menu.get_by_role("link", name="Events")).to_be_in_viewport()


def test_pages_work_without_javascript(browser, live_server: LiveServer, web_pages: None) -> None:  # noqa: ANN001
    builders.staff(Role.OWNER, username="olive")
    sam = builders.staff(Role.SUPPORT, username="sam")
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        looking.log_in(page, live_server.url, User.objects.get(username="olive"))
        page.get_by_role("link", name="Disable: sam").click()
        page.get_by_role("button", name="Disable").click()
        expect(page.get_by_text("sam is disabled.")).to_be_visible()
    sam.refresh_from_db()
    assert not sam.is_active


def test_a_customer_is_found_by_number_with_the_keyboard_alone(page: Page, live_server: LiveServer) -> None:
    """The real sources: what somebody says on the phone, two arrows and Enter, and the profile is open."""
    builders.customer(code="OTH001", name="Other Person", mobile="+27830000000")
    piet = builders.customer(code="PIE001", name="Piet Slabbert", mobile="+27 82 123-4567")
    heard = looking.complaints(page.context)
    looking.log_in(page, live_server.url, builders.staff(Role.SUPPORT), then="/")
    page.keyboard.press("/")
    page.keyboard.type("082 123 4567")
    expect(page.locator("#search-results .search-hit")).to_have_count(1)
    expect(page.locator("#search-results")).to_contain_text("+27 82 123-4567")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{piet.get_absolute_url()}")
    page.keyboard.press("/")
    page.keyboard.type("x")
    expect(page.locator("#search-results")).to_contain_text("Type two letters")
    page.keyboard.press("Escape")
    expect(page.locator("#search-results .search-results")).to_have_count(0)
    assert heard == []
