"""Issuing: paper with gapless numbers, posted in the same transaction; taken back only by a credit note."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal
from hashlib import sha256

import pytest
from django.db import IntegrityError, connection, transaction

from billing.documents import credit, issuing
from billing.documents.digests import document_body, document_digest
from billing.documents.issuing import financial_year
from billing.documents.verification import findings
from billing.models import Balance, Document, NumberSequence, Party, Posting
from customers.models import Customer
from ispbilling.core.clock import day_start, now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event
from tests import builders

DAY = date(2026, 11, 1)


@pytest.mark.parametrize(
    ("on", "end_month", "year"),
    [
        (date(2026, 11, 1), 2, 2026),
        (date(2027, 2, 28), 2, 2026),
        (date(2027, 3, 1), 2, 2027),
        (date(2026, 12, 31), 12, 2026),
        (date(2027, 1, 1), 12, 2027),
    ],
)
def test_the_year_of_a_number_is_that_in_which_the_financial_year_began(
    on: date, end_month: int, year: int
) -> None:
    assert financial_year(on, end_month) == year


def test_an_invoice_is_numbered_posted_and_announced(alice: Customer) -> None:
    made = Document.objects.get(pk=builders.invoice(alice).pk)
    assert made.reference == "INV-2026-000001"
    assert (made.net, made.vat, made.total) == (Decimal("100.00"), Decimal("15.00"), Decimal("115.00"))
    assert made.postings.get().memo == "Invoice INV-2026-000001"
    assert Balance.objects.get(customer=alice).amount == Decimal("115.00")
    event = Event.objects.get(kind="invoice.issued")
    assert (event.subject_id, event.about_id) == (made.pk, alice.pk)
    assert event.data == {"reference": "INV-2026-000001", "total": "115.00", "due_on": "2026-11-08"}
    assert list(findings()) == []


def test_numbers_follow_each_other_per_kind_and_year(alice: Customer) -> None:
    first, _, third = (builders.invoice(alice, on=on) for on in (DAY, date(2027, 3, 1), DAY))
    note = credit.credit(first, DAY, day_start(DAY), actor=None, reason="twice")
    assert [third.reference, note.reference] == ["INV-2026-000002", "CN-2026-000001"]
    assert sorted(NumberSequence.objects.values_list("kind", "year", "last")) == [
        ("credit_note", 2026, 1),
        ("invoice", 2026, 2),
        ("invoice", 2027, 1),
    ]


def test_a_party_is_stored_once_until_it_changes(alice: Customer) -> None:
    builders.invoice(alice)
    builders.invoice(alice)
    alice.name = "Alice Hargreaves"
    builders.invoice(alice)
    assert [party.name for party in Party.objects.order_by("pk")] == ["Alice Liddell", "Alice Hargreaves"]


def test_text_with_tabs_and_newlines_survives(alice: Customer) -> None:
    alice.name, alice.physical_address = "Tab\there \\N", "1 Long Street\nCape Town\r\n8001"
    party = builders.invoice(alice).party
    assert (party.name, party.address) == ("Tab\there \\N", "1 Long Street\nCape Town\r\n8001")


def test_a_credit_note_mirrors_and_points_back(alice: Customer) -> None:
    made = builders.invoice(alice)
    note = credit.credit(made, DAY, day_start(DAY), actor=None, reason="wrong address")
    assert (note.corrects_id, note.total, note.party_id) == (made.pk, Decimal("-115.00"), made.party_id)
    assert note.lines.get().quantity == -1
    assert note.postings.get().memo == f"Credit note {note.reference} for {made.reference}: wrong address"
    assert Balance.objects.get(customer=alice).amount == 0
    assert list(findings()) == []


def test_an_invoice_is_credited_once_and_a_credit_note_never(alice: Customer) -> None:
    made = builders.invoice(alice)
    note = credit.credit(made, DAY, day_start(DAY), actor=None, reason="wrong")
    with pytest.raises(DomainError, match="credited already"):
        credit.credit(made, DAY, day_start(DAY), actor=None, reason="wrong")
    with pytest.raises(DomainError, match="not an invoice"):
        credit.credit(note, DAY, day_start(DAY), actor=None, reason="wrong")
    assert Document.objects.count() == 2


def test_a_credit_note_is_not_dated_before_its_invoice(alice: Customer) -> None:
    with pytest.raises(DomainError, match="before its invoice"):
        credit.credit(builders.invoice(alice), date(2026, 10, 31), day_start(DAY), actor=None, reason="wrong")
    with pytest.raises(DomainError, match="dated in the future"):
        credit.credit(builders.invoice(alice), date(2026, 11, 2), day_start(DAY), actor=None, reason="wrong")


def test_a_document_of_nothing_is_not_issued(alice: Customer) -> None:
    with pytest.raises(DomainError, match="0.00"):
        builders.invoice(alice, net="0.00", vat="0.00")


def test_documents_are_not_deleted(alice: Customer) -> None:
    with pytest.raises(TypeError, match="credit note"):
        builders.invoice(alice).delete()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_number_taken_by_a_transaction_that_fails_is_given_again(alice: Customer) -> None:
    def fail() -> None:
        with transaction.atomic():
            builders.invoice(alice)
            raise DomainError("the power went")

    with pytest.raises(DomainError):
        fail()
    assert builders.invoice(alice).number == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_connections_give_every_number_once(alice: Customer, bob: Customer) -> None:
    def work(customer: Customer) -> None:
        try:
            for _ in range(15):
                builders.invoice(customer)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, [alice, bob, alice, bob]))
    assert sorted(Document.objects.values_list("number", flat=True)) == list(range(1, 61))
    assert Posting.objects.count() == 60
    assert list(findings()) == []


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_same_cause_does_not_issue_twice(alice: Customer) -> None:
    made = builders.invoice(alice)
    twice = credit.mirrors([made, made], DAY, "twice")
    with pytest.raises(IntegrityError, match="corrected_once"), transaction.atomic():
        issuing.issue(twice, DAY, now())
    assert Document.objects.count() == 1


def test_a_document_is_hashed_as_one_list_though_its_numbers_come_late() -> None:
    line = (
        7,
        "Fibre",
        Decimal(1),
        Decimal(115),
        Decimal(0),
        Decimal(15),
        Decimal(100),
        Decimal(15),
        Decimal(115),
    )
    amounts = (Decimal(100), Decimal(15), Decimal(115))
    head = ("invoice", 2026, 1, 'INV"1', 3, 4, b"\x01\xff", None, None, DAY, date(2026, 11, 8))
    told = (
        r'["invoice",2026,1,"INV\"1",3,4,"01ff",null,null,"2026-11-01","2026-11-08",["100.00","15.00","115.00"],'
        r'[7,"Fibre","1.00","115.0000",["0.00","15.00","100.00","15.00","115.00"]],["why"]]'
    )
    digest = document_digest(head, document_body(amounts, [line], ("why", "", "")))
    assert digest == sha256(told.encode()).digest()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_what_refers_to_nothing_is_refused_without_waiting_for_numbers(alice: Customer) -> None:
    drafts = credit.mirrors([builders.invoice(alice)], DAY, "wrong")
    item = drafts[0].items[0]._replace(recurring_line_id=999)

    def issue_for_nobody() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '5s'")
                issuing.issue_rows([replace(drafts[0], items=(item,))], DAY, now())
        finally:
            connection.close()

    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        issuing.take_numbers("credit_note", 2026, 1)
        with pytest.raises(IntegrityError, match="recurring_line_id"):
            pool.submit(issue_for_nobody).result()
