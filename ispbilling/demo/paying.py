"""Payments of the demonstration: most paid, some a part or late, one came back, and two are of nobody knows whom; a few
went to pay online."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from billing.documents.models import DocumentKind
from billing.gateways import accounts, acting, checkouts
from billing.gateways.checkouts import Wish
from billing.models import Document, GatewayAccount, Payment
from billing.payments import receiving, returning
from billing.payments.models import Method
from billing.payments.receiving import Money
from billing.payments.returning import Why
from customers.models import Customer
from ispbilling.core.clock import local_day
from ispbilling.core.money import cents

#: PayFast's own sandbox merchant, as its documentation shows it: switched on in the settings, it can be tried out.
MERCHANT = {"merchant_id": "10000100", "merchant_key": "46f0cd694581a", "passphrase": "jt7NOE43FZPn"}
#: How the source keys of these payments begin.
SOURCE = "demo:"
METHODS = (Method.EFT, Method.DEBIT_ORDER, Method.CASH)
#: Reference and amount of money nobody was credited with.
UNKNOWN = (("CASH DEP OUDTSHOORN", "450.00"), ("INTERNET {code} TKS", "599.00"))


def pay(people: Sequence[Customer], now: datetime) -> None:
    """Pay the invoices there are, as far as the days for it have come; who has a mandate is collected from."""
    today = local_day(now)
    invoices = Document.objects.filter(kind=DocumentKind.INVOICE, payer__mandates=None)
    invoices = invoices.select_related("payer").order_by("pk")
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


def pay_online(people: Sequence[Customer], now: datetime) -> None:
    """Somebody paid, somebody went away, and one nobody told of; then it is off, and asks nobody outside."""
    account = GatewayAccount.objects.get(name="payfast")
    accounts.configure(account, {"enabled": True, "sandbox": True, **MERCHANT}, actor=None)
    ago = (timedelta(days=2), timedelta(days=1), timedelta(minutes=40))
    paid, left, _ = (
        checkouts.begin(Wish(payer, Decimal(amount), uuid4()), now - since, actor=None)
        for payer, amount, since in zip(people[5:8], ("250.00", "599.00", "100.00"), ago, strict=True)
    )
    acting.settle(paid, "1124148", local_day(now), now, actor=None, reason="Demonstration")
    checkouts.cancel(left, now - ago[1])
    accounts.configure(account, {"enabled": False}, actor=None)
