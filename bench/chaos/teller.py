"""A till: it records payments one after the other and says which are recorded. It is killed, too.

Amounts and payers follow from the number, so whoever counts needs nothing but the last number said.
"""

import random
import sys
import time
from datetime import date
from decimal import Decimal
from itertools import count
from pathlib import Path

KEY = "chaos:"
PAUSE_SECONDS = 0.05


def payment(number: int, customers: int) -> tuple[int, Decimal]:
    """(which customer, amount) of the payment with that number."""
    source = random.Random(number)
    return source.randrange(customers), Decimal(source.randrange(100, 100_000)) / 100


def said(log: Path) -> int:
    """How many payments were acknowledged; what was cut off in the middle was not."""
    lines = log.read_text().split("\n")[:-1] if log.exists() else []
    return max((int(line) + 1 for line in lines if line.isdecimal()), default=0)


def work(first: int, customers: int, day: str) -> None:
    import django

    django.setup()
    from billing.payments.receiving import Money, receive
    from customers.models import Customer
    from ispbilling.core.clock import now

    ids = list(Customer.objects.order_by("pk").values_list("pk", flat=True))
    for number in count(first):
        which, amount = payment(number, customers)
        payer = Customer.objects.get(pk=ids[which])
        money = Money(amount, date.fromisoformat(day), f"{KEY}{number}", payer)
        receive(money, now(), actor=None)
        print(number, flush=True)
        time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    work(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
