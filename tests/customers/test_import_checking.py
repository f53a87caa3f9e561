"""The dry run tells of every row that cannot be, where, what and why; and the columns are guessed."""

import pytest

from customers.accounts import gates
from customers.imports import checking, mapping
from customers.merging.models import Merge
from customers.models import CodeAlias, Customer, GateKind
from groups.models import CustomerGroup
from ispbilling.core.clock import now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, User
from tests import builders
from tests.customers.importing import as_csv, checked, problems, upload

pytestmark = [pytest.mark.django_db, pytest.mark.feature("W-9")]


@pytest.fixture(autouse=True)
def home(db: None) -> CustomerGroup:
    return builders.group(title="Home")


GOOD = {"External ID": "1", "Name": "Alice", "Customer group": "Home"}


@pytest.mark.parametrize(
    ("cells", "column", "value", "reason"),
    [
        ({"Name": ""}, "Name", "", "The name is missing."),
        ({"Name": "???"}, "Name", "???", "no letters or digits to make an account code of"),
        ({"Name": "x" * 161}, "Name", "x" * 161, "Longer than 160 characters."),
        ({"Customer group": ""}, "Customer group", "", "The customer group is missing."),
        ({"Customer group": "Hom"}, "Customer group", "Hom", "There is no customer group Hom."),
        ({"Categories": "Fibre"}, "Categories", "Fibre", "There is no category Fibre."),
        ({"E-mail": "a@x.test, b@"}, "E-mail", "a@x.test, b@", "This is no e-mail address."),
        ({"Mobile": "none"}, "Mobile", "none", "This is no telephone number."),
        ({"ID number": "8001015009088"}, "ID number", "8001015009088", "check digit"),
        ({"VIP": "maybe"}, "VIP", "maybe", "Neither yes nor no."),
        ({"Type": "robot"}, "Type", "robot", "Neither individual nor company."),
        ({"Latitude": "91", "Longitude": "0"}, "Latitude", "91", "This is not between -90 and 90."),
        ({"Latitude": "NaN", "Longitude": "0"}, "Latitude", "NaN", "This is no number."),
        ({"Latitude": "1", "Longitude": ""}, "Longitude", "", "A position needs latitude and longitude"),
        ({"Discount": "101"}, "Discount", "101", "This is not between 0 and 100."),
        ({"Due days": "1.5"}, "Due days", "1.5", "This is no whole number of days from 0 to 365."),
        ({"Account code": "A B"}, "Account code", "A B", "An account code is 1 to 20"),
        (
            {"Account code": "OLD1"},
            "Account code",
            "OLD1",
            "Another customer once had the account code OLD1.",
        ),
        ({"Account code": "BOB001"}, "Account code", "BOB001", "with external ID 77, not 1"),
        (
            {"Account code": "DUP001"},
            "Account code",
            "DUP001",
            "DUP001 was merged into BOB001; leave the row",
        ),
        ({"Account code": "GON001"}, "Account code", "GON001", "GON001 is deleted; undelete it first"),
        ({"External ID": "77", "Account code": "X1"}, "Account code", "X1", "external ID 77 is BOB001"),
        ({"Username": "Staff"}, "Username", "Staff", "The portal username Staff is in use"),
        ({"Username": "a b"}, "Username", "a b", "A username has letters"),
        ({"Master": "BOB001"}, "Master", "BOB001", "There is no master account BOB001."),
        (
            {"External ID": "77", "Is master": "yes"},
            "Is master",
            "True",
            "changed on the customer's own page",
        ),
    ],
)
def test_a_row_that_cannot_be_is_told_with_column_value_and_reason(
    cells: dict[str, str], column: str, value: str, reason: str
) -> None:
    bob = builders.customer(code="BOB001", external_id="77")
    CodeAlias.objects.create(customer=bob, code="OLD1")
    gates.close(builders.customer(code="GON001"), GateKind.DELETED, now(), actor=None)
    duplicate = builders.customer(code="DUP001")
    Merge.objects.create(survivor=bob, loser=duplicate, at=now())
    builders.staff(username="staff")
    row = {**GOOD, **cells}
    one = checked(as_csv(list(row.values()), headings=list(row)))
    (found,) = problems(one)
    assert found[:3] == (2, column, value)
    assert reason in found[3]
    assert one.bad_columns == {column: 1}


@pytest.mark.parametrize("column", ["External ID", "Account code", "Username"])
def test_two_rows_for_one_customer_are_told_apart(column: str) -> None:
    headings = ("Name", "Customer group", column, "Reference" if column != "External ID" else "Remark")
    one = checked(as_csv(["A", "Home", "SAME", "1"], ["B", "Home", "same", "2"], headings=headings))
    ((row, where, value, reason),) = problems(one)
    assert (row, where, value.casefold()) == (3, column, "same")
    assert "is also in row 2; keep one of them." in reason


def test_a_row_with_more_cells_than_headings_is_told() -> None:
    ((row, _, value, reason),) = problems(checked(b"External ID,Name,Customer group\n1,Alice,Home,Paarl\n"))
    assert (row, value, reason) == (2, "Paarl", "The row has 4 columns and the headings 3.")


def test_every_bad_row_of_many_is_told_and_nothing_is_stored() -> None:
    rows = [[str(n), f"Name {n}", "Home" if n % 7 else "Nowhere"] for n in range(1, 3001)]
    one = checked(as_csv(*rows))
    told = problems(one)
    assert [row for row, *_ in told] == [n + 1 for n in range(1, 3001) if n % 7 == 0]
    assert (one.total, one.to_create, one.bad) == (3000, 3000 - len(told), len(told))
    assert not Customer.objects.exists()
    assert not Event.objects.filter(kind__startswith="customer.").exists()


def test_a_file_that_breaks_off_is_refused_with_its_row() -> None:
    one = checked(as_csv(*([str(n), "Name", "Home"] for n in range(2000))) + b'"open,1\n')
    assert (one.state, one.lines.count()) == ("uploaded", 0)
    assert "Row 2,002 cannot be read" in one.refusal


# --- columns ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headings", "guessed"),
    [
        # HeroTill, Splynx and UISP
        (["Account Code", "Customer Name", "Contact Name", "Primary Tel No", "Email", "VAT Number"],
         ["code", "name", "contact_name", "phone", "email", "vat_number"]),
        (["ID", "Portal login", "Full name", "Email", "Phone number", "Partner", "Street", "ZIP code", "City"],
         ["external_id", "username", "name", "email", "phone", "group", *["physical_address"] * 3]),
        (["Custom ID", "First name", "Last name", "Company name", "Is company", "Street 1", "GPS lat", "GPS lon"],
         ["external_id", "name", "name", "company_name", "type", "physical_address", "latitude", "longitude"]),
    ],
)  # fmt: skip
def test_the_headings_of_other_systems_are_known(headings: list[str], guessed: list[str]) -> None:
    assert list(mapping.guess(headings).values()) == guessed


def test_first_name_and_surname_make_the_name_and_streets_the_address() -> None:
    headings = ("ID", "First name", "Surname", "Street", "City", "Postal code", "Group")
    checked(as_csv(["1", "Alice", "Liddell", "12 Rabbit Lane", "Paarl", "7646", "Home"], headings=headings))
    one = checked(
        as_csv(["1", "Alice", "Liddell", "12 Rabbit Lane", "Paarl", "7646", "Home"], headings=headings)
    )
    values = one.lines.get().content
    assert '"name": "Alice Liddell"' in values
    assert '"physical_address": "12 Rabbit Lane\\nPaarl\\n7646"' in values


def test_the_choice_of_columns_is_remembered_for_the_person_and_the_headings(manager: User) -> None:
    file = as_csv(["1", "Alice", "x"], headings=("No", "Who", "Zone"))
    columns = {"0": "external_id", "1": "name"}
    checked(file, manager, columns=columns, defaults={"group": "Home"})
    again = upload(as_csv(["2", "Bob", "y"], headings=("No", "Who", "Zone")), actor=manager)
    assert (again.columns, again.defaults) == (columns, {"group": "Home"})
    assert upload(file, actor=builders.staff()).columns == {}


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"0": "external_id", "2": "group"}, "No column is the Name"),
        ({"0": "external_id", "1": "name"}, "Choose the column of the customer group"),
        ({"1": "name", "2": "group"}, "a second import of this file would add everybody again"),
        ({"0": "code", "1": "name", "2": "code"}, "Account code is chosen for 2 columns"),
        ({"0": "code", "1": "name", "2": "latitude"}, "A position needs both"),
    ],
)
def test_a_choice_of_columns_that_cannot_do_is_refused(columns: dict[str, str], says: str) -> None:
    one = upload(as_csv(["1", "Alice", "Home"]))
    one.columns = columns
    with pytest.raises(DomainError, match=says):
        checking.request(one, now(), actor=None)
    one.refresh_from_db()
    assert one.state == "uploaded"


def test_a_file_without_ids_is_imported_when_every_row_is_said_to_be_new() -> None:
    one = checked(as_csv(["Alice", "Home"], headings=("Name", "Group")), all_new=True)
    assert (one.to_create, one.bad) == (1, 0)
