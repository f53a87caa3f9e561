"""What staff ask of customers by a link, and decide on what comes back."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from customers.accounts import editing
from customers.accounts.models import Customer, CustomerType
from customers.models import ChangeRequest, Contact, CustomerRequest, Purpose, Rating
from customers.requests import answering, asking, deciding, fields
from customers.requests.asking import LinkDead
from customers.requests.deciding import Verdict
from customers.requests.models import Decision
from ispbilling.core.clock import now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, User
from tests import builders

pytestmark = pytest.mark.feature("PRO-5")
YES = Verdict(Decision.APPROVED)


def no(reason: str) -> Verdict:
    return Verdict(Decision.REJECTED, reason)


def kinds(customer: Customer) -> list[str]:
    return list(Event.objects.about(customer).values_list("kind", flat=True))


def test_the_profile_asks_for_an_update_and_can_take_it_back(as_manager: Client, alice: Customer) -> None:
    widget = as_manager.get(alice.get_absolute_url(), {"widget": "account"}).content.decode()
    page = reverse("customers:customer_request_update", args=[alice.pk])
    assert page in widget
    assert reverse("customers:customer_request_rating", args=[alice.pk]) in widget
    found = as_manager.get(page).content.decode()
    assert "alice@example.test and +27821234567" in found
    done = as_manager.post(page, follow=True).content.decode()
    asked = alice.requests.get()
    back = reverse("customers:request_revoke", args=[asked.pk])
    assert back in done
    assert asked.expires_at - asked.asked_at == timedelta(days=14)
    assert (
        "Link sent"
        in as_manager.get(alice.get_absolute_url(), {"widget": "update_requests"}).content.decode()
    )
    assert "link sent before stops" in as_manager.get(page).content.decode()
    as_manager.post(back)
    with pytest.raises(LinkDead):
        asking.find(asking.token(asked), Purpose.UPDATE, now())
    assert "taken back already" in as_manager.post(back).content.decode()
    assert kinds(alice) == ["update_request.taken_back", "update_request.sent"]


def test_who_cannot_be_reached_cannot_be_asked(as_manager: Client, alice: Customer) -> None:
    Contact.objects.filter(customer=alice).update(email="", mobile="")
    page = reverse("customers:customer_request_rating", args=[alice.pk])
    assert "neither an e-mail address nor a mobile" in as_manager.get(page).content.decode()
    as_manager.post(page)
    assert not alice.requests.exists()


def test_asking_again_kills_the_earlier_link_of_that_purpose(alice: Customer) -> None:
    first, rating = (builders.customer_request(p, customer=alice) for p in Purpose)
    second = builders.customer_request(customer=alice)
    with pytest.raises(LinkDead):
        asking.find(asking.token(first), Purpose.UPDATE, now())
    assert asking.find(asking.token(second), Purpose.UPDATE, now()) == second
    assert asking.find(asking.token(rating), Purpose.RATING, now()) == rating


def test_a_link_is_for_one_purpose_one_answer_and_fourteen_days(alice: Customer) -> None:
    asked = builders.customer_request(customer=alice)
    token = asking.token(asked)
    for dead, purpose, at in (
        (token, Purpose.RATING, now()),
        (token[:-1] + ("a" if token[-1] != "a" else "b"), Purpose.UPDATE, now()),
        (token.replace(str(asked.pk), str(asked.pk + 1), 1), Purpose.UPDATE, now()),
        ("", Purpose.UPDATE, now()),
        (token, Purpose.UPDATE, now() + timedelta(days=14, seconds=1)),
    ):
        with pytest.raises(LinkDead):
            asking.find(dead, purpose, at)
    answering.update(token, fields.values(alice), {}, "all is well", now())
    with pytest.raises(LinkDead):
        answering.update(token, fields.values(alice), {"phone": "1"}, "", now())


def test_only_what_changed_is_asked_for_and_nothing_changes_by_itself(alice: Customer) -> None:
    Customer.objects.filter(pk=alice.pk).update(physical_address="4 Rabbit Lane\nOxford")
    alice.refresh_from_db()
    token = asking.token(builders.customer_request(customer=alice))
    seen = fields.values(alice)
    wanted = {**seen, "phone": " 021 555 0199 ", "physical_address": "4 Rabbit Lane \r\nOxford\r\n"}
    made = answering.update(token, seen, wanted, "", now())
    assert [(one.name, one.old, one.new) for one in made.fields.all()] == [("phone", "", "021 555 0199")]
    assert Customer.objects.get(pk=alice.pk).phone == ""
    assert kinds(alice)[0] == "change_request.received"


def test_an_answer_without_changes_confirms_and_needs_nobody(alice: Customer) -> None:
    token = asking.token(builders.customer_request(customer=alice))
    made = answering.update(token, fields.values(alice), fields.values(alice), " ", now())
    assert made.decided_at is not None
    assert kinds(alice)[0] == "change_request.confirmed"


def test_staff_approve_field_by_field_and_reject_with_a_reason(
    as_manager: Client, manager: User, alice: Customer
) -> None:
    Contact.objects.filter(customer=alice).update(more_emails="second@example.test")
    change = builders.change_request(
        customer=alice, phone="021 555 0199", email="new@example.test", physical_address="<b>1 New Rd</b>"
    )
    profile = as_manager.get(alice.get_absolute_url()).content.decode()
    assert "The customer asks to put details right" in profile
    page = change.get_absolute_url()
    found = as_manager.get(page).content.decode()
    assert "&lt;b&gt;1 New Rd&lt;/b&gt;" in found
    assert "call the customer on the number you have" in found
    data = {"phone": "approved", "email": "approved", "physical_address": "rejected"}
    assert "Say why it is rejected." in as_manager.post(page, data).content.decode()
    as_manager.post(page, {**data, "physical_address_reason": "not a street"})
    alice.refresh_from_db()
    contact = alice.contacts.get()
    assert (alice.phone, alice.physical_address) == ("021 555 0199", "")
    assert contact.emails == ["new@example.test", "second@example.test"]
    change.refresh_from_db()
    assert change.decided_at is not None
    rejected = change.fields.get(decision="rejected")
    assert (rejected.reason, rejected.decided_by) == ("not a street", manager)
    assert kinds(alice)[:2] == ["change_request.decided", "customer.edited"]
    assert "asks to put details right" not in as_manager.get(alice.get_absolute_url()).content.decode()
    assert "Everything in it is decided." in as_manager.get(page).content.decode()


def test_what_is_left_for_later_stays_open(as_manager: Client, manager: User) -> None:
    change = builders.change_request(phone="021 555 0199", postal_address="PO Box 1")
    deciding.decide(change, {"phone": YES}, now(), actor=manager)
    change.refresh_from_db()
    assert change.decided_at is None
    there = reverse("customers:change_request_list")
    assert str(change.customer) in as_manager.get(there).content.decode()
    with pytest.raises(DomainError, match="Decided already: Telephone"):
        deciding.decide(change, {"phone": YES}, now(), actor=manager)
    deciding.decide(change, {"postal_address": no("no post there")}, now(), actor=manager)
    assert str(change.customer) not in as_manager.get(there).content.decode()
    with pytest.raises(DomainError, match="decided already"):
        deciding.decide(change, {}, now(), actor=manager)


def test_what_was_changed_meanwhile_is_not_overwritten(manager: User, alice: Customer) -> None:
    change = builders.change_request(customer=alice, phone="021 555 0199", postal_address="PO Box 1")
    editing.edit(alice, {"phone": "021 555 0777"}, now(), actor=manager)
    with pytest.raises(editing.ChangedMeanwhile, match="it is now “021 555 0777”"):
        deciding.decide(change, {"phone": YES, "postal_address": YES}, now(), actor=manager)
    alice.refresh_from_db()
    assert (alice.phone, alice.postal_address) == ("021 555 0777", "")
    editing.edit(alice, {"phone": "021 555 0199"}, now(), actor=manager)
    deciding.decide(change, {"phone": YES, "postal_address": YES}, now(), actor=manager)
    assert Customer.objects.get(pk=alice.pk).postal_address == "PO Box 1"


def test_a_new_name_takes_the_contact_of_the_same_name_along(manager: User, alice: Customer) -> None:
    change = builders.change_request(customer=alice, name="Alice Hargreaves")
    deciding.decide(change, {"name": YES}, now(), actor=manager)
    assert alice.contacts.get().name == Customer.objects.get(pk=alice.pk).name == "Alice Hargreaves"


def test_what_the_edit_form_would_refuse_is_not_approved(manager: User, alice: Customer) -> None:
    change = builders.change_request(customer=alice, name="", email="nonsense")
    for name, words in (("name", "needs a name"), ("email", "no e-mail address")):
        with pytest.raises(DomainError, match=words):
            deciding.decide(change, {name: YES}, now(), actor=manager)


def test_a_company_is_asked_for_its_contact_person_and_vat_number() -> None:
    company = builders.customer(type=CustomerType.COMPANY)
    assert {"contact_name", "vat_number"} <= set(fields.values(company))
    assert not {"id_number", "code", "discount"} & set(fields.LABELS)


def test_ratings_are_averaged_and_a_low_one_waits_for_someone(
    as_manager: Client, manager: User, alice: Customer
) -> None:
    builders.rating(5, "<i>Fast</i>", customer=alice)
    low = builders.rating(2, customer=alice)
    assert kinds(alice)[0] == "rating.low"
    widget = as_manager.get(alice.get_absolute_url(), {"widget": "ratings"}).content.decode()
    assert "3.5" in widget
    assert "from 2 ratings" in widget
    assert "★★☆☆☆" in widget
    assert "&lt;i&gt;Fast" in widget
    assert "low rating nobody has dealt with" in as_manager.get("/").content.decode()
    waiting = reverse("customers:rating_list") + "?state=waiting"
    assert "Too slow" in as_manager.get(waiting).content.decode()
    page = reverse("customers:rating_handle", args=[low.pk])
    as_manager.post(page, {"note": "Called, moved to another tower"})
    assert "Too slow" not in as_manager.get(waiting).content.decode()
    low.refresh_from_db()
    assert (low.handled_by, low.handled_note) == (manager, "Called, moved to another tower")
    assert "dealt with it already" in as_manager.post(page, {"note": "again"}).content.decode()


def test_the_database_refuses_nonsense(alice: Customer) -> None:
    rating, change = builders.rating(customer=alice), builders.change_request(customer=alice)
    asked = builders.customer_request(customer=alice)
    for rows, wrong, name in (
        (Rating.objects.filter(pk=rating.pk), {"score": 6}, "one_to_five"),
        (change.fields.all(), {"decision": "rejected"}, "for_a_reason"),
        (
            CustomerRequest.objects.filter(pk=asked.pk),
            {"answered_at": now(), "revoked_at": now()},
            "or_revoked",
        ),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            rows.update(**wrong)
    asked.pk = None
    with pytest.raises(IntegrityError, match="one_open"), transaction.atomic():
        asked.save(force_insert=True)
    assert ChangeRequest.objects.open().count() == 1
