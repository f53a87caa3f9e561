"""The pages of an import: what they say at each step, and to whom."""

import csv
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from customers.imports import applying, checking
from customers.imports.fields import FIELDS
from customers.models import Customer, CustomerImport
from ispbilling.core.clock import now
from ispbilling.core.models import Role
from tests import builders
from tests.customers.importing import as_csv, checked, imported, problems, undone, upload, work

pytestmark = pytest.mark.django_db
ALICE = ["1", "Alice", "Home"]


@pytest.fixture
def home(db: None) -> None:
    builders.group(title="Home")


def url(name: str, one: CustomerImport | None = None) -> str:
    return reverse(f"customers:import_{name}", args=[one.pk] if one else [])


def send(client: Client, content: bytes, name: str = "list.csv") -> Any:
    return client.post(url("add"), {"file": SimpleUploadedFile(name, content)}, follow=True)


@pytest.mark.feature("GRP-1", "ADD-11")
def test_without_a_group_the_page_sends_there_first(as_manager: Client) -> None:
    shown = as_manager.get(url("add")).content.decode()
    assert "A customer group comes first" in shown
    assert reverse("groups:group_add") in shown
    assert "a group comes first" in send(as_manager, as_csv(ALICE)).content.decode()
    assert not CustomerImport.objects.exists()


@pytest.mark.feature("W-9")
@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("list.csv", b"%PDF-1.7", "This is a PDF, whatever its name says"),
        ("list.xlsx", b"\x89PNG\r\n\x1a\n", "This is a picture"),
        ("list.csv", bytes(range(256)), "This is not text"),
        ("list.xlsx", b"PK\x03\x04nothing", "damaged"),
        ("list.csv", b"", "The submitted file is empty"),
        ("list.csv", b"Name,X\n" * 7_500_000, "at most 50.0 MB can be imported at once"),
    ],
)
def test_what_is_no_list_is_refused_in_words_and_not_stored(
    home: None, as_manager: Client, name: str, content: bytes, says: str
) -> None:
    assert says in send(as_manager, content, name).content.decode()
    assert not CustomerImport.objects.exists()


@pytest.mark.usefixtures("home")
def test_it_leads_from_the_file_to_the_columns_to_the_check(as_manager: Client) -> None:
    page = send(as_manager, as_csv(ALICE), "C:\\my files\\list.csv")
    one = CustomerImport.objects.get()
    assert (one.name, page.redirect_chain[-1][0]) == ("list.csv", url("columns", one))
    assert "CSV, UTF-8, commas" in page.content.decode()
    refused = as_manager.post(url("columns", one), {"column_0": "external_id"}).content.decode()
    assert "No column is the Name" in refused
    assert "Choose the column of the customer group" in refused
    data = {"column_0": "external_id", "column_1": "name", "column_2": "group", "welcome": "on"}
    shown = as_manager.post(url("columns", one), data, follow=True).content.decode()
    assert "Checking, waiting for a worker" in shown
    assert "HX-Refresh" not in as_manager.get(url("progress", one)).headers
    assert work(one).to_create == 1
    assert as_manager.get(url("progress", one))["HX-Refresh"] == "true"
    shown = as_manager.get(url("start", one)).content.decode()
    assert "1 customer is added" in shown
    assert "1 welcome mail is sent" in shown


@pytest.mark.usefixtures("home")
def test_the_report_names_row_column_value_and_reason(as_manager: Client) -> None:
    one = checked(as_csv(ALICE, ["2", "Bob", "=Nowhere()"]))
    shown = as_manager.get(url("detail", one)).content.decode()
    assert "1 row cannot be imported" in shown
    for text in ("Customer group", "“=Nowhere()”", "There is no customer group =Nowhere()."):
        assert text in shown
    assert "Alice" not in shown
    assert "Alice" in as_manager.get(url("detail", one) + "?state=new").content.decode()


@pytest.mark.usefixtures("home")
def test_bad_rows_come_back_with_the_reason_and_are_read_again(as_manager: Client) -> None:
    one = checked(as_csv(ALICE, ["2", "=Bob", "Nowhere"], ["3", 'Carol "C"', ""]))
    response = as_manager.get(url("download", one))
    content = b"".join(response.streaming_content)
    assert response["Content-Disposition"] == 'attachment; filename="list-to-correct.csv"'
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert rows[0] == ["External ID", "Name", "Customer group", "Why it was not imported"]
    assert rows[1][:3] == ["2", "'=Bob", "Nowhere"]
    assert rows[1][3].startswith("Customer group: There is no customer group Nowhere.")
    assert rows[2] == ["3", 'Carol "C"', "", "Customer group: The customer group is missing."]
    again = upload(content.replace(b"Nowhere", b"Home").replace(b'"C""",,', b'"C""",Home,'))
    checking.request(again, now(), actor=None)
    assert work(again).to_create == 2, problems(again)
    assert as_manager.get(url("download", again)).status_code == 404


@pytest.mark.usefixtures("home")
def test_what_changes_is_shown_from_old_to_new(as_manager: Client) -> None:
    imported(as_csv(ALICE))
    one = checked(as_csv(["1", "Alicia", "Home"]))
    assert "Alice →</span> Alicia" in as_manager.get(url("detail", one)).content.decode()


@pytest.mark.usefixtures("home")
def test_the_very_same_file_is_noticed(as_manager: Client) -> None:
    imported(as_csv(ALICE))
    shown = as_manager.get(url("detail", checked(as_csv(ALICE)))).content.decode()
    assert "The very same file was imported before" in shown
    assert "there is nothing to import" in shown


@pytest.mark.feature("W-2")
@pytest.mark.usefixtures("home")
def test_an_undo_says_what_it_will_do_before_and_what_it_did_after(as_manager: Client) -> None:
    one = imported(as_csv(ALICE, ["2", "Bob", "Home"]))
    builders.message(customer=Customer.objects.get(external_id="2"))
    shown = as_manager.get(url("undo", one)).content.decode()
    assert "1 new customer is removed" in shown
    assert "BOB001 (Has 1 message)" in shown
    undone(one)
    shown = as_manager.get(url("detail", one)).content.decode()
    assert "Deleted (hidden)" in shown
    assert "Has 1 message" in shown


@pytest.mark.usefixtures("home")
def test_verbs_that_are_too_late_say_so_and_change_nothing(as_manager: Client) -> None:
    one = imported(as_csv(ALICE))
    for name in ("start", "discard"):
        assert "This cannot be done now" in as_manager.get(url(name, one)).content.decode()
        as_manager.post(url(name, one))
    one.refresh_from_db()
    assert one.state == "applied"
    assert as_manager.get(url("columns", one))["Location"] == one.get_absolute_url()


def test_a_sample_explains_every_column(as_manager: Client) -> None:
    lines = as_manager.get(url("sample") + "?kind=csv").content.decode("utf-8-sig").splitlines()
    assert lines[0].split(",")[:4] == ["External ID", "Account code", "Customer type", "Name"]
    response = as_manager.get(url("sample") + "?kind=xlsx")
    book = load_workbook(io.BytesIO(b"".join(response.streaming_content)))
    assert [row[0] for row in book["Explanation"].values][1:] == [field.label for field in FIELDS]
    assert all(row[1] for row in book["Explanation"].values)


@pytest.mark.usefixtures("home")
def test_a_remote_import_is_not_there(as_manager: Client, client: Client) -> None:
    assert as_manager.get(reverse("customers:import_detail", args=[999])).status_code == 404
    client.force_login(builders.staff(Role.SUPPORT))
    assert client.get(url("detail", checked(as_csv(ALICE)))).status_code == 403


@pytest.mark.usefixtures("home")
def test_the_list_says_who_brought_what(as_manager: Client) -> None:
    one = checked(as_csv(ALICE, ["2", "", "Home"]))
    applying.request(one, now(), actor=None, leave_out=True)
    assert "Being imported" in as_manager.get(url("list")).content.decode()
    assert "Being imported" in as_manager.get(url("detail", one)).content.decode()


@pytest.mark.usefixtures("home")
def test_the_report_of_many_rows_costs_no_more_queries(
    as_manager: Client, django_assert_max_num_queries: Any
) -> None:
    one = checked(as_csv(*([str(n), f"N{n}", "Home" if n % 2 else "No"] for n in range(400))))
    with django_assert_max_num_queries(20):
        as_manager.get(url("detail", one) + "?rows=250")


def test_the_number_of_the_old_system_finds_the_customer(as_manager: Client, home: None) -> None:
    imported(as_csv(["OLD-1047", "Alice", "Home"], ["OLD-10", "Bob", "Home"]))
    alice = Customer.objects.get(name="Alice")
    found = as_manager.get(reverse("customers:customer_list") + "?q=OLD-1047").content.decode()
    assert alice.get_absolute_url() in found
    assert "BOB001" not in found
    shown = as_manager.get(alice.get_absolute_url() + "?widget=account").content.decode()
    assert "OLD-1047" in shown
