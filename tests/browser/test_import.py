"""An import from end to end in a real browser: a bad row, corrected, imported, undone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from customers import sweeps
from customers.models import Customer, CustomerImport
from ispbilling.core.clock import now
from ispbilling.core.models import Role
from tests import builders
from tests.browser import looking
from tests.customers.importing import as_csv

LIST = "/customers/imports/"


@pytest.fixture
def desk(page: Page, live_server: LiveServer) -> Iterator[Page]:
    """The list of imports in front of a manager; the console must stay quiet."""
    builders.group(title="Home")
    heard = looking.complaints(page.context)
    looking.log_in(page, live_server.url, builders.staff(Role.MANAGER), then=LIST)
    yield page
    assert heard == []


def work() -> None:
    """What the worker does when it is woken."""
    assert sweeps.import_customers(now()).apply(now()).failed == []


def upload(desk: Page, file: Path) -> None:
    desk.get_by_label("File").set_input_files(file)
    desk.get_by_role("button", name="Upload").click()
    expect(desk.get_by_role("heading", name="What the columns are")).to_be_visible()


@pytest.mark.feature("W-9", "ADD-11", "W-2")
def test_a_file_with_a_mistake_is_corrected_imported_and_undone(desk: Page, tmp_path: Path) -> None:
    desk.get_by_role("link", name="New Import").first.click()
    bad, good = tmp_path / "old.csv", tmp_path / "new.csv"
    headings = ("Client ID", "First name", "Surname", "Group", "E-mail", "Town", "Remarks")
    rows = [
        [str(n), f"Alice {n}", "Liddell", "Home", f"alice{n}@example.test", "Paarl", "x"] for n in range(3)
    ]
    good.write_bytes(as_csv(*rows, headings=headings))
    rows[1][4] = "alice at example"
    bad.write_bytes(as_csv(*rows, headings=headings))

    upload(desk, bad)
    expect(desk.get_by_label("Client ID")).to_have_value("external_id")
    expect(desk.get_by_label("Surname")).to_have_value("name")
    expect(desk.get_by_label("Remarks")).to_have_value("")
    desk.get_by_role("button", name="Check the file").click()
    expect(desk.get_by_text("Checking, waiting for a worker")).to_be_visible()
    work()
    expect(desk.get_by_text("1 row cannot be imported")).to_be_visible()
    expect(desk.get_by_text("“alice at example”")).to_be_visible()
    with desk.expect_download() as download:
        desk.get_by_role("link", name="Download bad rows").click()
    told = Path(download.value.path()).read_text("utf-8-sig").splitlines()
    assert told[0].endswith("Why it was not imported")
    assert told[1].endswith("x,E-mail: This is no e-mail address.")

    desk.goto(desk.url.split("/customers/")[0] + LIST + "add/")
    upload(desk, good)
    desk.get_by_role("button", name="Check the file").click()
    work()
    expect(desk.get_by_text("Every row can be imported.")).to_be_visible()
    desk.get_by_role("link", name="Import", exact=True).click()
    dialog = desk.locator("#dialog")
    expect(dialog.get_by_text("3 customers are added")).to_be_visible()
    dialog.get_by_role("button", name="Import").click()
    expect(desk.get_by_text("Importing")).to_be_visible()
    expect(desk.get_by_role("banner").get_by_role("link", name="running in the background")).to_be_visible()
    assert not Customer.objects.exists()
    work()
    expect(desk.get_by_role("link", name="Undo")).to_be_visible()
    assert [c.code for c in Customer.objects.order_by("code")] == ["ALI001", "ALI002", "ALI003"]

    desk.get_by_role("link", name="Undo").click()
    expect(dialog.get_by_text("3 new customers are removed")).to_be_visible()
    dialog.get_by_role("button", name="Undo this import").click()
    expect(desk.get_by_text("Taking back")).to_be_visible()
    work()
    expect(desk.get_by_text("What it did")).to_be_visible()
    expect(desk.get_by_text("Removed")).to_have_count(4)
    assert not Customer.objects.exists()
    assert CustomerImport.objects.filter(state="undone").count() == 1


def test_no_page_of_an_import_scrolls_sideways_on_a_phone(
    desk: Page, live_server: LiveServer, tmp_path: Path
) -> None:
    file = tmp_path / "a-file-with-a-rather-long-name-of-customers-2026-11-22.csv"
    file.write_bytes(as_csv(["1", "Alice", "Nowhere " * 9], ["2", "B", "Home"]))
    desk.goto(f"{live_server.url}{LIST}add/")
    upload(desk, file)
    desk.get_by_role("button", name="Check the file").click()
    work()
    expect(desk.get_by_text("1 row cannot be imported")).to_be_visible()
    desk.set_viewport_size({"width": 390, "height": 844})
    one = CustomerImport.objects.get()
    for path in (LIST, f"{LIST}add/", *(f"{LIST}{one.pk}/{part}" for part in ("", "columns/", "start/"))):
        desk.goto(live_server.url + path)
        assert looking.overflow(desk) == 0, path
