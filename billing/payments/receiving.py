"""Receiving money and saying whose it is: the only writer of payments.

A payment is credited to its payer at once (bank to receivable), or lies in suspense until somebody knows whose it
is (bank to suspense, later suspense to receivable). What a gateway or a debit order brings lies in a clearing
account instead of the bank until it is paid out (`Money.into`). Whatever is undone is answered by the mirror of its
posting, which points back. Lock order: the source key, the payment, its number, then the ledger.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, QuerySet

from billing.documents import addressing
from billing.documents.issuing import financial_year, take_numbers
from billing.ledger import books, posting
from billing.ledger.models import Balance, Posting
from billing.ledger.posting import BANK, RECEIVABLE, SUSPENSE, Amount, Entry
from billing.payments.models import Method, Payment, PaymentPosting
from billing.recurring.models import BillingSettings
from customers.models import Customer
from customers.relations import paying
from ispbilling.core import events
from ispbilling.core.clock import local_day
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.money import cents, format_money

NUMBERS = "receipt"
#: The column holds twelve digits before the point.
_TOO_MUCH = Decimal(10**12)
#: A year that was mistyped must not open a sequence of numbers of its own.
_EARLIEST = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Money:
    """What came in. `source_key` names where it came from, which is recorded once; without a payer it is kept in
    suspense. `reference` is as on the bank statement, `into` the account the money lies in (RECEIVED_INTO)."""

    amount: Decimal
    received_on: date
    source_key: str
    payer: Customer | None = None
    method: Method = Method.EFT
    reference: str = ""
    note: str = ""
    into: str = BANK


def receive(money: Money, now: datetime, *, actor: User | None, mail_receipt: bool = True) -> Payment:
    """Record money received, and credit its payer.

    The same source again returns the payment that is there. Raises DomainError when the source was recorded with
    another amount or day, the amount is not a positive number of cents, the day is to come or closed, or the payer
    is deleted.
    """
    with transaction.atomic():
        _lock_source(money.source_key)
        known = Payment.objects.filter(source_key=money.source_key).first()
        if known is not None:
            return _same(known, money)
        _check(money, now)
        payment = _numbered(money, now)
        told = {"mail": None if mail_receipt else False, "reference": money.reference or None}
        _record("received", payment, money.payer, now, actor, **told)
        _post(payment, money.payer, money.into, money.received_on, now)
    return payment


def assign(
    payment: Payment,
    payer: Customer,
    on: date,
    now: datetime,
    *,
    actor: User | None,
    mail_receipt: bool = True,
) -> Payment:
    """Credit a payment to a customer from a day on: out of suspense, or from whoever was credited by mistake.

    Raises DomainError when it was taken back, the payer is deleted, or the day is before the money came, before
    the last thing done with it, closed, or to come. Assigned to the same customer again it stays as it is.
    """
    with transaction.atomic():
        row = locked(payment)
        if row.payer_id == payer.pk:
            return row
        _check_payer(payer, now)
        if row.payer is not None:
            _record("released", row, row.payer, now, actor, reason=f"It is of {payer}")
            _to_suspense(row, now)
        check_day(on, since=changeable_since(row), now=now)
        _set(row, payer=payer)
        _record("assigned", row, payer, now, actor, mail=None if mail_receipt else False)
        _post(row, payer, SUSPENSE, on, now)
    return row


def release(payment: Payment, now: datetime, *, actor: User | None, reason: str) -> Payment:
    """Put a payment back into suspense: it was credited to the wrong customer. In suspense already, it stays."""
    with transaction.atomic():
        row = locked(payment)
        if row.payer_id is None:
            return row
        former = row.payer
        _to_suspense(row, now)
        _set(row, payer=None)
        _record("released", row, former, now, actor, reason=reason)
    return row


def credited(customer: Customer) -> Customer:
    """Who is credited with what comes in for a customer: its master if that pays for it, unless it owes by itself."""
    payer = paying.payer(customer)
    if payer != customer and Balance.objects.filter(customer=customer, amount__gt=0).exists():
        return customer
    return payer


def changeable_since(payment: Payment) -> date:
    """The first day with which the payment can be credited to somebody (else) or taken back."""
    last = PaymentPosting.objects.filter(payment=payment).aggregate(day=Max("posting__posted_on"))["day"]
    return max(payment.received_on, last or payment.received_on, first_open_day())


def first_open_day() -> date:
    """The first day on which money may still be posted: the one after the books were closed."""
    closed = books.closed_until()
    return closed + timedelta(days=1) if closed else _EARLIEST


def standing(payment: Payment) -> QuerySet[Posting]:
    """The postings of a payment that were not answered, the newest first."""
    mine = Posting.objects.filter(of_payment__payment=payment, reverses=None, reversed_by=None)
    return mine.order_by("-pk")


def answer(payment: Payment, entry: Posting, on: date, now: datetime) -> None:
    """Reverse one posting of a payment."""
    mirror = posting.reverse(entry, max(on, entry.posted_on, first_open_day()), now)
    PaymentPosting.objects.create(payment=payment, posting=mirror)


def _lock_source(source_key: str) -> None:
    """Two deliveries of the same thing wait for each other, and the second finds the payment of the first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"payment {source_key}"])


def _same(known: Payment, money: Money) -> Payment:
    if (known.amount, known.received_on, known.method) == (money.amount, money.received_on, money.method):
        return known
    raise DomainError(
        f"This was recorded already, as {known.receipt} of {format_money(known.amount)} on {known.received_on}."
    )


def _check(money: Money, now: datetime) -> None:
    if not money.amount.is_finite() or not 0 < money.amount < _TOO_MUCH:
        raise DomainError("A payment is more than R 0.00.")
    if money.amount != cents(money.amount):
        raise DomainError("A payment has whole cents.")
    check_day(money.received_on, since=first_open_day(), now=now)
    if money.payer is not None:
        _check_payer(money.payer, now)


def check_day(on: date, *, since: date, now: datetime) -> None:
    if on > local_day(now):
        raise DomainError(f"{on} is in the future; money is recorded when it is there.")
    if on < since:
        raise DomainError(f"The day cannot be before {since}.")


def _check_payer(payer: Customer, now: datetime) -> None:
    if not Customer.objects.not_deleted(now).filter(pk=payer.pk).exists():
        raise DomainError(f"{payer.code} is deleted; undelete it first, or leave the payment unallocated.")


def _numbered(money: Money, now: datetime) -> Payment:
    settings = BillingSettings.get()
    year = financial_year(money.received_on, settings.financial_year_end_month)
    number = take_numbers(NUMBERS, year, 1) + 1
    return Payment.objects.create(
        year=year,
        number=number,
        receipt=f"{settings.receipt_prefix}-{year}-{number:06}",
        payer=money.payer,
        party_id=addressing.party_of(money.payer) if money.payer is not None else None,
        method=money.method,
        received_on=money.received_on,
        amount=money.amount,
        reference=money.reference,
        note=money.note,
        into_account=money.into,
        source_key=money.source_key,
        recorded_at=now,
        issuer_id=addressing.issuer(settings).pk,
    )


def locked(payment: Payment) -> Payment:
    """The row, locked until COMMIT. Raises DomainError when it was taken back."""
    row = Payment.objects.select_for_update(no_key=True, of=("self",)).get(pk=payment.pk)
    if row.taken_back_on is not None:
        raise DomainError(f"{row.receipt} was taken back already, on {row.taken_back_on}.")
    return row


def _to_suspense(payment: Payment, now: datetime) -> None:
    """Take the credit from its customer as of the day it was given: the money was never theirs."""
    entries = list(standing(payment))
    answer(payment, entries[0], entries[0].posted_on, now)
    if len(entries) == 1:  # it came straight to the customer, never through suspense
        _post(payment, None, payment.into_account, max(entries[0].posted_on, first_open_day()), now)


def _set(payment: Payment, *, payer: Customer | None) -> None:
    payment.payer = payer
    payment.party_id = addressing.party_of(payer) if payer is not None else None
    payment.save(update_fields=["payer", "party"])


def _post(payment: Payment, payer: Customer | None, source: str, on: date, now: datetime) -> None:
    """From `source` (where the money lies, or suspense) to the payer, or to suspense without one."""
    to = Amount(SUSPENSE, -payment.amount) if payer is None else Amount(RECEIVABLE, -payment.amount, payer.pk)
    number = PaymentPosting.objects.filter(payment=payment).count()
    entry = Entry(
        source_key=f"payment:{payment.pk}:{number}",
        on=on,
        memo=f"Payment {payment.receipt}",
        amounts=(Amount(source, payment.amount), to),
    )
    PaymentPosting.objects.create(payment=payment, posting=posting.post(entry, now))


def _record(
    verb: str, payment: Payment, about: Customer | None, now: datetime, actor: User | None, **data: Any
) -> None:
    told = {"receipt": payment.receipt, "amount": payment.amount, **data}
    events.record(f"payment.{verb}", payment, actor=actor, about=about, at=now, **told)
