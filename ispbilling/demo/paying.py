"""Payments of the demonstration: most paid, some a part or late, one came back, and two are of nobody knows whom."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from billing.documents.models import DocumentKind
from billing.models import Document, Payment
from billing.payments import receiving, returning
from billing.payments.models import Method
from billing.payments.receiving import Money
from billing.payments.returning import Why
from customers.models import Customer
from ispbilling.core.clock import local_day
from ispbilling.core.money import cents

#: How the source keys of these payments begin.
SOURCE = "demo:"
METHODS = (Method.EFT, Method.DEBIT_ORDER, Method.CASH)
#: Reference and amount of money nobody was credited with.
UNKNOWN = (("CASH DEP OUDTSHOORN", "450.00"), ("INTERNET {code} TKS", "599.00"))


def pay(people: Sequence[Customer], now: datetime) -> None:
    """Pay the invoices there are, as far as the days for it have come."""
    today = local_day(now)
    invoices = Document.objects.filter(kind=DocumentKind.INVOICE).select_related("payer").order_by("pk")
    made: list[Payment] = []
    for n, invoice in enumerate(invoices):
        on = invoice.issued_on + timedelta(days=n * 3 % 10 + 2)
        if n % 5 == 4 or on > today:
            continue
        money = Money(
            amount=invoice.total if n % 7 else cents(invoice.total / 2),
            received_on=on,
            source_key=f"{SOURCE}{invoice.pk}",
            payer=invoice.payer,
            method=METHODS[n % 3],
            reference=invoice.payer.code,
        )
        made.append(receiving.receive(money, now, actor=None, mail_receipt=False))
    for text, amount in UNKNOWN:
        reference = text.format(code=people[4].code)
        receiving.receive(
            Money(Decimal(amount), today, f"{SOURCE}{reference}", reference=reference), now, actor=None
        )
    for back in made[1:2]:
        returning.take_back(
            back, Why.RETURNED, back.received_on, now, actor=None, reason="Demonstration: no funds"
        )
