"""What somebody who owns the database can still do to the books is found and named."""

from datetime import date

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from billing.documents import credit
from billing.documents.verification import findings
from billing.models import ChainHead, Document, Posting
from customers.models import Customer
from ispbilling.core.clock import now
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def books(alice: Customer, bob: Customer) -> list[Document]:
    made = [builders.invoice(customer) for customer in (alice, bob, alice)]
    return [*made, credit.credit(made[1], date(2026, 11, 2), now(), actor=None, reason="wrong")]


def tamper(*statements: str) -> None:
    """As a superuser would: past the triggers."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("SET LOCAL session_replication_role = origin")


def test_untouched_books_verify_and_print_their_anchor(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("verify_ledger")
    head = ChainHead.objects.get()
    assert capsys.readouterr().out == f"4 postings verified. Anchor: 4:{bytes(head.hash).hex()}\n"


def test_the_command_fails_when_something_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    tamper("UPDATE billing_balance SET amount = 0")
    with pytest.raises(CommandError, match="1 findings"):
        call_command("verify_ledger")
    assert capsys.readouterr().out == "the balance of ALI001 is 0.00, its lines say 230.00\n"


@pytest.mark.feature("W-5")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_line SET amount = amount * 2 WHERE posting_id = {pk}",
        "UPDATE billing_posting SET posted_on = '2026-01-01' WHERE id = {pk}",
        "UPDATE billing_document SET due_on = '2027-01-01' WHERE id = {document}",
        "UPDATE billing_documentline SET description = 'Something else' WHERE document_id = {document}",
        "UPDATE billing_document SET reference = 'INV-2026-000099' WHERE id = {document}",
    ],
)
def test_an_edited_row_names_its_posting(statement: str) -> None:
    posting = Posting.objects.order_by("pk")[1]
    tamper(statement.format(pk=posting.pk, document=posting.document_id))
    assert next(findings()) == f"posting {posting.pk} ({posting.source_key}) does not match its digest"


def test_a_deleted_posting_is_found_in_its_seal() -> None:
    pk = Posting.objects.order_by("pk")[1].pk
    tamper(
        f"DELETE FROM billing_line WHERE posting_id = {pk}", f"DELETE FROM billing_posting WHERE id = {pk}"
    )
    assert next(findings()) == "seal 2 has 0 of its 1 postings"


@pytest.mark.feature("W-5")
def test_a_tail_that_was_cut_off_is_found_by_the_head_and_the_numbers() -> None:
    last = Posting.objects.order_by("pk").last()
    tamper(
        f"DELETE FROM billing_line WHERE posting_id = {last.pk}",
        f"DELETE FROM billing_posting WHERE id = {last.pk}",
        f"DELETE FROM billing_documentline WHERE document_id = {last.document_id}",
        f"DELETE FROM billing_document WHERE id = {last.document_id}",
        "DELETE FROM billing_seal WHERE seq = 4",
    )
    found = list(findings())
    assert found[0] == "the chain head is at seal 4, the seals end at 3"
    assert "credit_note 2026 number 1 is missing" in found


def test_a_seal_that_was_taken_out_is_found() -> None:
    tamper("DELETE FROM billing_seal WHERE seq = 2")
    assert "seal 2 is missing" in list(findings())


def test_a_document_that_never_went_through_the_ledger_is_found(alice: Customer) -> None:
    tamper(
        """INSERT INTO billing_document (kind, year, number, reference, customer_id, payer_id, party_id, issuer_id,
               issued_on, due_on, net, vat, total)
           SELECT kind, year, 9, 'INV-2026-000009', customer_id, payer_id, party_id, issuer_id, issued_on, due_on,
               net, vat, total FROM billing_document ORDER BY id LIMIT 1"""
    )
    found = list(findings())
    assert "INV-2026-000009 has a number that was never given" in found
    assert "INV-2026-000009 is not posted exactly once" in found


def test_an_edited_party_is_found_and_an_erased_one_is_not() -> None:
    tamper("UPDATE billing_party SET name = 'Mallory' WHERE name LIKE 'Bob%'")
    assert [sentence.split(" ", 2)[2] for sentence in findings()] == ["does not match its digest"]
    tamper("UPDATE billing_party SET name = '(erased)', address = '', vat_number = '', erased_at = now()")
    assert list(findings()) == []
