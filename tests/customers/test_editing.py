"""Edits are recorded with old and new values, lose nobody's work, and keep exactly one primary contact."""

import threading

import pytest
from django.db import connection, transaction

from customers.accounts import editing, numbering
from customers.accounts.editing import ChangedMeanwhile, ContactValues
from customers.accounts.models import Contact, Customer
from customers.accounts.onboarding import CodeTaken
from groups.models import Label
from ispbilling.core.clock import now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, User
from tests import builders


@pytest.mark.feature("EDT-2")
def test_it_records_what_changed_and_nothing_else(alice: Customer, manager: User) -> None:
    label = Label.objects.create(title="Tower 3")
    values = {"phone": "021 555 0000", "name": alice.name, "labels": [label]}
    editing.edit(alice, values, now(), actor=manager)
    event = Event.objects.get(kind="customer.edited")
    assert event.data["changes"] == {"phone": ["", "021 555 0000"], "labels": ["", "Tower 3"]}
    editing.edit(alice, values, now(), actor=manager)
    assert Event.objects.filter(kind="customer.edited").count() == 1


def test_it_keeps_the_id_number_out_of_the_log(alice: Customer) -> None:
    editing.edit(alice, {"id_number": "8001015009087"}, now(), actor=None)
    assert Customer.objects.get(pk=alice.pk).id_number == "8001015009087"
    assert "8001015009087" not in str(Event.objects.get(kind="customer.edited").data)


def test_it_refuses_to_overwrite_what_a_colleague_saved_meanwhile(alice: Customer, manager: User) -> None:
    seen = editing.fingerprint(alice)
    editing.edit(alice, {"phone": "1"}, now(), actor=manager, seen=seen)
    with pytest.raises(ChangedMeanwhile, match="phone"):
        editing.edit(alice, {"phone": "2"}, now(), actor=None, seen=seen)
    assert Customer.objects.get(pk=alice.pk).phone == "1"


@pytest.mark.feature("ACC-11")
def test_it_keeps_the_old_code_as_an_alias(alice: Customer, bob: Customer) -> None:
    edited = editing.edit(alice, {"code": "wonder/1"}, now(), actor=None)
    assert edited.code == "WONDER/1"
    assert numbering.is_taken("ALI001")
    with pytest.raises(CodeTaken):
        editing.edit(bob, {"code": "ALI001"}, now(), actor=None)
    assert editing.edit(edited, {"code": "ALI001"}, now(), actor=None).code == "ALI001"


@pytest.mark.feature("EDT-8")
@pytest.mark.feature("EDT-9")
def test_it_adds_removes_and_changes_contacts_and_moves_the_primary(alice: Customer) -> None:
    first = alice.contacts.get()
    login = builders.portal_user(alice)
    wanted = [
        ContactValues(pk=first.pk, name="Alice", email="a@example.test"),
        ContactValues(name="Hatter", email="h@example.test", primary=True),
    ]
    editing.edit(alice, {}, now(), actor=None, contacts=wanted)
    assert list(alice.contacts.values_list("name", "primary")) == [("Hatter", True), ("Alice", False)]
    login.refresh_from_db()
    assert login.email == "h@example.test"
    hatter = alice.contacts.get(primary=True)
    editing.edit(alice, {}, now(), actor=None, contacts=[ContactValues(pk=hatter.pk, name="H", primary=True)])
    assert list(alice.contacts.values_list("name", flat=True)) == ["H"]


@pytest.mark.feature("EDT-9")
@pytest.mark.parametrize("primaries", [0, 2])
def test_it_refuses_none_or_two_primary_contacts(alice: Customer, primaries: int) -> None:
    wanted = [ContactValues(name=f"C{n}", primary=n < primaries) for n in range(3)]
    with pytest.raises(DomainError, match="one contact"):
        editing.edit(alice, {"phone": "9"}, now(), actor=None, contacts=wanted)
    assert Customer.objects.get(pk=alice.pk).phone == ""


def test_it_never_touches_the_contacts_of_another_customer(alice: Customer, bob: Customer) -> None:
    foreign = bob.contacts.get()
    wanted = [ContactValues(pk=foreign.pk, name="X", primary=True)]
    with pytest.raises(ChangedMeanwhile):
        editing.edit(alice, {}, now(), actor=None, contacts=wanted)
    assert Contact.objects.get(pk=foreign.pk).name == "Bob Plumbing"
    assert alice.contacts.count() == 1


@pytest.mark.feature("PWD-1")
@pytest.mark.feature("PWD-3")
def test_it_renames_sets_and_resets_the_login(alice: Customer, bob: Customer, manager: User) -> None:
    login = builders.portal_user(alice).portal_login
    builders.portal_user(bob)
    editing.rename_login(login, "jen004", now(), actor=manager)
    with pytest.raises(DomainError, match="in use"):
        editing.rename_login(login, "BOB001", now(), actor=manager)
    editing.set_password(login, "a long new password", now(), actor=manager)
    editing.request_reset(login, now(), actor=manager)
    login.user.refresh_from_db()
    assert login.user.check_password("a long new password")
    kinds = list(Event.objects.about(alice).values_list("kind", flat=True))
    assert kinds == ["portal_login.reset_requested", "portal_login.password_set", "portal_login.edited"]
    assert "a long new password" not in str(list(Event.objects.values_list("data", flat=True)))


@pytest.mark.feature("ACC-11")
@pytest.mark.django_db(transaction=True)
def test_two_people_who_want_the_same_at_once_are_told() -> None:
    """The second waits at the unique index until the first is stored, and gets a sentence, not a fault."""
    alice, bob = builders.customer(code="ALI001"), builders.customer(code="BOB001")
    said: list[str] = []
    values = {"code": "OWN"}

    def second() -> None:
        try:
            editing.edit(bob, values, now(), actor=None)
        except DomainError as refusal:
            said.append(str(refusal))
        finally:
            connection.close()

    thread = threading.Thread(target=second)
    with transaction.atomic():
        editing.edit(alice, values, now(), actor=None)
        thread.start()
        thread.join(0.5)
        assert thread.is_alive(), "the index makes the second wait for the first"
    thread.join(10)
    assert said
    assert said[0].startswith("Another customer has")
    assert Customer.objects.filter(**values).count() == 1
