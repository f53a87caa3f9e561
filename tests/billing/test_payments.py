"""Payments: recorded once, credited to who paid or kept in suspense, moved and taken back by mirrors."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from billing.closing import closing
from billing.documents import verification as documents
from billing.ledger.posting import DEBIT_CLEARING, GATEWAY_CLEARING
from billing.models import Balance, Document, Line, NumberSequence, Payment
from billing.payments import receiving, returning, verification
from billing.payments.models import Method, PaymentState
from billing.payments.receiving import Money
from billing.payments.returning import Why
from customers.accounts import gates
from customers.models import Customer, GateKind
from ispbilling.core.clock import local_day, now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event
from tests import builders

DAY = date(2026, 11, 10)


def balance(of: Customer) -> Decimal:
    return Balance.objects.filter(customer=of).values_list("amount", flat=True).first() or Decimal(0)


def account(code: str, on: date | None = None) -> Decimal:
    lines = Line.objects.filter(account__code=code)
    if on is not None:
        lines = lines.filter(posted_on__lte=on)
    return sum(lines.values_list("amount", flat=True), Decimal(0))


@pytest.fixture(autouse=True)
def the_books_hold_afterwards(db: Any) -> Any:
    yield
    assert [*documents.findings(), *verification.findings()] == []


def test_a_payment_is_numbered_posted_and_announced(alice: Customer) -> None:
    builders.invoice(alice)
    paid = builders.payment(alice, "100.00", reference="ALI001 thanks")
    assert (paid.receipt, paid.state) == ("REC-2026-000001", PaymentState.CREDITED)
    assert (balance(alice), account("bank"), account("suspense")) == (Decimal("15.00"), Decimal("100.00"), 0)
    event = Event.objects.get(kind="payment.received")
    assert (event.subject_id, event.about_id) == (paid.pk, alice.pk)
    assert event.data == {"receipt": "REC-2026-000001", "amount": "100.00", "reference": "ALI001 thanks"}


def test_the_same_source_is_recorded_once(alice: Customer) -> None:
    money = Money(Decimal("50.00"), DAY, "gateway:42", alice, Method.GATEWAY)
    first, again = (receiving.receive(money, now(), actor=None) for _ in range(2))
    assert first == again
    assert (Payment.objects.count(), balance(alice)) == (1, Decimal("-50.00"))
    with pytest.raises(DomainError, match=r"recorded already, as REC-2026-000001 of R 50\.00"):
        receiving.receive(Money(Decimal("51.00"), DAY, "gateway:42", alice), now(), actor=None)
    assert Event.objects.filter(kind="payment.received").count() == 1


@pytest.mark.parametrize(
    ("amount", "on", "why"),
    [
        ("0.00", DAY, "more than"),
        ("-5.00", DAY, "more than"),
        ("NaN", DAY, "more than"),
        ("Infinity", DAY, "more than"),
        ("1000000000000.00", DAY, "more than"),
        ("1.005", DAY, "whole cents"),
        ("1.00", date(9999, 1, 1), "in the future"),
        ("1.00", date(26, 11, 10), "before 2000"),
    ],
)
def test_what_cannot_have_come_in_is_refused(alice: Customer, amount: str, on: date, why: str) -> None:
    with pytest.raises(DomainError, match=why):
        receiving.receive(Money(Decimal(amount), on, "x", alice), now(), actor=None)
    assert not Payment.objects.exists()
    assert not NumberSequence.objects.exists()


def test_a_deleted_customer_is_not_credited(alice: Customer) -> None:
    gates.close(alice, GateKind.DELETED, now(), actor=None, reason="gone")
    with pytest.raises(DomainError, match="leave the payment unallocated"):
        builders.payment(alice)
    waiting = builders.payment(None)
    with pytest.raises(DomainError, match="ALI001 is deleted"):
        receiving.assign(waiting, alice, DAY, now(), actor=None)


def test_unknown_money_waits_in_suspense_until_it_is_assigned(alice: Customer) -> None:
    waiting = builders.payment(None, "80.00", on=DAY)
    assert (waiting.state, account("suspense"), balance(alice)) == (
        PaymentState.UNALLOCATED, Decimal("-80.00"), 0,
    )  # fmt: skip
    receiving.assign(waiting, alice, DAY, now(), actor=None)
    assert (account("suspense", DAY), account("bank"), balance(alice)) == (
        0, Decimal("80.00"), Decimal("-80.00"),
    )  # fmt: skip
    receiving.assign(waiting, alice, DAY, now(), actor=None)  # a second press changes nothing
    assert Event.objects.filter(kind="payment.assigned").count() == 1
    assert account("bank") == Decimal("80.00")


@pytest.mark.parametrize("through_suspense", [True, False])
def test_a_payment_credited_to_the_wrong_customer_moves(
    alice: Customer, bob: Customer, through_suspense: bool
) -> None:
    paid = builders.payment(None if through_suspense else alice, "80.00", on=DAY)
    receiving.assign(paid, alice, DAY, now(), actor=None)
    moved = receiving.assign(paid, bob, DAY, now(), actor=None)
    assert moved.payer == bob
    assert (balance(alice), balance(bob), account("suspense"), account("bank")) == (
        0, Decimal("-80.00"), 0, Decimal("80.00"),
    )  # fmt: skip
    assert account("suspense", DAY) == 0
    credits = Line.objects.filter(customer=alice, account__code="receivable").order_by("pk")
    assert credits[1].posting.reverses_id == credits[0].posting_id
    assert Event.objects.about(alice).filter(kind="payment.released").exists()


@pytest.mark.parametrize("through_suspense", [True, False])
def test_a_payment_goes_back_into_suspense(alice: Customer, through_suspense: bool) -> None:
    paid = builders.payment(None if through_suspense else alice, "80.00", on=DAY)
    receiving.assign(paid, alice, DAY, now(), actor=None)
    back = receiving.release(paid, now(), actor=None, reason="not hers")
    assert (back.state, balance(alice), account("suspense", DAY)) == (
        PaymentState.UNALLOCATED, 0, Decimal("-80.00"),
    )  # fmt: skip
    receiving.release(paid, now(), actor=None, reason="not hers")
    assert Event.objects.filter(kind="payment.released").count() == 1


def test_a_payment_counts_from_the_day_it_came_and_not_before(alice: Customer) -> None:
    waiting = builders.payment(None, on=DAY)
    with pytest.raises(DomainError, match="cannot be before 2026-11-10"):
        receiving.assign(waiting, alice, DAY - timedelta(days=1), now(), actor=None)
    with pytest.raises(DomainError, match="in the future"):
        receiving.assign(waiting, alice, local_day(now()) + timedelta(days=1), now(), actor=None)


@pytest.mark.parametrize("steps", ["direct", "assigned", "waiting", "moved", "released"])
def test_a_payment_that_is_taken_back_leaves_nothing_behind(
    alice: Customer, bob: Customer, steps: str
) -> None:
    builders.invoice(alice)
    paid = builders.payment(None if steps in ("assigned", "waiting") else alice, "115.00", on=DAY)
    if steps == "assigned":
        receiving.assign(paid, alice, DAY, now(), actor=None)
    if steps == "moved":
        receiving.assign(paid, bob, DAY, now(), actor=None)
    if steps == "released":
        receiving.release(paid, now(), actor=None, reason="not hers")
    on = DAY + timedelta(days=3)
    back = returning.take_back(paid, Why.RETURNED, on, now(), actor=None, reason="no funds")
    assert (back.state, back.taken_back_on) == (PaymentState.TAKEN_BACK, on)
    assert (balance(alice), balance(bob)) == (Decimal("115.00"), 0)
    assert (account("bank"), account("suspense")) == (0, 0)
    assert account("bank", DAY) == Decimal("115.00")
    with pytest.raises(DomainError, match="taken back already"):
        returning.take_back(paid, Why.RETURNED, on, now(), actor=None, reason="no funds")
    with pytest.raises(DomainError, match="taken back already"):
        receiving.assign(paid, bob, on, now(), actor=None)


def test_what_a_provider_took_for_us_lies_in_its_clearing_account_whatever_is_done(
    alice: Customer, bob: Customer
) -> None:
    for into in (GATEWAY_CLEARING, DEBIT_CLEARING):
        paid = builders.payment(alice, "80.00", on=DAY, into=into)
        receiving.assign(paid, bob, DAY, now(), actor=None)
        receiving.release(paid, now(), actor=None, reason="not his")
        assert (account("bank"), account(into), account("suspense")) == (0, Decimal(80), Decimal(-80))
        returning.take_back(paid, Why.RETURNED, DAY, now(), actor=None, reason="charged back")
        assert (account("bank"), account(into), account("suspense"), balance(bob)) == (0, 0, 0, 0)
    with pytest.raises(IntegrityError), transaction.atomic():
        builders.payment(alice, into="revenue")


def test_a_returned_payment_may_cost_a_fee_on_an_invoice_of_its_own(alice: Customer) -> None:
    builders.invoice(alice)
    paid = builders.payment(alice, "115.00", on=DAY)
    returning.take_back(paid, Why.RETURNED, DAY, now(), actor=None, reason="no funds", fee=Decimal("57.50"))
    invoice = Document.objects.exclude(reference="INV-2026-000001").get()
    assert (invoice.net, invoice.vat, invoice.due_on) == (
        Decimal("50.00"), Decimal("7.50"), DAY + timedelta(days=7),
    )  # fmt: skip
    assert invoice.lines.get().description == "Fee for returned payment REC-2026-000001 of R 115.00"
    assert balance(alice) == Decimal("172.50")
    event = Event.objects.get(kind="payment.returned")
    assert (event.about_id, event.data["fee"]) == (alice.pk, invoice.reference)


def test_a_mistake_costs_nothing(alice: Customer) -> None:
    paid = builders.payment(alice)
    with pytest.raises(DomainError, match="only for a payment of a customer that the bank returned"):
        returning.take_back(paid, Why.MISTAKE, DAY, now(), actor=None, reason="typo", fee=Decimal("1.00"))
    returning.take_back(paid, Why.MISTAKE, local_day(now()), now(), actor=None, reason="typo")
    assert Event.objects.filter(kind="payment.taken_back").exists()
    assert not Document.objects.exists()


def test_payments_are_not_deleted(alice: Customer) -> None:
    with pytest.raises(TypeError, match="take it back"):
        builders.payment(alice).delete()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_one_source_delivered_by_many_at_once_is_one_payment(alice: Customer) -> None:
    def deliver(_: int) -> str:
        try:
            money = Money(Decimal("10.00"), DAY, "gateway:7", alice, Method.GATEWAY)
            return receiving.receive(money, now(), actor=None).receipt
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(deliver, range(16))) == {"REC-2026-000001"}
    assert balance(alice) == Decimal("-10.00")


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_numbers_are_gapless_although_some_fail(alice: Customer) -> None:
    def pay(n: int) -> bool:
        try:
            with transaction.atomic():
                builders.payment(alice, "1.00", source_key=f"test:{n}")
                if n % 5 == 0:
                    raise DomainError("the power went")
        except DomainError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        made = sum(pool.map(pay, range(40)))
    assert sorted(Payment.objects.values_list("number", flat=True)) == list(range(1, made + 1))
    assert balance(alice) == -made


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM billing_payment",
        "DELETE FROM billing_paymentposting",
        "UPDATE billing_payment SET amount = 1",
        "UPDATE billing_payment SET received_on = '2026-01-01'",
        "UPDATE billing_payment SET source_key = 'another'",
        "UPDATE billing_payment SET into_account = 'debit_clearing'",
        "UPDATE billing_payment SET reference = 'another'",
        "UPDATE billing_payment SET payer_id = NULL",
        "UPDATE billing_payment SET payer_id = (SELECT id FROM customers_customer WHERE code = 'BOB001')",
        "UPDATE billing_payment SET taken_back_on = received_on",
        "UPDATE billing_paymentposting SET posting_id = posting_id",
        """INSERT INTO billing_payment (year, number, receipt, method, received_on, amount, reference, note,
           source_key, recorded_at) VALUES (2026, 2, 'REC-2', 'cash', '2026-11-10', 5, '', '', 'z', now())""",
        """INSERT INTO billing_payment (year, number, receipt, method, received_on, amount, reference, note,
           source_key, recorded_at) VALUES (2026, 2, 'REC-2', 'cash', '2999-11-10', 5, '', '', 'z', now())""",
        """INSERT INTO billing_payment (year, number, receipt, method, received_on, amount, reference, note,
           source_key, recorded_at) VALUES (2026, 2, 'REC-2', 'cash', '2026-11-10', -5, '', '', 'z', now())""",
    ],
)
def test_the_database_says_no(alice: Customer, bob: Customer, statement: str) -> None:
    builders.payment(alice, reference="ALI001")
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert balance(alice) == Decimal("-100.00")


def test_closed_books_take_no_payment_and_undoing_one_goes_to_the_first_open_day(
    alice: Customer, bob: Customer
) -> None:
    paid = builders.payment(alice, on=DAY)
    closing.close(DAY, now(), actor=None)
    with pytest.raises(DomainError, match="before 2026-11-11"):
        builders.payment(alice, on=DAY)
    receiving.assign(paid, bob, DAY + timedelta(days=1), now(), actor=None)
    assert (balance(alice), balance(bob)) == (0, Decimal("-100.00"))
    assert account("bank", DAY) == Decimal("100.00")
    moved = Line.objects.filter(customer=alice).order_by("pk").last()
    assert moved.posted_on == DAY + timedelta(days=1)
