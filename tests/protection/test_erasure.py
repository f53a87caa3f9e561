"""Forgetting a person: refused while law or money need it, then nothing of them is left but the books."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from billing.banking import importing
from billing.documents import credit
from billing.documents import verification as papers
from billing.ledger import verification
from billing.merging import merging, undoing
from billing.models import Balance, Document
from billing.payments import returning
from billing.payments.returning import Why
from customers.accounts import deletion, editing, gates
from customers.models import Customer, Erasure, GateKind, Note
from ispbilling.core import events
from ispbilling.core.clock import local_day, now
from ispbilling.core.errors import DomainError
from ispbilling.core.files import keeping
from ispbilling.core.models import Event, Role, User
from ispbilling.protection import erasing, subject
from tests import builders

pytestmark = pytest.mark.feature("PRO-3")
YEARS = timedelta(days=6 * 366)
NEEDLES = (
    "Liddell",
    "alice@example.test",
    "0825550143",
    "4 Rabbit Lane",
    "8001015009087",
    "alice-line",
    "AA-BB-CC",
)


@pytest.fixture
def owner(db: None) -> User:
    return builders.staff(Role.OWNER)


@pytest.fixture
def long_gone(alice: Customer) -> Customer:
    """Alice, known in every app, who left six years ago and owes nothing."""
    then = now() - YEARS
    values = {
        "id_number": "8001015009087",
        "phone": "0825550143",
        "physical_address": "4 Rabbit Lane\nOxford",
    }
    editing.edit(alice, values, then, actor=None)
    builders.portal_user(alice, email="alice@example.test", last_name="Liddell")
    builders.note(customer=alice, text="Mrs Liddell called")
    builders.attachment(b"Liddell's lease", "Liddell.txt", customer=alice)
    line = builders.data_account(customer=alice, username="alice-line", secret="s", mac_lock="AA-BB-CC")
    builders.session(data_account=line, calling_station_id="AA-BB-CC")
    builders.auth_attempt(username="Alice-Line", calling_station_id="AA-BB-CC")
    builders.message(customer=alice, body_text="Dear Mrs Liddell", body_html="Liddell")
    alice.refresh_from_db()
    invoice = builders.invoice(alice)
    credit.credit(invoice, invoice.issued_on, now(), actor=None, reason="never delivered")
    pay_and_take_back(alice)
    gates.close(alice, GateKind.SUSPENDED, then, actor=None, reason="Mrs Liddell did not pay")
    gates.close(alice, GateKind.DELETED, then, actor=None, reason="moved")
    assert invoice.party.name == "Alice Liddell"
    return alice


def pay_and_take_back(alice: Customer) -> None:
    """A payment typed by hand, and one from a bank statement, neither of which stands."""
    statement = b"Date,Amount,Description\n2026-11-04,115.00,ALI001 A LIDDELL Liddell\n"
    one = importing.post(importing.receive(statement, "nov.csv", now(), actor=None), now(), actor=None)
    importing.post_line(one.lines.get().pk, now())
    builders.payment(alice, reference="A Liddell", note="Mrs Liddell came by")
    for payment in alice.payments.all():
        on = local_day(now())
        returning.take_back(payment, Why.MISTAKE, on, now(), actor=None, reason="Mrs Liddell called")


def everywhere(needle: str) -> list[str]:
    """Every table and column of the database in which the text stands."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND (data_type LIKE 'char%%' OR data_type IN ('text', 'jsonb', 'inet', 'json'))"
        )
        for table, column in cursor.fetchall():
            cursor.execute(
                f'SELECT 1 FROM "{table}" WHERE "{column}"::text ILIKE %s LIMIT 1', [f"%{needle}%"]
            )
            if cursor.fetchone():
                found.append(f"{table}.{column}")
    return found


def test_nothing_of_the_person_is_left_anywhere(
    long_gone: Customer, owner: User, django_capture_on_commit_callbacks: Any
) -> None:
    file = keeping.place(long_gone.attachments.get().path)
    assert everywhere("Liddell")
    with django_capture_on_commit_callbacks(execute=True):
        erasing.erase(long_gone, "retention is over", now(), actor=owner)
    assert {needle: everywhere(needle) for needle in NEEDLES} == dict.fromkeys(NEEDLES, [])
    assert not file.exists()
    long_gone.refresh_from_db()
    assert (long_gone.code, long_gone.name, long_gone.id_number) == ("ALI001", "(erased)", "")


def test_the_books_stay_and_still_prove_themselves(long_gone: Customer, owner: User) -> None:
    paper = long_gone.documents.first()
    before = (paper.reference, paper.total, bytes(paper.party.digest))
    erasing.erase(long_gone, "retention is over", now(), actor=owner)
    paper = long_gone.documents.first()
    assert (paper.reference, paper.total, bytes(paper.party.digest)) == before
    assert paper.party.name == "(erased)"
    assert [*verification.findings(papers.document_digests), *papers.findings()] == []


def test_records_that_were_merged_go_and_are_handed_out_together(
    long_gone: Customer, bob: Customer, owner: User
) -> None:
    builders.note(customer=bob, text="Alice Liddell once called herself Bob")
    paper = builders.invoice(bob)
    credit.credit(paper, paper.issued_on, now(), actor=None, reason="twice")
    deletion.undelete(long_gone, now(), actor=owner)
    joined = merging.merge(long_gone, bob, {}, now(), actor=owner)
    gates.close(long_gone, GateKind.DELETED, now(), actor=owner, since=now() - YEARS)
    assert {row["text"] for row in subject.records(Note, long_gone)} == {
        "Mrs Liddell called",
        "Alice Liddell once called herself Bob",
    }
    parties = {row.party.name for row in subject.rows_of(Document, long_gone)}
    assert parties == {"Alice Liddell", "Bob Plumbing"}
    with pytest.raises(DomainError, match="erase that customer"):
        erasing.erase(bob, "asked", now(), actor=owner)
    erasing.erase(long_gone, "retention is over", now(), actor=owner)
    for needle in (*NEEDLES, "Plumbing", "bob@example.test"):
        assert everywhere(needle) == [], needle
    assert Erasure.objects.count() == 2
    assert "erased for good" in undoing.refusals(joined, now())[0]


def test_it_is_recorded_with_what_it_did(long_gone: Customer, owner: User) -> None:
    erasing.erase(long_gone, "retention is over", now(), actor=owner)
    event = Event.objects.about(long_gone).first()
    assert (event.kind, event.actor, event.data["reason"]) == ("customer.erased", owner, "retention is over")
    assert event.data["counts"]["notes"] == 1
    kinds = set(Event.objects.about(long_gone).values_list("kind", flat=True))
    assert {"customer.edited", "customer.deleted"} <= kinds, "that it happened stays"
    with pytest.raises(DomainError, match="is erased already"):
        erasing.erase(long_gone, "again", now(), actor=owner)
    with pytest.raises(DomainError, match="add the person as a new customer"):
        deletion.undelete(long_gone, now(), actor=owner)


def test_it_is_refused_while_it_is_too_early_or_something_is_owed(alice: Customer, owner: User) -> None:
    def refused(at: datetime) -> str:
        with pytest.raises(DomainError) as refusal:
            erasing.erase(alice, "asked", at, actor=owner)
        return str(refusal.value)

    assert "has not ended" in refused(now())
    gates.close(alice, GateKind.DELETED, now(), actor=None)
    assert "kept for 5 years" in refused(now() + timedelta(days=5 * 365 - 3))
    Balance.objects.create(customer=alice, amount=Decimal("1.00"))
    assert "Its balance is R 1.00" in refused(now() + YEARS)
    assert not Erasure.objects.exists()


def test_the_page_says_what_goes_and_stays_and_wants_the_code(long_gone: Customer, owner: User) -> None:
    page = reverse("protection:erase", args=[long_gone.pk])
    client = Client()
    client.force_login(owner)
    found = client.get(page).content.decode()
    assert "cannot be taken back" in found
    assert "Blanked: Notes, deleted (1)." in found
    assert "Kept: Numbers, dates and amounts of invoices and credit notes (2)." in found
    wrong = client.post(page, {"reason": "over", "code": "BOB001"}).content.decode()
    assert "Type ALI001 to confirm" in wrong
    assert not Erasure.objects.exists()
    done = client.post(page, {"reason": "over", "code": "ali001"}, follow=True).content.decode()
    assert "The personal data of ALI001 is erased." in done
    assert "Personal data erased on" in client.get(long_gone.get_absolute_url()).content.decode()
    assert "is erased already" in client.get(page).content.decode()


def test_only_the_owner_may(long_gone: Customer, as_manager: Client) -> None:
    assert as_manager.post(reverse("protection:erase", args=[long_gone.pk])).status_code == 403


def test_every_table_about_a_customer_has_its_fate_decided() -> None:
    """A new table fails here: name it in BLANKED, with the act that blanks it, or in KEPT with the reason."""
    labels = {model._meta.label for model in subject.tables()}
    assert labels == {*erasing.BLANKED, *erasing.KEPT}
    assert not set(erasing.BLANKED) & set(erasing.KEPT)


def test_the_log_admits_erasing_and_nothing_else(alice: Customer) -> None:
    events.record("customer.added", alice)
    for change in ("label = 'x'", "data = '{\"a\": 1}'", "label = '(erased)', data = '{\"a\": 1}'"):
        with pytest.raises(DatabaseError, match="can only be erased"), transaction.atomic():
            connection.cursor().execute(f"UPDATE core_event SET {change}")
    assert events.erase([alice]) == 1
