"""Verify Customer ID: what was checked, how, until when; the list tells who is verified and who is not."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from customers.accounts.models import Customer, CustomerType
from customers.files import attaching
from customers.models import Verification
from customers.verification import verifying
from customers.verification.models import DocumentType, Method
from customers.verification.verifying import Checked
from ispbilling.core.clock import local_day, now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, User
from tests import builders

pytestmark = pytest.mark.feature("PRO-3")
TODAY = local_day(now())


@pytest.fixture
def known(alice: Customer) -> Customer:
    """Alice, whose valid ID number is stored."""
    Customer.objects.filter(pk=alice.pk).update(id_number="8001015009087")
    alice.refresh_from_db()
    return alice


def checked(**more: object) -> Checked:
    return Checked(
        **{"document_type": DocumentType.SA_ID, "method": Method.FACE_TO_FACE, "verified_on": TODAY, **more}
    )


def listed(client: Client, verified: str) -> list[str]:
    page = client.get("/customers/", {"verified": verified})
    return [row.record.code for row in page.context["table"].paginated_rows]


def widget(client: Client, customer: Customer) -> str:
    return client.get(customer.get_absolute_url(), {"widget": "verification"}).content.decode()


def test_it_records_document_method_copies_and_proof(
    as_manager: Client, manager: User, known: Customer
) -> None:
    copy = builders.attachment(b"x", "id.txt", customer=known, description="ID card")
    bill = builders.attachment(b"x", "bill.txt", customer=known)
    page = reverse("customers:customer_verify", args=[known.pk])
    found = as_manager.get(page).content.decode()
    assert "by it the person was born on 1980-01-01" in found
    assert "ID card (id.txt)" in found
    assert "Not verified" in widget(as_manager, known)
    data = {
        "document_type": "sa_id", "method": "certified_copy", "verified_on": str(TODAY),
        "documents": [copy.pk], "proof_of_address": bill.pk, "proof_dated_on": str(TODAY - timedelta(days=30)),
    }  # fmt: skip
    assert "is verified." in as_manager.post(page, data, follow=True).content.decode()
    made = known.verifications.get()
    assert (made.verified_by, list(made.documents.all()), made.proof_of_address) == (manager, [copy], bill)
    shown = widget(as_manager, known)
    for words in ("Verified", "Certified copy", "ID card", "bill.txt", str(manager)):
        assert words in shown
    event = Event.objects.about(known).first()
    assert (event.kind, event.actor) == ("customer.verified", manager)
    assert "8001015009087" not in str(event.data)


@pytest.mark.feature("LST-5")
def test_the_list_tells_verified_from_not_verified(
    as_manager: Client, manager: User, known: Customer, bob: Customer
) -> None:
    carol = builders.customer(code="CAR001", id_number="A1234567")
    then = TODAY - timedelta(days=400)
    passport = checked(
        document_type=DocumentType.PASSPORT, verified_on=then, expires_on=then + timedelta(days=30)
    )
    verifying.verify(carol, passport, now(), actor=manager)
    verifying.verify(known, checked(expires_on=TODAY), now(), actor=manager)
    assert listed(as_manager, "yes") == ["ALI001"]
    assert listed(as_manager, "no") == ["BOB001", "CAR001"]
    assert "Not verified: expired" in widget(as_manager, carol)
    verifying.revoke(known, "The card was stolen", now(), actor=manager)
    assert listed(as_manager, "yes") == []
    assert listed(as_manager, "no") == ["ALI001", "BOB001", "CAR001"]


def test_it_is_revoked_for_a_reason_and_stays_as_history(
    as_manager: Client, manager: User, known: Customer
) -> None:
    verifying.verify(known, checked(), now(), actor=manager)
    page = reverse("customers:customer_verification_revoke", args=[known.pk])
    assert "required" in as_manager.post(page, {"reason": ""}).content.decode()
    as_manager.post(page, {"reason": "The card was stolen"})
    assert "The card was stolen" in widget(as_manager, known)
    assert "is not verified" in as_manager.post(page, {"reason": "again"}).content.decode()
    verifying.verify(known, checked(), now(), actor=manager)
    verifying.verify(known, checked(method=Method.DATABASE), now(), actor=manager)
    assert [v.revoke_reason for v in known.verifications.all()] == [
        "",
        "Verified anew",
        "The card was stolen",
    ]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"verified_on": TODAY + timedelta(days=1)}, "yet to come"),
        ({"expires_on": TODAY - timedelta(days=1)}, "had expired"),
        ({"proof_dated_on": TODAY}, "needs its file and its date"),
    ],
)
def test_a_check_that_cannot_be_is_refused(known: Customer, manager: User, more: dict, words: str) -> None:
    with pytest.raises(DomainError, match=words):
        verifying.verify(known, checked(**more), now(), actor=manager)


@pytest.mark.parametrize(
    ("dated", "words"),
    [(date(2026, 7, 31), "older than 3 months"), (date(2026, 11, 2), "dated after"), (date(2026, 8, 1), "")],
)
def test_a_proof_of_address_is_at_most_three_months_old(
    known: Customer, manager: User, dated: date, words: str
) -> None:
    bill = builders.attachment(b"x", "bill.txt", customer=known)
    proof = checked(verified_on=date(2026, 11, 1), proof_of_address=bill, proof_dated_on=dated)
    if words:
        with pytest.raises(DomainError, match=words):
            verifying.verify(known, proof, now(), actor=manager)
    else:
        verifying.verify(known, proof, now(), actor=manager)


def test_a_south_african_id_needs_a_valid_number_and_a_person_any_number(
    as_manager: Client, manager: User, alice: Customer
) -> None:
    page = reverse("customers:customer_verify", args=[alice.pk])
    assert "No ID or passport number is stored" in as_manager.get(page).content.decode()
    Customer.objects.filter(pk=alice.pk).update(id_number="A1234567")
    with pytest.raises(DomainError, match="correct it, or choose Passport"):
        verifying.verify(alice, checked(), now(), actor=manager)
    verifying.verify(alice, checked(document_type=DocumentType.PASSPORT), now(), actor=manager)
    company = builders.customer(type=CustomerType.COMPANY)
    verifying.verify(company, checked(document_type=DocumentType.COMPANY), now(), actor=manager)


def test_what_it_rests_on_is_not_removed(
    as_manager: Client, manager: User, known: Customer, bob: Customer
) -> None:
    copy = builders.attachment(b"x", "id.txt", customer=known)
    others = builders.attachment(b"x", "id.txt", customer=bob)
    with pytest.raises(DomainError, match="removed meanwhile"):
        verifying.verify(known, checked(documents=[others]), now(), actor=manager)
    verifying.verify(known, checked(documents=[copy]), now(), actor=manager)
    with pytest.raises(DomainError, match="revoke that first"):
        attaching.remove(copy, now(), actor=manager)
    page = reverse("customers:attachment_remove", args=[copy.pk])
    assert "revoke that first" in as_manager.get(page).content.decode()
    verifying.revoke(known, "over", now(), actor=manager)
    attaching.remove(copy, now(), actor=manager)


def test_the_database_refuses_nonsense(known: Customer, manager: User) -> None:
    made = verifying.verify(known, checked(), now(), actor=manager)
    rows = Verification.objects.filter(pk=made.pk)
    for wrong, name in (
        ({"expires_on": TODAY - timedelta(days=1)}, "document_was_valid"),
        ({"revoked_at": now()}, "for_a_reason"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            rows.update(**wrong)
    made.pk = None
    with pytest.raises(IntegrityError, match="one_standing"), transaction.atomic():
        made.save(force_insert=True)
