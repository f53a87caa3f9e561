"""First in, first out: checked cent by cent against somebody with a jar of coins."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.allocating.fifo import Item, Share, allocate
from ispbilling.core.money import CENT, ZERO

START = date(2026, 1, 1)
days = st.integers(0, 60).map(lambda n: START + timedelta(days=n))
cents = st.integers(1, 30).map(lambda n: n * CENT)


def item(key: int, amount: str, posted: int = 0, due: int | None = None, whole: bool = True) -> Item:
    on = START + timedelta(days=posted)
    return Item(key, on, on if due is None else START + timedelta(days=due), Decimal(amount), whole)


@st.composite
def accounts(draw: st.DrawFn) -> tuple[list[Item], list[Share]]:
    """The items of one payer, and pins as the database lets them be: never more than an end holds."""
    count = draw(st.integers(0, 8))
    items = [
        Item(key, draw(days), draw(days), draw(cents) * draw(st.sampled_from([1, -1])), draw(st.booleans()))
        for key in range(1, count + 1)
    ]
    room = {one.key: abs(one.amount) for one in items}
    pins = []
    for credit in [one.key for one in items if one.amount < 0]:
        for debit in [one.key for one in items if one.amount > 0]:
            if draw(st.integers(0, 3)) == 0 and min(room[credit], room[debit]):
                amount = draw(st.integers(1, int(min(room[credit], room[debit]) / CENT))) * CENT
                pins.append(Share(credit, debit, amount))
                room[credit] -= amount
                room[debit] -= amount
    return items, pins


def coins(items: list[Item], pins: list[Share]) -> dict[tuple[int, int], Decimal]:
    """The same by hand: cents in a jar per item, moved one at a time."""
    jars = {one.key: int(abs(one.amount) / CENT) for one in items}
    whole = {one.key for one in items if one.whole}
    moved: dict[tuple[int, int], Decimal] = {}

    def move(credit: int, debit: int) -> None:
        jars[credit] -= 1
        jars[debit] -= 1
        moved[credit, debit] = moved.get((credit, debit), ZERO) + CENT

    for pin in pins:
        if {pin.credit, pin.debit} <= whole:
            for _ in range(int(pin.amount / CENT)):
                move(pin.credit, pin.debit)
    while True:
        owed = [one for one in items if one.amount > 0 and jars[one.key]]
        free = [one for one in items if one.amount < 0 and jars[one.key]]
        if not owed or not free:
            return moved
        first = min(owed, key=lambda one: (one.due_on, one.posted_on, one.key))
        oldest = min(free, key=lambda one: (one.posted_on, one.key))
        move(oldest.key, first.key)


@given(accounts())
def test_it_is_what_a_jar_of_coins_says(account: tuple[list[Item], list[Share]]) -> None:
    items, pins = account
    found: dict[tuple[int, int], Decimal] = {}
    for share in allocate(items, pins).shares:
        found[share.credit, share.debit] = found.get((share.credit, share.debit), ZERO) + share.amount
    assert found == coins(items, pins)


@given(accounts())
def test_no_cent_is_lost_and_debt_never_stands_beside_unused_credit(
    account: tuple[list[Item], list[Share]],
) -> None:
    items, pins = account
    done = allocate(items, pins)
    assert sum(done.open.values()) == sum(one.amount for one in items)
    assert len({rest > 0 for rest in done.open.values()}) <= 1
    for one in items:
        used = sum(share.amount for share in done.shares if one.key in (share.credit, share.debit))
        assert used + abs(done.open.get(one.key, ZERO)) == abs(one.amount)


@given(accounts())
def test_the_order_in_which_the_items_are_given_is_of_no_matter(
    account: tuple[list[Item], list[Share]],
) -> None:
    items, pins = account
    one, other = allocate(items, pins), allocate(list(reversed(items)), pins)
    assert (one.shares, one.open) == (other.shares, other.open)


@pytest.mark.feature("W-8")
def test_a_payment_settles_what_is_due_first_not_what_was_issued_first() -> None:
    thirty_days, seven_days = item(1, "100.00", 0, 30), item(2, "50.00", 5, 12)
    done = allocate([thirty_days, seven_days, item(3, "-60.00", 20)])
    assert done.shares == (Share(3, 2, Decimal("50.00")), Share(3, 1, Decimal("10.00")))
    assert done.open == {1: Decimal("90.00")}


def test_credit_waits_for_the_next_invoice() -> None:
    before = allocate([item(1, "-80.00")])
    assert before.open == {1: Decimal("-80.00")}
    after = allocate([item(1, "-80.00"), item(2, "100.00", 10)])
    assert after.open == {2: Decimal("20.00")}


def test_a_pin_goes_first_and_the_rest_the_usual_way() -> None:
    old, young, paid = item(1, "100.00"), item(2, "100.00", 30), item(3, "-120.00", 31)
    done = allocate([old, young, paid], [Share(3, 2, Decimal("100.00"))])
    assert done.open == {1: Decimal("80.00")}
    assert done.shares[0].pinned


def test_a_pin_on_what_was_partly_taken_back_does_not_hold() -> None:
    old, credited, paid = item(1, "100.00"), item(2, "40.00", 30, whole=False), item(3, "-100.00", 31)
    done = allocate([old, credited, paid], [Share(3, 2, Decimal("40.00"))])
    assert done.open == {2: Decimal("40.00")}
