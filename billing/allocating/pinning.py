"""Saying what a credit settles: the only writer of pins."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q, Sum

from billing.allocating.models import Pin
from billing.allocating.open_items import allocation
from billing.ledger.models import Posting
from customers.models import Customer
from ispbilling.core import events
from ispbilling.core.clock import local_day
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.money import ZERO, cents, format_money


def pin(
    payer: Customer, credit: int, shares: Mapping[int, Decimal], now: datetime, *, actor: User | None
) -> list[Pin]:
    """Let a credit of the payer settle these debits, by posting; whatever else it holds goes the usual way.

    It replaces what was said of the credit before; nothing said is the usual way for all of it. Amounts are whole
    cents. Raises DomainError for what is not a standing credit or debit of the payer, or holds less than that.
    """
    with transaction.atomic():
        ends = sorted({credit, *shares})
        # In one order everywhere: two who pin the same debit wait for each other.
        list(Posting.objects.filter(pk__in=ends).select_for_update(no_key=True).order_by("pk"))
        items, _ = allocation(payer, local_day(now))
        for key, wanted in ((credit, -1), *((debit, 1) for debit in shares)):
            item = items.get(key)
            if item is None or item.amount * wanted <= 0 or not item.whole:
                raise DomainError("Something of it was taken back meanwhile, or settled; reload the page.")
        _remove(credit, ends, {key for key, item in items.items() if item.whole})
        taken = dict(
            Pin.objects.filter(debit__in=shares).values_list("debit").annotate(sum=Sum("amount")).order_by()
        )
        for debit, amount in shares.items():
            _check(amount, items[debit].amount - taken.get(debit, ZERO))
        if sum(shares.values()) > -items[credit].amount:
            raise DomainError(
                f"The credit is {format_money(-items[credit].amount)}: that is all it can settle."
            )
        made = [
            Pin.objects.create(credit_id=credit, debit_id=debit, amount=amount, at=now, by=actor)
            for debit, amount in sorted(shares.items())
        ]
        told = Posting.objects.in_bulk(ends)
        events.record(
            "allocation.changed",
            told[credit],
            actor=actor,
            about=payer,
            at=now,
            settles=[f"{told[one.debit_id].memo}: {format_money(one.amount)}" for one in made],
        )
    return made


def _remove(credit: int, ends: list[int], whole: set[int]) -> None:
    """What was said of the credit, and what no longer holds because an end was taken back since."""
    void = Q(debit__in=ends) & ~Q(credit__in=whole)
    Pin.objects.filter(Q(credit=credit) | void).delete()


def _check(amount: Decimal, room: Decimal) -> None:
    if amount <= 0 or amount != cents(amount):
        raise DomainError("Amounts are above zero, in whole cents.")
    if amount > room:
        raise DomainError(f"Only {format_money(room)} of it is not spoken for by other credits.")
