"""Paper says for ever what it said: the provider, the code and who was served are those of the day it was issued."""

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from billing.documents import credit
from billing.documents import erasing as forgetting
from billing.documents.rendering import render_pdf
from billing.documents.verification import findings
from billing.models import Document, Issuer, Party, Payment
from billing.payments import receipts, receiving
from customers.accounts import editing
from customers.models import Customer
from ispbilling.core.clock import day_start, now
from ispbilling.core.models import Provider
from tests import builders
from tests.billing.test_rendering import text_of
from tests.billing.test_verify_ledger import tamper

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 1)


@pytest.fixture(autouse=True)
def provider() -> None:
    Provider.objects.update(
        name="Karoo Connect", vat_number="4870001234", address="12 Main Road", bank_details="First Bank 62"
    )


def reread(document: Document) -> bytes:
    return render_pdf(Document.objects.get(pk=document.pk))


def test_the_same_paper_comes_out_whatever_is_edited_later(alice: Customer, bob: Customer) -> None:
    Customer.objects.filter(pk=alice.pk).update(is_master=True)
    Customer.objects.filter(pk=bob.pk).update(master=alice, bill_all_to_master=True)
    made = builders.invoice(bob, payer=alice)
    paper = reread(made)
    Provider.objects.update(
        name="Other Name", legal_name="Other (Pty) Ltd", vat_number="", address="9 New Road",
        bank_details="Second Bank 99", invoice_note="Merry Christmas", phone="1", email="x@y.test",
        registration_number="2",
    )  # fmt: skip
    editing.edit(alice, {"code": "NEW001", "name": "Alice Hargreaves"}, now(), actor=None)
    editing.edit(bob, {"code": "NEW002", "name": "Robert Builder"}, now(), actor=None)
    assert reread(made) == paper
    text = text_of(paper)
    for part in (
        "Tax invoice",
        "Karoo Connect",
        "12 Main Road",
        "First Bank 62",
        "ALI001",
        "BOB001 Bob Plumbing",
    ):
        assert part in text, part
    later = text_of(reread(builders.invoice(Customer.objects.get(pk=alice.pk))))
    for part in ("Other Name", "Second Bank 99", "Merry Christmas", "NEW001"):
        assert part in later, part


def test_documents_share_an_issuer_until_its_details_change(alice: Customer) -> None:
    first, second = builders.invoice(alice), builders.invoice(alice)
    Provider.objects.update(phone="023 000 0000")
    third = builders.invoice(alice)
    assert first.issuer_id == second.issuer_id != third.issuer_id
    Provider.objects.update(phone="")
    assert builders.invoice(alice).issuer_id == first.issuer_id
    assert Issuer.objects.count() == 2


def test_a_credit_note_goes_to_whom_the_invoice_went_and_comes_from_us_as_we_are(
    alice: Customer, bob: Customer
) -> None:
    made = builders.invoice(bob, payer=alice)
    editing.edit(alice, {"code": "NEW001"}, now(), actor=None)
    Provider.objects.update(name="Other Name")
    note = credit.credit(made, DAY, day_start(DAY), actor=None, reason="wrong")
    assert (note.party_id, note.served_id) == (made.party_id, made.served_id)
    text = text_of(reread(note))
    assert "ALI001" in text
    assert "Other Name" in text
    assert list(findings()) == []


def test_a_new_code_is_a_new_party_and_an_old_party_is_found_again(alice: Customer) -> None:
    builders.invoice(alice)
    editing.edit(alice, {"code": "NEW001"}, now(), actor=None)
    alice.refresh_from_db()
    builders.invoice(alice)
    builders.invoice(alice)
    assert [party.code for party in Party.objects.order_by("pk")] == ["ALI001", "NEW001"]


def test_nobody_is_named_twice_where_everybody_pays_for_themselves(alice: Customer) -> None:
    assert builders.invoice(alice).served is None


def test_an_issuer_is_never_changed(alice: Customer) -> None:
    builders.invoice(alice)
    for statement in ("UPDATE billing_issuer SET name = 'x'", "DELETE FROM billing_issuer"):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            connection.cursor().execute(statement)


def test_paper_without_an_issuer_is_refused(alice: Customer) -> None:
    made = builders.invoice(alice)
    columns = "kind, year, customer_id, payer_id, party_id, issued_on, due_on, net, vat, total"
    with pytest.raises(IntegrityError, match="billing_document_issued_by"), transaction.atomic():
        connection.cursor().execute(
            f"""INSERT INTO billing_document (number, reference, {columns})
                SELECT 2, 'INV-X', {columns} FROM billing_document WHERE id = %s""",
            [made.pk],
        )


@pytest.mark.feature("W-5")
@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE billing_issuer SET bank_details = 'mine'", "issuer"),
        ("UPDATE billing_party SET code = 'BOB001'", "party"),
        ("UPDATE billing_document SET served_id = party_id", "posting"),
    ],
)
def test_what_was_edited_past_the_triggers_is_found(alice: Customer, statement: str, found: str) -> None:
    builders.invoice(alice)
    tamper(statement)
    assert any(found in sentence for sentence in findings())


def test_another_issuer_under_the_same_paper_is_found(alice: Customer) -> None:
    made = builders.invoice(alice)
    Provider.objects.update(bank_details="mine")
    other = builders.invoice(alice)
    tamper(f"UPDATE billing_document SET issuer_id = {other.issuer_id} WHERE id = {made.pk}")
    assert any("posting" in sentence for sentence in findings())


def test_paper_from_before_issuers_were_kept_verifies_and_is_printed(alice: Customer) -> None:
    made = builders.invoice(alice)
    made.issuer = None
    assert "Karoo Connect" in text_of(render_pdf(made))


def test_erasing_the_person_blanks_the_name_and_keeps_the_code(alice: Customer, bob: Customer) -> None:
    made = builders.invoice(bob, payer=alice)
    forgetting.erase(alice, now())
    forgetting.erase(bob, now())
    text = text_of(reread(made))
    for gone in ("Alice Liddell", "Bob Plumbing"):
        assert gone not in text
    assert "ALI001" in text
    assert list(findings()) == []


def test_a_receipt_names_for_ever_who_paid_as_they_were(alice: Customer, bob: Customer) -> None:
    paid, lost = builders.payment(alice), builders.payment(None)
    before = [receipts.render_pdf(one) for one in (paid, lost)]
    assert ("Alice Liddell" in text_of(before[0]), "Not known yet" in text_of(before[1])) == (True, True)
    editing.edit(alice, {"code": "NEW001", "name": "Alice Hargreaves"}, now(), actor=None)
    assert receipts.render_pdf(Payment.objects.get(pk=paid.pk)) == before[0]
    receiving.assign(lost, Customer.objects.get(pk=alice.pk), date(2026, 11, 12), now(), actor=None)
    assert "Alice Hargreaves" in text_of(receipts.render_pdf(Payment.objects.get(pk=lost.pk)))
    receiving.release(paid, now(), actor=None, reason="not hers")
    assert "Not known yet" in text_of(receipts.render_pdf(Payment.objects.get(pk=paid.pk)))
    receiving.assign(paid, bob, date(2026, 11, 12), now(), actor=None)
    assert "Bob Plumbing" in text_of(receipts.render_pdf(Payment.objects.get(pk=paid.pk)))


def test_the_database_refuses_a_receipt_that_names_somebody_else_or_nobody(
    alice: Customer, bob: Customer
) -> None:
    paid = builders.payment(alice)
    builders.payment(bob)
    columns = "year, payer_id, method, received_on, amount, reference, note, recorded_at, issuer_id"
    for statement, why in (
        ("UPDATE billing_payment SET party_id = (SELECT max(id) FROM billing_party)", "cannot be edited"),
        ("UPDATE billing_payment SET party_id = NULL", "cannot be edited"),
        (f"UPDATE billing_payment SET payer_id = {bob.pk} WHERE id = {paid.pk}", "party_of_payer"),
        (f"UPDATE billing_payment SET payer_id = {bob.pk}, party_id = NULL WHERE id = {paid.pk}", "who paid"),
        ("UPDATE billing_payment SET payer_id = NULL", "billing_payment_party"),
        (
            f"INSERT INTO billing_payment (number, receipt, source_key, {columns})"
            f" SELECT 9, 'R9', 'x', {columns} FROM billing_payment WHERE id = {paid.pk}",
            "who paid",
        ),
    ):
        with pytest.raises(IntegrityError, match=why), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"{statement}; SET CONSTRAINTS billing_payment_party_of_payer IMMEDIATE")
