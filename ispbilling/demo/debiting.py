"""Debit orders of the demonstration: mandates, a batch of last month with its results, and the preview of the next."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from billing.debiting import batching, mandates, settling
from billing.debiting.batching import Asked
from billing.debiting.mandates import BANKS, Details
from billing.debiting.models import AccountType, DebitSettings, RowState, Service
from customers.models import Customer
from ispbilling.core.clock import day_start

#: Of nobody; the file of the batch needs one.
SERVICE_KEY = "00000000-0000-0000-0000-000000000000"
#: Every so many customers pay by debit order.
EVERY = 3


def collect(people: Sequence[Customer], start: date, now: datetime) -> None:
    """Collect last month's invoices of some, and prepare the next batch. `start` is the first day of last month."""
    payers = [one for n, one in enumerate(people) if n % EVERY == 0]
    banks = list(BANKS.items())
    for n, customer in enumerate(payers):
        bank, branch = banks[n % len(banks)]
        details = Details(
            reference=mandates.propose_reference(customer),
            holder=customer.name[:60],
            bank=bank,
            branch_code=branch,
            account_number=f"62{n:09}",
            account_type=AccountType.CURRENT,
            signed_on=start,
            valid_from=start,
        )
        mandate = mandates.add(customer, details, now, actor=None)
        if n == len(payers) - 1:
            mandates.pause(mandate, "Demonstration: changes banks", now, actor=None)
    then = day_start(start + timedelta(days=9)) + timedelta(hours=8)
    DebitSettings.objects.update(service_key=SERVICE_KEY)
    batch = batching.prepare(Asked(None, None, Service.TWO_DAY), then, actor=None)
    batching.send(batching.approve(batch, then, actor=None), then, actor=None)
    DebitSettings.objects.update(service_key="")
    rows = list(batch.rows.filter(state=RowState.SENT).order_by("pk"))
    for row in rows[1:]:
        settling.accept(row, batch.action_on, now, actor=None)
    for row in rows[:1]:
        settling.reject(row, "02", "", batch.action_on, now, actor=None)
    for row in rows[1:2]:
        settling.give_back(row, "04", "", batch.action_on + timedelta(days=2), now, actor=None)
    batching.prepare(Asked(None, None, Service.TWO_DAY), now, actor=None)
