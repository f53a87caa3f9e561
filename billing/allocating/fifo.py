"""First in, first out: what each credit settles and what stays open. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ispbilling.core.money import ZERO


@dataclass(frozen=True, slots=True)
class Item:
    """What one posting did to what a payer owes: above zero a debit, below zero a credit, never zero.

    `key` is its posting. `whole` says that nothing of it was taken back: only then its pins hold.
    """

    key: int
    posted_on: date
    due_on: date
    amount: Decimal
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Share:
    """So much of a credit settles so much of a debit; `pinned` when staff said so."""

    credit: int
    debit: int
    amount: Decimal
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Allocation:
    """`open` holds what is left by key, above zero owed, below zero credit; what is settled is not in it."""

    shares: tuple[Share, ...]
    open: dict[int, Decimal]


def allocate(items: Iterable[Item], pins: Iterable[Share] = ()) -> Allocation:
    """Settle one payer's debits with its credits: pins first, then the oldest credit the first due debit.

    A pin one end of which is missing or not whole does not hold; what it would have settled goes the usual way.
    """
    known = {item.key: item for item in items}
    left = {key: abs(item.amount) for key, item in known.items()}
    shares = []
    for pin in pins:
        if not (_holds(pin.credit, known) and _holds(pin.debit, known)):
            continue
        amount = min(pin.amount, left[pin.credit], left[pin.debit])
        if amount:
            shares.append(Share(pin.credit, pin.debit, amount, pinned=True))
            left[pin.credit] -= amount
            left[pin.debit] -= amount
    debits = sorted((i for i in known.values() if i.amount > 0), key=lambda i: (i.due_on, i.posted_on, i.key))
    credits = sorted((i for i in known.values() if i.amount < 0), key=lambda i: (i.posted_on, i.key))
    shares += _in_order([i.key for i in credits], [i.key for i in debits], left)
    return Allocation(
        tuple(shares), {key: rest if known[key].amount > 0 else -rest for key, rest in left.items() if rest}
    )


def _holds(key: int, known: dict[int, Item]) -> bool:
    return key in known and known[key].whole


def _in_order(credits: list[int], debits: list[int], left: dict[int, Decimal]) -> list[Share]:
    """Walk both queues once; `left` is what remains of each afterwards."""
    shares, due = [], iter(debits)
    debit = next(due, None)
    for credit in credits:
        while debit is not None and left[credit]:
            amount = min(left[credit], left[debit])
            if amount:
                shares.append(Share(credit, debit, amount))
                left[credit] -= amount
                left[debit] -= amount
            if left[debit] == ZERO:
                debit = next(due, None)
    return shares
