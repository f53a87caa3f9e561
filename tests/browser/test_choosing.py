"""Choosing several: chips that are taken away one by one, typed for and chosen with the keyboard (EDT-2)."""

import re

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from groups.models import Category
from ispbilling.core.models import Role
from tests import builders
from tests.browser import looking


@pytest.mark.feature("EDT-2")
def test_categories_are_typed_for_and_taken_away(page: Page, live_server: LiveServer) -> None:
    adhoc, rollover, _ = [Category.objects.create(title=title) for title in ("Ad-hoc", "Rollover", "Topup")]
    alice = builders.customer(code="ALI001", name="Alice Liddell")
    alice.categories.add(adhoc)
    heard = looking.complaints(page.context)
    looking.log_in(page, live_server.url, builders.staff(Role.MANAGER), then="/customers/")
    page.get_by_role("row").nth(1).get_by_role("link", name=re.compile("Edit")).click()
    dialog = page.get_by_role("dialog")
    box = dialog.get_by_role("combobox", name="Categories")
    box.click()
    page.keyboard.type("roll")
    page.keyboard.press("Enter")
    dialog.locator(".item", has_text="Ad-hoc").get_by_title("Remove").click()
    expect(dialog.locator(".ts-control .item")).to_have_text([re.compile("Rollover")])
    dialog.get_by_role("button", name="Save Changes").click()
    expect(page.locator("#messages")).to_contain_text("saved")
    assert list(alice.categories.all()) == [rollover]
    assert heard == []
