"""One fact goes into the ledger once, balanced and sealed, or not at all."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError

from billing.ledger import posting
from billing.ledger.posting import Amount, Entry
from billing.models import Balance, ChainHead, Line, Posting, Seal
from customers.models import Customer
from ispbilling.core.clock import now
from ispbilling.core.errors import DomainError
from tests import builders

DAY = date(2026, 11, 1)


def sale(payer: Customer, key: str = "sale:1", total: str = "115.00", vat: str = "15.00") -> Entry:
    gross, tax = Decimal(total), Decimal(vat)
    return Entry(
        key,
        DAY,
        "A sale",
        (
            Amount(posting.RECEIVABLE, gross, payer.pk),
            Amount(posting.REVENUE, tax - gross),
            Amount(posting.VAT, -tax),
        ),
    )


def balance(of: Customer) -> Decimal:
    return Balance.objects.get(customer=of).amount


def test_it_posts_seals_and_keeps_the_balance(alice: Customer) -> None:
    posted = posting.post(sale(alice), now())
    assert [line.amount for line in posted.lines.all()] == [Decimal("115.00"), Decimal(-100), Decimal(-15)]
    assert balance(alice) == Decimal("115.00")
    assert posted.seal_id == ChainHead.objects.get().seq == Seal.objects.get().seq


def test_the_same_cause_posts_once(alice: Customer) -> None:
    first = posting.post(sale(alice), now())
    assert posting.post(sale(alice), now()) == first
    assert (Posting.objects.count(), balance(alice)) == (1, Decimal("115.00"))


def test_a_key_used_for_another_fact_is_refused(alice: Customer) -> None:
    posting.post(sale(alice), now())
    with pytest.raises(ValueError, match="differently"):
        posting.post(sale(alice, total="230.00", vat="30.00"), now())
    assert balance(alice) == Decimal("115.00")


def test_a_reversal_mirrors_and_points_back(alice: Customer) -> None:
    posted = posting.post(sale(alice), now())
    mirror = posting.reverse(posted, DAY, now())
    assert mirror.reverses == posted
    assert sum(line.amount for line in Line.objects.filter(customer=alice)) == 0
    assert balance(alice) == 0
    assert posting.reverse(posted, DAY, now()) == mirror


def test_amounts_of_zero_leave_no_line(alice: Customer) -> None:
    posted = posting.post(sale(alice, vat="0.00"), now())
    assert posted.lines.count() == 2


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_an_unbalanced_fact_leaves_nothing_behind(alice: Customer) -> None:
    entry = Entry("bad", DAY, "Bad", (Amount(posting.RECEIVABLE, Decimal(5), alice.pk),))
    with pytest.raises(IntegrityError, match="do not sum to zero"), transaction.atomic():
        posting.post(entry, now())
    assert not Posting.objects.exists()
    assert not Balance.objects.exists()
    assert ChainHead.objects.get().seq == 0


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_it_refuses_to_post_outside_a_transaction(alice: Customer) -> None:
    assert not connection.in_atomic_block
    with pytest.raises(TransactionManagementError):
        posting.post(sale(alice), now())


def test_a_document_is_not_reversed_behind_its_back(alice: Customer) -> None:
    made = builders.invoice(alice)
    with pytest.raises(DomainError, match="by a credit note"):
        posting.reverse(made.postings.get(), DAY, now())
