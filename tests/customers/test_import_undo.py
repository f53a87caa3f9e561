"""Undoing an import: what nobody touched goes, old values come back, and what stays says why."""

import pytest

from customers.accounts import editing
from customers.imports import undoing
from customers.models import CodeCounter, Contact, Customer, CustomerImport, PortalLogin
from groups.models import CustomerGroup
from ispbilling.core.clock import now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, User
from notifications.announce import announce
from tests import builders
from tests.customers.importing import as_csv, checked, imported, undone

pytestmark = [pytest.mark.django_db, pytest.mark.feature("W-2", "W-9")]
HEADINGS = ("External ID", "Name", "Customer group", "E-mail")
ALICE, BOB = ["1", "Alice", "Home", "a@x.test"], ["2", "Bob", "Home", "b@x.test"]


@pytest.fixture(autouse=True)
def home(db: None) -> CustomerGroup:
    return builders.group(title="Home")


def brought(*rows: list[str], **options: object) -> CustomerImport:
    return imported(as_csv(*rows, headings=HEADINGS), **options)


def outcomes(one: CustomerImport) -> list[tuple[str, str]]:
    return list(one.lines.exclude(outcome="").order_by("number").values_list("outcome", "reason"))


def test_new_customers_nobody_touched_are_really_removed(manager: User) -> None:
    staff = User.objects.count()
    one = undone(brought(ALICE, BOB), manager)
    assert outcomes(one) == [("removed", ""), ("removed", "")]
    assert Customer.objects.count() == Contact.objects.count() == PortalLogin.objects.count() == 0
    assert User.objects.count() == staff
    removed = Event.objects.filter(kind="customer.removed", actor=manager)
    assert sorted(event.label for event in removed) == ["ALI001", "BOB001"]
    added = Event.objects.filter(kind="customer.added")
    assert [(event.label, event.data) for event in added] == [("(erased)", {})] * 2


def test_their_codes_are_not_given_again_but_the_file_can_be_imported_anew() -> None:
    undone(brought(ALICE))
    brought(ALICE)
    assert Customer.objects.get().code == "ALI002"
    assert CodeCounter.objects.get(stem="ALI").last == 2


def test_a_customer_that_was_worked_on_stays_with_the_reason() -> None:
    one = brought(ALICE, BOB)
    alice = Customer.objects.get(external_id="1")
    editing.edit(alice, {"vip": True}, now(), actor=None)
    kept, hidden = undoing.preview(one)
    assert (list(kept), hidden) == ([alice.pk], {})
    one = undone(one)
    today = now().date()
    assert outcomes(one) == [("kept", f"Customer edited on {today}"), ("removed", "")]
    assert Customer.objects.get() == alice


def test_one_whose_data_account_came_in_quietly_is_hidden_and_not_removed() -> None:
    one = brought(ALICE)
    builders.data_account(customer=Customer.objects.get())
    assert outcomes(undone(one)) == [("hidden", "Has 1 data account")]
    assert Customer.objects.filter(external_id="1").exists()


def test_one_that_was_written_to_is_deleted_as_by_hand_and_can_be_undeleted() -> None:
    one = brought(ALICE, welcome=True)
    announce(now()).apply(now())
    one = undone(one)
    assert outcomes(one) == [("hidden", "Has 1 message")]
    alice = Customer.objects.get()
    assert alice in Customer.objects.deleted(now())
    again = checked(as_csv(ALICE, headings=HEADINGS))
    assert again.bad == 1  # told to undelete it first


def test_one_that_logged_in_stays() -> None:
    one = brought(ALICE)
    User.objects.filter(portal_login__isnull=False).update(last_login=now())
    assert outcomes(undone(one)) == [("kept", "Logged in to the portal")]


def test_changed_customers_get_their_old_values_back() -> None:
    brought(ALICE)
    before = Customer.objects.values().get()
    builders.group(title="Office")
    one = brought(["1", "Alicia", "Office", "c@x.test; d@x.test"])
    assert Customer.objects.get().name == "Alicia"
    one = undone(one)
    assert outcomes(one) == [("restored", "")]
    assert Customer.objects.values().get() == before
    contact = Contact.objects.get()
    assert (contact.email, contact.more_emails) == ("a@x.test", "")
    assert PortalLogin.objects.get().user.email == "a@x.test"
    event = Event.objects.filter(kind="customer.edited").first()
    assert event.data["changes"]["name"] == ["Alicia", "Alice"]


def test_a_value_that_somebody_changed_since_is_left_to_him() -> None:
    brought(ALICE, BOB)
    one = brought(["1", "Alicia", "Home", ""], ["2", "Bobby", "Home", ""])
    alice = Customer.objects.get(external_id="1")
    editing.edit(alice, {"name": "Alice Liddell"}, now(), actor=None)
    editing.edit(Customer.objects.get(external_id="2"), {"vip": True}, now(), actor=None)
    one = undone(one)
    assert outcomes(one) == [("kept", "Changed since: name"), ("restored", "")]
    assert sorted(Customer.objects.values_list("name", "vip")) == [("Alice Liddell", False), ("Bob", True)]


def test_only_what_was_imported_can_be_undone_and_once() -> None:
    with pytest.raises(DomainError, match="only one that is done"):
        undoing.request(checked(as_csv(ALICE, headings=HEADINGS)), now(), actor=None)
    one = undone(brought(ALICE))
    with pytest.raises(DomainError, match="only one that is done"):
        undoing.request(one, now(), actor=None)
