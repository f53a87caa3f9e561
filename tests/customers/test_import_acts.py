"""An import from the file to the customers: new ones, changed ones, the same ones, and what stops it."""

from decimal import Decimal

import pytest
from django.core import mail

from customers.accounts import editing, regroup
from customers.imports import applying, checking
from customers.models import CodeCounter, Customer
from groups.models import Category, CustomerGroup
from ispbilling.core.clock import now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, User
from notifications.announce import announce
from notifications.models import Message
from tests import builders
from tests.customers.importing import as_csv, checked, imported, upload, work

pytestmark = pytest.mark.django_db

WIDE = (
    "External ID", "Account code", "Name", "Company name", "Customer group", "Categories", "E-mail", "Mobile no",
    "Latitude", "Longitude", "Discount", "ID number", "VIP",
)  # fmt: skip
ALICE = (
    "7", "", "Alice Liddell", "", "home", "fibre", "a@x.test; b@x.test", "082 555 0100", "-33,9", "18.8", "5%",
    "8001015009087", "yes",
)  # fmt: skip
BOB = ("8", "BOB/1", "Bob Baker", "Bob's Plumbing", "Home", "", "bob@x.test", "", "", "", "", "", "")


@pytest.fixture
def home() -> CustomerGroup:
    Category.objects.create(title="Fibre")
    return builders.group(title="Home")


@pytest.mark.feature("W-9", "ADD-11")
def test_every_row_becomes_a_customer_with_contact_login_and_event(
    home: CustomerGroup, manager: User
) -> None:
    imported(as_csv(ALICE, BOB, headings=WIDE), manager)
    alice, bob = Customer.objects.order_by("code")
    assert [alice.code, alice.external_id, alice.type, alice.contact_name] == [
        "ALI001", "7", "individual", "Alice Liddell",
    ]  # fmt: skip
    assert (alice.latitude, alice.discount, alice.id_number) == (Decimal("-33.9"), 5, "8001015009087")
    assert alice.vip
    assert [category.title for category in alice.categories.all()] == ["Fibre"]
    contact = alice.contacts.get()
    assert (contact.email, contact.more_emails, contact.mobile) == ("a@x.test", "b@x.test", "082 555 0100")
    assert contact.primary
    assert [bob.code, bob.name, bob.contact_name, bob.type] == [
        "BOB/1", "Bob's Plumbing", "Bob Baker", "company",
    ]  # fmt: skip
    login = alice.portal_logins.get()
    assert (login.user.username, login.user.email, login.user.role) == ("ALI001", "a@x.test", "customer")
    assert not login.user.has_usable_password()
    assert bob.portal_logins.get().user.username == "BOB-1"
    added = Event.objects.filter(kind="customer.added")
    assert {event.actor for event in added} == {manager}
    assert {event.about_id for event in added} == {alice.pk, bob.pk}
    assert Event.objects.filter(kind="import.applied", actor=manager).count() == 1


@pytest.mark.feature("W-9")
def test_the_same_file_again_changes_nothing(home: CustomerGroup) -> None:
    file = as_csv(ALICE, BOB, headings=WIDE)
    imported(file)
    events = Event.objects.filter(about_type__model="customer").count()
    again = checked(file)
    assert (again.to_create, again.to_update, again.unchanged, again.bad) == (0, 0, 2, 0)
    with pytest.raises(DomainError, match="nothing to import"):
        applying.request(again, now(), actor=None)
    assert Customer.objects.count() == 2
    assert Event.objects.filter(about_type__model="customer").count() == events


def test_only_what_differs_is_changed_and_an_empty_cell_changes_nothing(home: CustomerGroup) -> None:
    imported(as_csv(ALICE, BOB, headings=WIDE))
    new = list(ALICE)
    new[2], new[4], new[5], new[6], new[7], new[10] = (
        "Alice Hargreaves",
        "",
        "Wireless",
        "c@x.test",
        "",
        "7.5",
    )
    builders.group(title="Office")
    one = imported(as_csv(new, BOB, headings=WIDE), create_titles=True)
    assert (one.to_create, one.to_update, one.unchanged) == (0, 1, 1)
    alice = Customer.objects.get(external_id="7")
    assert [alice.code, alice.name, alice.group, alice.discount] == [
        "ALI001", "Alice Hargreaves", home, Decimal("7.5"),
    ]  # fmt: skip
    contact = alice.contacts.get()
    assert (contact.email, contact.more_emails, contact.mobile) == ("c@x.test", "b@x.test", "082 555 0100")
    assert alice.portal_logins.get().user.email == "c@x.test"
    assert [category.title for category in alice.categories.all()] == ["Wireless"]
    event = Event.objects.get(kind="customer.edited")
    assert event.data["changes"]["name"] == ["Alice Liddell", "Alice Hargreaves"]
    assert sorted(event.data["changes"]) == ["categories", "discount", "email", "name"]


def test_an_id_number_is_never_in_an_event(home: CustomerGroup) -> None:
    imported(as_csv(ALICE, headings=WIDE))
    imported(as_csv([*ALICE[:11], "7503305044089", ""], headings=WIDE))
    assert Customer.objects.get().id_number == "7503305044089"
    event = Event.objects.get(kind="customer.edited")
    assert event.data["changes"] == {"id_number": ["(hidden)", "(hidden)"]}


def test_a_customer_added_by_hand_takes_the_external_id_when_its_code_matches(home: CustomerGroup) -> None:
    alice = builders.customer(code="ALI001", name="Alice Liddell", contact_name="Alice Liddell")
    one = imported(as_csv(["7", "ALI001", "Alice Liddell", "Home"],
                          headings=("External ID", "Account code", "Name", "Customer group")))  # fmt: skip
    alice.refresh_from_db()
    assert (one.to_update, alice.external_id) == (1, "7")


def test_codes_are_counted_on_as_if_they_were_typed_one_by_one(home: CustomerGroup) -> None:
    builders.customer(code="ALI004")
    headings = ("External ID", "Name", "Customer group", "Account code")
    rows = [["1", "Alice A", "Home", ""], ["2", "Alice B", "Home", "ALI009"], ["3", "Alice C", "Home", ""]]
    imported(as_csv(*rows, headings=headings))
    codes = dict(Customer.objects.exclude(external_id="").values_list("external_id", "code"))
    assert codes == {"1": "ALI010", "2": "ALI009", "3": "ALI011"}
    assert CodeCounter.objects.get(stem="ALI").last == 11


def test_titles_that_are_missing_are_added_when_ticked(home: CustomerGroup, manager: User) -> None:
    headings = ("External ID", "Name", "Customer group", "Billing group", "Labels", "High site", "Categories")
    row = ["1", "Alice", "Farms", "Run 1", "Pays cash, Friendly", "Hill", "fibre"]
    one = checked(as_csv(row, headings=headings), manager)
    assert one.bad == 1
    one = imported(as_csv(row, headings=headings), manager, create_titles=True)
    assert one.new_titles == {
        "group": ["Farms"], "billing_group": ["Run 1"], "labels": ["Friendly", "Pays cash"], "high_site": ["Hill"],
    }  # fmt: skip
    alice = Customer.objects.get()
    assert [str(alice.group), str(alice.billing_group), str(alice.high_site)] == ["Farms", "Run 1", "Hill"]
    assert alice.labels.count() == 2
    assert Event.objects.filter(kind="group.added", actor=manager).count() == 1


def test_what_holds_for_all_rows_is_for_new_customers_only(home: CustomerGroup) -> None:
    alice = builders.customer(code="ALI001", group=home)
    builders.group(title="Office")
    headings = ("Account code", "Name")
    imported(as_csv(["ALI001", "Alice"], ["BOB001", "Bob"], headings=headings), defaults={"group": "office"})
    alice.refresh_from_db()
    assert (alice.group.title, Customer.objects.get(code="BOB001").group.title) == ("Home", "Office")


def test_nobody_is_written_to_unless_asked(home: CustomerGroup) -> None:
    headings = ("External ID", "Name", "Customer group", "E-mail")
    imported(as_csv(["1", "Alice", "Home", "a@x.test"], headings=headings))
    announce(now()).apply(now())
    assert not Message.objects.exists()
    imported(as_csv(["2", "Bob", "Home", "bob@x.test"], headings=headings), welcome=True)
    announce(now()).apply(now())
    assert [message.to_address for message in Message.objects.all()] == ["bob@x.test"]
    assert mail.outbox == []


def test_masters_and_resellers_of_new_customers_are_linked(home: CustomerGroup) -> None:
    headings = ("External ID", "Name", "Customer group", "Is a master account", "Is a reseller")
    imported(
        as_csv(["1", "Mother", "Home", "yes", ""], ["2", "Seller", "Home", "", "yes"], headings=headings)
    )
    headings = ("External ID", "Name", "Customer group", "Master's account code", "Reseller's account code")
    imported(as_csv(["3", "Sub", "Home", "MOT001", "sel001"], headings=headings))
    sub = Customer.objects.get(external_id="3")
    assert (sub.master.code, sub.reseller.code) == ("MOT001", "SEL001")
    assert Customer.objects.get(code="SEL001").portal_logins.get().user.role == "reseller"


# --- all or nothing -----------------------------------------------------------------------------------------


def test_a_file_with_a_bad_row_is_not_imported_unless_it_is_left_out(home: CustomerGroup) -> None:
    one = checked(as_csv(["1", "Alice", "Home"], ["2", "Bob", "Nowhere"]))
    with pytest.raises(DomainError, match="corrected first"):
        applying.request(one, now(), actor=None)
    assert not Customer.objects.exists()
    applying.request(one, now(), actor=None, leave_out=True)
    assert work(one).state == "applied"
    assert [customer.external_id for customer in Customer.objects.all()] == ["1"]


def approved(*rows: list[str]) -> "applying.CustomerImport":
    one = checked(as_csv(*rows))
    applying.request(one, now(), actor=None)
    return one


def test_what_changed_since_the_check_stops_the_whole(home: CustomerGroup) -> None:
    imported(as_csv(["1", "Alice", "Home"]))
    one = approved(["1", "Alicia", "Home"], ["2", "Bob", "Home"])
    alice = Customer.objects.get()
    editing.edit(alice, {"name": "Alice Liddell"}, now(), actor=None)
    one = work(one)
    assert one.state == "checked"
    assert "Row 2" in one.refusal
    assert "is not what it was at the check" in one.refusal
    alice.refresh_from_db()
    assert (alice.name, Customer.objects.count()) == ("Alice Liddell", 1)
    assert not CodeCounter.objects.filter(stem="BOB").exists()


def test_somebody_who_takes_the_external_id_first_stops_the_whole(home: CustomerGroup) -> None:
    one = approved(["1", "Alice", "Home"], ["2", "Bob", "Home"])
    builders.customer(external_id="2", name="Bob")
    assert "check the file again" in work(one).refusal
    assert Customer.objects.count() == 1


def test_a_group_that_is_deleted_stops_the_whole(home: CustomerGroup) -> None:
    other = builders.group(title="Other")
    one = approved(["1", "Alice", "Home"])
    regroup.delete_group(home, other, now(), actor=None)
    assert "no customer group Home" in work(one).refusal
    assert not Customer.objects.exists()


def test_a_username_that_is_taken_stops_the_whole(home: CustomerGroup) -> None:
    one = approved(["1", "Alice", "Home"])
    builders.staff(username="ali001")
    assert "portal username ali001" in work(one).refusal
    assert not Customer.objects.exists()


@pytest.mark.feature("GRP-1")
def test_nothing_can_be_imported_before_there_is_a_group() -> None:
    with pytest.raises(DomainError, match="a group comes first"):
        upload(as_csv(["1", "Alice", "Home"]))


def test_an_import_is_started_and_checked_once(home: CustomerGroup) -> None:
    one = approved(["1", "Alice", "Home"])
    for ask in (applying.request, checking.request):
        with pytest.raises(DomainError):
            ask(one, now(), actor=None)
    work(one)
    assert work(one).state == "applied"
    assert Customer.objects.count() == 1
