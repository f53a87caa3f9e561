"""Taking a payment back: the bank returned it, or it was recorded by mistake. The debt it had paid opens again."""

from datetime import date, datetime
from decimal import Decimal

from django.db import models, transaction

from billing.documents import dues, issuing
from billing.documents.addressing import PartyDraft
from billing.documents.issuing import Draft, Item
from billing.documents.models import Document, DocumentKind
from billing.payments import receiving
from billing.payments.models import Payment
from billing.recurring.models import BillingSettings
from billing.recurring.terms import vat_rate
from customers.models import Customer
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.money import ZERO, cents, format_money, vat_in_gross, vat_of_net


class Why(models.TextChoices):
    RETURNED = "returned", "The bank returned it"
    MISTAKE = "mistake", "It was recorded by mistake"


def take_back(
    payment: Payment,
    why: Why,
    on: date,
    now: datetime,
    *,
    actor: User | None,
    reason: str,
    fee: Decimal = ZERO,
) -> Payment:
    """Answer everything a payment posted with its mirror; with a fee, invoice it to whoever had paid.

    Doing it twice is refused. Raises DomainError also when the day is before the last thing done with the payment,
    closed, or to come, or a fee is asked where nobody can be charged.
    """
    with transaction.atomic():
        row = receiving.locked(payment)
        receiving.check_day(on, since=receiving.changeable_since(row), now=now)
        invoice = _charge(row, why, fee, on, now, actor) if fee else None
        row.taken_back_on = on
        row.save(update_fields=["taken_back_on"])
        events.record(
            "payment.returned" if why == Why.RETURNED else "payment.taken_back",
            row,
            actor=actor,
            about=row.payer,
            at=now,
            receipt=row.receipt,
            amount=row.amount,
            reason=reason,
            fee=invoice.reference if invoice else None,
        )
        for entry in receiving.standing(row):
            receiving.answer(row, entry, on, now)
    return row


def _charge(
    payment: Payment, why: Why, fee: Decimal, on: date, now: datetime, actor: User | None
) -> Document:
    """The invoice of the fee to whoever had paid."""
    if payment.payer is None or why != Why.RETURNED:
        raise DomainError("A fee is charged only for a payment of a customer that the bank returned.")
    text = f"Fee for returned payment {payment.receipt} of {format_money(payment.amount)}"
    return charge(payment.payer, text, fee, on, f"payment:{payment.pk}:fee", now, actor)


def charge(
    payer: Customer, text: str, fee: Decimal, on: date, source_key: str, now: datetime, actor: User | None
) -> Document:
    """Invoice a fee, due as the customer's invoices are. Raises DomainError for what is no amount."""
    if fee <= 0 or fee != cents(fee):
        raise DomainError("The fee is an amount in whole cents.")
    settings, rate = BillingSettings.get(), vat_rate(on)
    vat = vat_in_gross(fee, rate) if settings.prices_include_vat else vat_of_net(fee, rate)
    net = fee - vat if settings.prices_include_vat else fee
    draft = Draft(
        kind=DocumentKind.INVOICE,
        customer_id=payer.pk,
        payer_id=payer.pk,
        party=PartyDraft.of(payer),
        due_on=dues.days_of(payer, settings).due_on(on),
        items=(Item(text, Decimal(1), fee, rate, net, vat),),
        source_key=source_key,
    )
    return issuing.issue([draft], on, now, actor)[0]
