"""Debit orders, from the mandate to the returned collection that is asked again; and never twice."""

from datetime import timedelta
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from billing.debiting import batching, mandates, settling
from billing.debiting.deciding import Authority, Collect, LeaveOut, Payer, Terms, decide
from billing.debiting.models import (
    BatchState,
    DebitBatch,
    DebitRow,
    DebitSettings,
    LineState,
    Mandate,
    MandateState,
    RowState,
)
from billing.documents import verification as documents
from billing.merging import merging, preview
from billing.models import Balance, Document, Payment
from billing.payments import verification
from customers.models import Customer
from groups import removing
from groups.models import BillingGroup
from ispbilling.core.clock import local_day, now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event
from tests import builders
from tests.billing import debiting
from tests.billing.debiting import due_invoice_day, mandate, prepared, recorded, row_of, sent, told

pytestmark = pytest.mark.django_db


def owing(customer: Customer, net: str = "100.00", vat: str = "15.00") -> Document:
    return builders.invoice(customer, net, vat, on=due_invoice_day())


def balance(customer: Customer) -> Decimal:
    return Balance.objects.get(customer=customer).amount


@pytest.fixture
def the_books_hold_afterwards(db: Any) -> Any:
    yield
    assert [*documents.findings(), *verification.findings()] == []


@pytest.mark.usefixtures("the_books_hold_afterwards")
def test_a_debt_is_collected_returned_and_asked_again(alice: Customer, bob: Customer) -> None:
    DebitSettings.objects.update(fee=Decimal("57.50"))
    for one in (alice, bob):
        mandate(one)
        owing(one)
    batch = sent()
    assert [row.state for row in batch.rows.all()] == ["sent", "sent"]
    assert prepared().rows.count() == 0  # what is under way is not asked again

    paid = told(
        ("TDD", row_of(batch, alice), "115"), ("TDD", row_of(batch, bob), "115"), ("TDD", "D999999999", "1")
    )
    assert sorted(paid.lines.values_list("state", flat=True)) == ["new", "new", "unknown"]
    recorded(paid)
    batch.refresh_from_db()
    assert (batch.state, balance(alice), balance(bob)) == (BatchState.DONE, 0, 0)
    payment = Payment.objects.get(payer=alice)
    assert (payment.method, payment.amount) == ("debit_order", Decimal("115.00"))
    assert payment.into_account == "debit_clearing"

    back = told(("DRU", row_of(batch, alice), "115", "Code 02"))
    recorded(back)
    row = row_of(batch, alice)
    assert (row.state, row.code, row.reason) == (RowState.RETURNED, "02", "Not provided for")
    assert balance(alice) == Decimal("172.50")  # the debt and the fee
    for again in (paid, back):
        known = told(
            *[(_code(line.outcome), line.reference.split()[0], line.amount) for line in again.lines.all()]
        )
        assert not known.lines.filter(state=LineState.NEW).exists()

    DebitBatch.objects.filter(state=BatchState.DRAFT).delete()
    following = prepared()
    assert list(following.rows.values_list("payer__code", "amount")) == [(alice.code, Decimal("115.00"))]
    reasons = dict(following.skips.values_list("payer__code", "reason"))
    assert reasons[bob.code].startswith("Nothing due by")


def _code(outcome: str) -> str:
    return "TDD" if outcome == "paid" else "DRU"


def test_what_is_due_is_asked_not_the_balance_and_everybody_left_out_has_a_reason(
    alice: Customer, bob: Customer
) -> None:
    mandate(alice, maximum=Decimal("80.00"))
    owing(alice)
    builders.invoice(alice, on=local_day(now()) + timedelta(days=0))  # due in seven days
    builders.payment(alice, "15.00", on=local_day(now()))
    later = mandate(bob, valid_from=local_day(now()) + timedelta(days=400))
    owing(bob)
    carol, dan, eve = (builders.customer() for _ in range(3))
    owing(carol)
    mandates.pause(mandate(dan), "moves house", now(), actor=None)
    mandate(eve)
    batch = prepared(on=debiting.action_day())
    (row,) = batch.rows.all()
    assert (row.due, row.amount) == (Decimal("100.00"), Decimal("80.00"))
    assert row.note == "The mandate allows R 80.00 of R 100.00"
    reasons = dict(batch.skips.values_list("payer__code", "reason"))
    assert reasons == {
        bob.code: f"The mandate is valid from {later.valid_from}",
        carol.code: "No mandate",
        dan.code: "The mandate is paused: moves house",
        eve.code: f"Nothing due by {batch.action_on}",
    }
    assert batch.considered == 5
    assert batch.due == row.due + sum(batch.skips.values_list("due", flat=True))
    DebitSettings.objects.update(collect_part=False)
    batching.discard(batch, now(), actor=None)
    assert prepared().skips.get(payer=alice).reason == "More is due than the mandate allows (R 80.00)"


def test_a_batch_asks_only_its_billing_group(alice: Customer, bob: Customer) -> None:
    group = BillingGroup.objects.create(title="Netcash Run 1", debit_day=1)
    Customer.objects.filter(pk=alice.pk).update(billing_group=group)
    for one in (alice, bob):
        mandate(one)
        owing(one)
    batch = prepared(group)
    assert batch.asked_on.day == 1
    assert list(batch.rows.values_list("payer", flat=True)) == [alice.pk]
    removing.delete(group, None, now(), actor=None)
    batch.refresh_from_db()
    assert batch.billing_group is None
    rest = prepared()
    assert list(rest.rows.values_list("payer", flat=True)) == [bob.pk]
    assert rest.skips.get(payer=alice).reason == f"Being collected with {batch} already"


def test_who_pays_while_a_batch_waits_is_not_collected_from(alice: Customer, bob: Customer) -> None:
    DebitSettings.objects.update(service_key=debiting.SERVICE_KEY)
    carl = builders.customer()
    for one in (alice, bob, carl):
        mandate(one)
        owing(one)
    batch = prepared()
    builders.payment(alice, "115.00", on=local_day(now()))
    batching.approve(batch, now(), actor=None)
    assert batch.skips.get(payer=alice).reason.startswith("Nothing due")
    assert Event.objects.filter(kind="debit_row.announced").count() == 2
    builders.payment(bob, "50.00", on=local_day(now()))
    batching.send(batch, now(), actor=None)
    assert row_of(batch, bob).reason == "Only R 65.00 is to be collected by now"
    assert row_of(batch, carl).state == RowState.SENT
    again = prepared()
    assert list(again.rows.values_list("payer", "amount")) == [(bob.pk, Decimal("65.00"))]


def test_what_is_under_way_from_a_merged_record_is_not_asked_of_the_survivor(
    alice: Customer, bob: Customer
) -> None:
    mandate(bob)
    owing(bob)
    sent()
    asked = preview.consequences(alice, bob, preview.look(alice, bob), now())
    assert "The mandate BOB001 of BOB001 is not used any more: add one of ALI001" in " ".join(asked)
    merging.merge(alice, bob, {}, now(), actor=None)
    mandate(alice)
    owing(alice, "10.00", "1.50")
    following = prepared()
    (row,) = following.rows.all()
    assert (row.payer, row.due, row.amount) == (alice, Decimal("126.50"), Decimal("11.50"))
    assert row.note == "R 115.00 is being collected"
    settling.accept(DebitRow.objects.get(payer=bob), local_day(now()), now(), actor=None)
    assert Payment.objects.get().payer == alice


def test_a_closed_account_pauses_its_mandate_and_a_mistaken_mark_is_taken_back(alice: Customer) -> None:
    held = mandate(alice)
    owing(alice)
    batch = sent()
    row = row_of(batch, alice)
    today = local_day(now())
    settling.reject(row, "12", "", today, now(), actor=None, fee=Decimal("10.00"))
    held.refresh_from_db()
    batch.refresh_from_db()
    assert (held.state, held.reason) == (MandateState.PAUSED, "12 Account closed")
    assert (batch.state, balance(alice)) == (BatchState.DONE, Decimal("125.00"))
    settling.reopen(row, now(), actor=None)
    settling.accept(row, today, now(), actor=None)
    with pytest.raises(DomainError, match="is accepted"):
        settling.accept(row, today, now(), actor=None)
    assert Payment.objects.filter(source_key=row.source_key).count() == 1


def test_a_batch_is_cancelled_until_results_are_in(alice: Customer, bob: Customer) -> None:
    for one in (alice, bob):
        mandate(one)
        owing(one)
    first = sent()
    batching.cancel(first, "not authorised in time", now(), actor=None)
    assert {row.state for row in first.rows.all()} == {RowState.CANCELLED}
    second = sent()
    assert second.rows.count() == 2
    settling.accept(row_of(second, alice), local_day(now()), now(), actor=None)
    with pytest.raises(DomainError, match="Results of it are in"):
        batching.cancel(second, "too late", now(), actor=None)


def test_the_database_refuses_what_would_collect_twice(alice: Customer, bob: Customer) -> None:
    held = mandate(alice)
    owing(alice)
    batch, other = sent(), prepared()
    row = row_of(batch, alice)
    paid = builders.payment(bob, "115.00", on=local_day(now()))

    def again(**kwargs: Any) -> Any:
        values = {"batch": other, "payer": alice, "mandate": held, "due": 115, "amount": 115, **kwargs}
        return lambda: DebitRow.objects.create(**values)

    same = DebitRow.objects.filter(pk=row.pk)
    batches = DebitBatch.objects.filter(pk=batch.pk)
    for breaking in (
        again(),
        again(payer=bob, batch=batch),
        again(payer=bob, amount=116),
        again(payer=bob, state="sent"),
        lambda: same.update(amount=1),
        lambda: same.update(state="draft"),
        lambda: same.update(state="accepted"),
        lambda: same.update(state="accepted", payment=paid),
        lambda: same.update(state="returned", payment=paid, reason="x"),
        lambda: same.update(state="cancelled", reason="x"),
        lambda: same.delete(),
        lambda: batches.update(state="draft"),
        lambda: batches.update(state="done"),
        lambda: batches.update(digest="0" * 64),
        lambda: batches.update(action_on=batch.action_on + timedelta(days=1)),
        lambda: DebitBatch.objects.filter(pk=batch.pk).delete(),
        lambda: Mandate.objects.create(customer=alice, **_columns("ALI001-9")),
        lambda: Mandate.objects.create(customer=bob, **_columns("ali001")),
        lambda: Mandate.objects.filter(pk=held.pk).update(customer=bob),
        lambda: Mandate.objects.filter(pk=held.pk).update(branch_code="25065"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            breaking()


def _columns(reference: str) -> dict[str, Any]:
    day = local_day(now())
    return {
        "reference": reference, "holder": "x", "bank": "FNB", "branch_code": "250655", "ending": "123",
        "account_number": "62000000123", "signed_on": day, "valid_from": day, "created_at": now(),
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_two_people_who_prepare_at_once_never_ask_the_same_debt() -> None:
    people = [builders.customer() for _ in range(3)]
    for one in people:
        mandate(one)
        owing(one)
    together, asked = Barrier(4), []

    def one() -> None:
        together.wait()
        try:
            asked.append(prepared())
        finally:
            connection.close()

    threads = [Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 4
    assert sorted(DebitRow.objects.values_list("payer", flat=True)) == sorted(one.pk for one in people)
    assert sorted(batch.rows.count() for batch in asked) == [0, 0, 0, 3]


MONEY = st.decimals(0, 5000, places=2)
TODAY = local_day(now())


@given(
    MONEY, MONEY, st.none() | st.decimals("0.01", 5000, places=2), MONEY, st.booleans(),
    st.sampled_from(MandateState), st.integers(-2, 2), st.none() | st.integers(0, 3), st.booleans(),
)  # fmt: skip
def test_nobody_is_asked_for_more_than_is_due_and_allowed(
    due: Decimal, flying: Decimal, most: Decimal | None, smallest: Decimal, part: bool, state: MandateState,
    since: int, until: int | None, deleted: bool,
) -> None:  # fmt: skip
    first = TODAY + timedelta(days=since)
    last = None if until is None else first + timedelta(days=until)
    authority = Authority(1, state, "x", first, last, most)
    decision = decide(Payer(1, due, flying, "", deleted, authority), TODAY, Terms(smallest, part))
    if isinstance(decision, LeaveOut):
        assert decision.reason
        return
    assert isinstance(decision, Collect)
    assert 0 < decision.amount <= due - flying
    assert decision.amount <= (most if most is not None else decision.amount)
    assert decision.amount >= smallest
    assert not deleted
    assert state == MandateState.ACTIVE
    assert first <= TODAY
    assert last is None or last >= TODAY
    assert bool(decision.note) == (decision.amount < due)
