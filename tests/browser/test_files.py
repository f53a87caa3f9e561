"""Attachments in a real browser: dropped, picked, looked at large, gone through by keyboard, removed and undone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from customers.models import Customer
from ispbilling.core.models import Role
from tests import builders
from tests.browser import looking
from tests.core.test_files import pdf

pytestmark = pytest.mark.feature("PRO-12")


@pytest.fixture
def profile(page: Page, live_server: LiveServer, transactional_db: None) -> Iterator[Page]:
    """The profile of Alice, who has a picture of her roof; the console must stay quiet."""
    alice = builders.customer(code="ALI001", name="Alice Liddell")
    builders.attachment(builders.picture("JPEG", (800, 600)), "roof.jpg", customer=alice)
    heard = looking.complaints(page.context)
    owner = builders.staff(Role.OWNER)
    looking.log_in(page, live_server.url, owner, alice.get_absolute_url())
    expect(page.locator("#widget-attachments .file-tile")).to_have_count(1)
    yield page
    assert heard == []


def drop(page: Page, selector: str, name: str, content: str) -> None:
    """Drop a file made in the browser."""
    carried = page.evaluate_handle(
        """([name, content]) => {
            const carried = new DataTransfer();
            carried.items.add(new File([content], name));
            return carried;
        }""",
        [name, content],
    )
    for kind in ("dragenter", "dragover", "drop"):
        page.dispatch_event(selector, kind, {"dataTransfer": carried})


def test_an_attachment_is_previewed_and_the_next_is_one_key_away(profile: Page, tmp_path: Path) -> None:
    contract = tmp_path / "contract.pdf"
    contract.write_bytes(pdf(3))
    words = tmp_path / "words.txt"
    words.write_text("words")
    profile.locator("#widget-attachments").get_by_role("link", name="Add", exact=True).click()
    dialog = profile.locator("#dialog")
    dialog.locator("input[type=file]").set_input_files([words, contract])
    expect(dialog.get_by_text("contract.pdf (")).to_be_visible()
    dialog.get_by_label("Description").fill("signed")
    dialog.get_by_role("button", name="Add").click()
    expect(profile.get_by_text("2 attachments are added.")).to_be_visible()
    tiles = profile.locator("#widget-attachments .file-tile")
    expect(tiles).to_have_count(3)
    tiles.first.click()
    picture = dialog.locator(".lightbox-picture")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 600
    expect(dialog.get_by_text("First page of 3.")).to_be_visible()
    profile.keyboard.press("ArrowRight")
    expect(dialog.get_by_text("Download it to open it.")).to_be_visible()
    with profile.expect_download() as download:
        dialog.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "words.txt"
    profile.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("heading", name="roof.jpg")).to_be_visible()
    profile.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()


def test_files_are_dropped_on_the_profile_and_a_liar_is_told(profile: Page) -> None:
    drop(profile, "#widget-attachments .files", "notes.txt", "some words")
    expect(profile.get_by_text("The attachment is added.")).to_be_visible()
    expect(profile.locator("#widget-attachments .file-tile")).to_have_count(2)
    drop(profile, "#widget-attachments .files", "photo.jpg", "<html><script>alert(1)</script>")
    expect(profile.locator("#dialog").get_by_text("photo.jpg is not a picture").first).to_be_visible()
    assert Customer.objects.get(code="ALI001").attachments.count() == 2


def test_what_is_too_large_is_told_before_it_is_sent(profile: Page) -> None:
    drop(profile, "#widget-attachments .files", "film.mov", "x" * 21_000_000)
    expect(profile.get_by_text("film.mov is larger than 20 MB (21 MB). Nothing was sent.")).to_be_visible()


def test_removing_is_undone_from_its_message(profile: Page) -> None:
    profile.locator("#widget-attachments .file-tile").click()
    profile.locator("#dialog").get_by_role("button", name="Remove").click()
    expect(profile.get_by_text("roof.jpg is removed.")).to_be_visible()
    profile.get_by_role("button", name="Undo").click()
    expect(profile.get_by_text("roof.jpg is back.")).to_be_visible()
    expect(profile.locator("#widget-attachments .file-tile")).to_have_count(1)
