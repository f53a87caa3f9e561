"""Debit orders for tests: a mandate, a batch on its way, and what a provider says of it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from billing.debiting import batching, days, mandates, results
from billing.debiting.batching import Asked
from billing.debiting.mandates import Details
from billing.debiting.models import DebitBatch, DebitRow, DebitSettings, Mandate, ResultImport, Service
from customers.models import Customer
from groups.models import BillingGroup
from ispbilling.core.clock import local_day, now

SERVICE_KEY = "c74ef975-5429-4663-85fb-2a64ca0fb9ef"


def details(**kwargs: Any) -> Details:
    today = local_day(now())
    return Details(
        **{
            "reference": "ALI001", "holder": "A Liddell", "bank": "FNB", "branch_code": "250655",
            "account_number": "62000000123", "account_type": "current", "signed_on": today,
            "valid_from": today, **kwargs,
        }
    )  # fmt: skip


def mandate(of: Customer, **kwargs: Any) -> Mandate:
    kwargs.setdefault("reference", mandates.propose_reference(of))
    return mandates.add(of, details(**kwargs), now(), actor=None)


def prepared(group: BillingGroup | None = None, at: datetime | None = None, **kwargs: Any) -> DebitBatch:
    asked = Asked(group, kwargs.get("on"), kwargs.get("service", Service.TWO_DAY))
    return batching.prepare(asked, at or now(), actor=None)


def sent(group: BillingGroup | None = None, **kwargs: Any) -> DebitBatch:
    """A batch whose file was made; it can be collected once its action day has come."""
    DebitSettings.objects.update(service_key=SERVICE_KEY)
    batch = batching.approve(prepared(group, **kwargs), now(), actor=None)
    return batching.send(batch, now(), actor=None)


def action_day() -> date:
    """The first day a two-day batch of now can ask for."""
    return days.first_day(now(), Service.TWO_DAY)


def row_of(batch: DebitBatch, payer: Customer) -> DebitRow:
    return DebitRow.objects.listed().get(batch=batch, payer=payer)


def statement(*lines: Sequence[Any]) -> bytes:
    """A daily statement of Netcash: (code, row or reference, amount, words) per line, dated today."""
    today = f"{local_day(now()):%Y%m%d}"
    found = [f"{today}\tOBL\t1\tOpening balance\t1000.00\t+\t0.00\t\t\t"]
    for number, (code, of, amount, *words) in enumerate(lines, start=2):
        effect = "+" if code in ("TDD", "SDD") else "-"
        reference = of.reference if isinstance(of, DebitRow) else of
        text = " ".join([reference, *words])
        found.append(
            f"{today}\t{code}\t{number}\t{text}\t{Decimal(amount):.2f}\t{effect}\t0.00\t{reference}\t\t"
        )
    return "\r\n".join(found).encode()


def told(*lines: Sequence[Any]) -> ResultImport:
    return results.receive(statement(*lines), "statement.txt", now(), actor=None)


def recorded(one: ResultImport) -> ResultImport:
    results.post(one, now(), actor=None)
    for pk in results.waiting(one):
        results.post_line(pk, now())
    results.finish(one.pk, now())
    one.refresh_from_db()
    return one


def due_invoice_day() -> date:
    """An invoice of this day is due (after seven days) before any batch of now is collected."""
    return local_day(now()) - timedelta(days=10)
