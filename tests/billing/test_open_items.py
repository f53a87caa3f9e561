"""What is open by the ledger: PostgreSQL's answer for all payers against one worked out by hand."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.allocating import open_items, pinning
from billing.allocating.fifo import Item
from billing.allocating.models import Pin
from billing.documents import credit
from billing.merging import merging, undoing
from billing.models import Document, Line, Posting
from customers.models import Customer
from ispbilling.core.clock import local_day, now
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event
from ispbilling.core.money import ZERO
from tests.billing.paying import bill, pay, take_back
from tests.billing.test_fifo import coins

pytestmark = pytest.mark.django_db
START = date(2026, 1, 5)


def day(n: int) -> date:
    return START + timedelta(days=n)


def ledger(on: date, **where: Any) -> Decimal:
    rows = Line.objects.filter(account__code="receivable", posted_on__lte=on, **where)
    return rows.aggregate(sum=Sum("amount"))["sum"] or ZERO


def left(payer: Customer, on: date) -> list[tuple[str, Decimal]]:
    """(reference or memo, what is open) of one payer."""
    named = Posting.objects.select_related("document").in_bulk(
        [one.posting_id for one in open_items.of([payer.pk], on)]
    )
    return [
        (str(named[one.posting_id].document or named[one.posting_id].memo), one.open)
        for one in open_items.of([payer.pk], on)
    ]


def by_hand(payer: Customer, on: date) -> dict[int, Decimal]:
    """What is open by posting: every line walked back to what it took back, then coins from jars."""
    sums: dict[int, Decimal] = defaultdict(lambda: ZERO)
    own: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for line in Line.objects.filter(account__code="receivable", customer=payer, posted_on__lte=on):
        first = line.posting
        while earlier := first.reverses or (
            first.document and first.document.corrects and first.document.corrects.postings.get()
        ):
            first = earlier
        sums[first.pk] += line.amount
        if first == line.posting:
            own[first.pk] += line.amount
    items = []
    for key, amount in sums.items():
        posted = Posting.objects.get(pk=key)
        due = posted.document.due_on if posted.document else posted.posted_on
        if amount:
            items.append(Item(key, posted.posted_on, due, amount, own[key] == amount))
    rest = {one.key: one.amount for one in items}
    known = set(rest)
    pins = [p for p in open_items.pins_of(rest) if p.debit in known]
    for (paid, owed), amount in coins(items, pins).items():
        rest[paid] += amount
        rest[owed] -= amount
    return {key: amount for key, amount in rest.items() if amount}


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is forgotten afterwards, for the next example."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


steps = st.lists(
    st.tuples(
        st.sampled_from(["bill", "bill", "pay", "pay", "return", "credit", "pin"]),
        st.integers(0, 1),
        st.integers(0, 40),
        st.integers(1, 30),
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=12,
)


def play(people: list[Customer], story: list[tuple[str, int, int, int, int]]) -> None:
    for what, who, at, amount, which in story:
        one, on, money = people[who], day(at), Decimal(amount) / 10
        paid = Posting.objects.filter(document=None, lines__customer=one, reversed_by=None)
        billed = Document.objects.filter(payer=one, kind="invoice", corrections=None)
        if what == "bill":
            bill(one, money, on, on + timedelta(days=which * 7))
        elif what == "pay":
            pay(one, money, on)
        elif what == "return" and paid:
            taken = paid[which % len(paid)]
            take_back(taken, max(on, taken.posted_on))
        elif what == "credit" and billed:
            chosen = billed[which % len(billed)]
            credit.credit(chosen, max(on, chosen.issued_on), now(), actor=None, reason="wrong")
        elif what == "pin":
            _pin_something(one, money, which)


def _pin_something(one: Customer, money: Decimal, which: int) -> None:
    items, _ = open_items.allocation(one, day(100))
    credits = [key for key, item in items.items() if item.amount < 0]
    debits = [key for key, item in items.items() if item.amount > 0]
    if credits and debits:
        try:
            shares = {debits[which % len(debits)]: money}
            pinning.pin(one, credits[which % len(credits)], shares, now(), actor=None)
        except DomainError:
            pass  # more than an end holds


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=steps, at=st.integers(0, 60), recent=st.sampled_from([0, 5, 15, 30, 70]))
def test_one_query_for_all_payers_says_what_coins_from_jars_say(
    alice: Customer, bob: Customer, story: list[Any], at: int, recent: int
) -> None:
    people, on = [alice, bob], day(at)
    with undone():
        play(people, story)
        query, params = open_items.open_query(on, recent_days=recent)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT payer, posting_id, open FROM ({query}) o", params)
            rows = cursor.fetchall()
        for one in people:
            expected = by_hand(one, on)
            assert {posting: rest for payer, posting, rest in rows if payer == one.pk} == expected
            assert {o.posting_id: o.open for o in open_items.of([one.pk], on)} == expected
            assert open_items.allocation(one, on)[1].open == expected
        assert sum((rest for _, _, rest in rows), ZERO) == ledger(on)


def test_a_credit_note_settles_its_own_invoice_and_nothing_else(alice: Customer) -> None:
    bill(alice, "100", day(0))
    wrong = bill(alice, "60", day(10))
    assert sum(rest for _, rest in left(alice, day(20))) == Decimal("160.00")
    credit.credit(wrong, day(15), now(), actor=None, reason="wrong")
    assert left(alice, day(20)) == [("INV-2025-000001", Decimal("100.00"))]
    assert left(alice, day(14))[1] == ("INV-2025-000002", Decimal("60.00"))


def test_a_returned_payment_opens_its_invoice_again_with_its_old_due_date(alice: Customer) -> None:
    made = bill(alice, "100", day(0))
    paid = pay(alice, "100", day(3))
    assert left(alice, day(4)) == []
    take_back(paid, day(6))
    (found,) = open_items.of([alice.pk], day(6))
    assert (found.document_id, found.due_on, found.open) == (made.pk, made.due_on, Decimal("100.00"))


def test_a_merge_keeps_the_age_of_what_was_owed(alice: Customer, bob: Customer) -> None:
    old = bill(bob, "100", day(0))
    merge = merging.merge(alice, bob, {}, now(), actor=None)
    today = local_day(now())
    for asked in (alice, bob):
        (found,) = open_items.of([asked.pk], today)
        assert (found.payer_id, found.document_id, found.posted_on) == (alice.pk, old.pk, day(0))
    pay(alice, "30", today)
    assert left(alice, today) == [(old.reference, Decimal("70.00"))]
    undoing.undo(merge, now(), actor=None)
    assert left(bob, today) == [(old.reference, Decimal("100.00"))]
    assert left(alice, today) == [("Payment", Decimal("-30.00"))]


def test_staff_say_what_a_payment_settles_and_take_it_back(alice: Customer, manager: Any) -> None:
    old, young = bill(alice, "100", day(0)), bill(alice, "100", day(30))
    paid = pay(alice, "100", day(31))
    assert left(alice, day(32)) == [(young.reference, Decimal("100.00"))]
    wanted = {young.postings.get().pk: Decimal("100.00")}
    pinning.pin(alice, paid.pk, wanted, now(), actor=manager)
    assert left(alice, day(32)) == [(old.reference, Decimal("100.00"))]
    told = Event.objects.get(kind="allocation.changed")
    assert told.actor == manager
    assert told.data["settles"] == [f"Invoice {young.reference}: R 100.00"]
    pinning.pin(alice, paid.pk, {}, now(), actor=manager)
    assert left(alice, day(32)) == [(young.reference, Decimal("100.00"))]
    assert not Pin.objects.exists()


@pytest.mark.parametrize("amount", ["0.00", "-1.00", "0.001", "100.01"])
def test_a_payment_settles_no_more_than_there_is(alice: Customer, amount: str) -> None:
    owed = bill(alice, "100", day(0)).postings.get()
    paid = pay(alice, "200", day(1))
    with pytest.raises(DomainError):
        pinning.pin(alice, paid.pk, {owed.pk: Decimal(amount)}, now(), actor=None)
    assert not Pin.objects.exists()


def test_nothing_of_somebody_else_is_settled(alice: Customer, bob: Customer) -> None:
    owed = bill(bob, "100", day(0)).postings.get()
    paid = pay(alice, "100", day(1))
    with pytest.raises(DomainError, match="reload"):
        pinning.pin(alice, paid.pk, {owed.pk: Decimal("1.00")}, now(), actor=None)


def test_the_database_refuses_pins_that_cannot_be(alice: Customer, bob: Customer) -> None:
    owed, of_bob = bill(alice, "100", day(0)).postings.get(), bill(bob, "10", day(0)).postings.get()
    paid, more = pay(alice, "60", day(1)), pay(alice, "60", day(2))
    Pin.objects.create(credit=paid, debit=owed, amount=60, at=now())
    for end, other, amount, why in (
        (more, owed, 41, "holds no more"),
        (more, of_bob, 1, "of one payer"),
        (owed, more, 1, "of one payer"),
        (more, more, 1, "of one payer"),
        (more, owed, 0, "billing_pin_amount"),
        (paid, owed, 1, "billing_pin_once"),
    ):
        with pytest.raises(IntegrityError, match=why), transaction.atomic():
            Pin.objects.create(credit=end, debit=other, amount=amount, at=now())
    with pytest.raises(IntegrityError, match="holds no more"), transaction.atomic():
        Pin.objects.update(amount=61)


def test_what_was_taken_back_frees_its_pins(alice: Customer) -> None:
    first, second = bill(alice, "50", day(0)), bill(alice, "50", day(1))
    paid, again = pay(alice, "50", day(2)), pay(alice, "50", day(4))
    pinning.pin(alice, paid.pk, {second.postings.get().pk: Decimal(50)}, now(), actor=None)
    take_back(paid, day(3))
    assert left(alice, day(3)) == [(first.reference, Decimal("50.00")), (second.reference, Decimal("50.00"))]
    pinning.pin(alice, again.pk, {second.postings.get().pk: Decimal(50)}, now(), actor=None)
    assert left(alice, day(4)) == [(first.reference, Decimal("50.00"))]
