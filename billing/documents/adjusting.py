"""Adjustments and write-offs: paper of its own kind for what no invoice, credit note or payment explains.

An adjustment moves what a payer owes, up or down, and carries no VAT: what was charged wrongly is credited, not
adjusted. A write-off gives up an irrecoverable debt; the VAT in it is claimed back (VAT Act s22) unless told
otherwise. Both are taken back by paper of the same kind that mirrors them and points back.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from billing.documents import dues, issuing
from billing.documents.addressing import PartyDraft
from billing.documents.issuing import Draft, Item
from billing.documents.models import Document, DocumentKind
from billing.ledger.models import Balance
from billing.recurring.models import BillingSettings
from customers.models import Customer
from ispbilling.core.clock import local_day
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.money import ZERO, cents, format_money, vat_in_gross


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked for. `token` is the form's: sent twice, it is done once."""

    on: date
    reason: str
    token: UUID


def adjust(payer: Customer, amount: Decimal, asked: Asked, now: datetime, *, actor: User | None) -> Document:
    """Have the payer owe `amount` more, or less where it is negative.

    Raises DomainError for nothing, a part of a cent, a day to come or in closed books.
    """
    _check(amount, asked, now)
    days = dues.days_of(payer, BillingSettings.get())
    words = "Amount added to the account" if amount > 0 else "Amount taken off the account"
    sign = Decimal(1 if amount > 0 else -1)
    draft = Draft(
        kind=DocumentKind.ADJUSTMENT,
        customer_id=payer.pk,
        payer_id=payer.pk,
        party=PartyDraft.of(payer),
        due_on=days.due_on(asked.on) if amount > 0 else asked.on,
        items=(Item(words, sign, abs(amount), ZERO, amount, ZERO),),
        source_key=f"adjustment:{asked.token}",
        memo=f": {asked.reason}",
        reason=asked.reason,
    )
    with transaction.atomic():
        Customer.objects.select_for_update(no_key=True).get(pk=payer.pk)
        return issuing.issue_once(draft, asked.on, now, actor)


def write_off(
    payer: Customer, amount: Decimal, vat_rate: Decimal, asked: Asked, now: datetime, *, actor: User | None
) -> Document:
    """Give up that much of what the payer owes; the VAT at `vat_rate` percent in it is claimed back.

    Raises DomainError as `adjust`, and for more than is owed.
    """
    _check(amount, asked, now)
    vat = vat_in_gross(amount, vat_rate)
    draft = Draft(
        kind=DocumentKind.WRITE_OFF,
        customer_id=payer.pk,
        payer_id=payer.pk,
        party=PartyDraft.of(payer),
        due_on=asked.on,
        items=(Item("Irrecoverable debt written off", Decimal(-1), amount, vat_rate, vat - amount, -vat),),
        source_key=f"write_off:{asked.token}",
        memo=f": {asked.reason}",
        reason=asked.reason,
    )
    with transaction.atomic():
        Customer.objects.select_for_update(no_key=True).get(pk=payer.pk)
        if known := issuing.issued_before(draft):
            return known
        owed = owed_by(payer)
        if amount < 0 or amount > owed:
            raise DomainError(
                f"{payer.code} owes {format_money(owed)}; no more than that can be written off."
            )
        return issuing.issue_once(draft, asked.on, now, actor)


def owed_by(payer: Customer) -> Decimal:
    """What the payer owes by the ledger; nothing while it is in credit."""
    amount = Balance.objects.filter(customer=payer).values_list("amount", flat=True).first()
    return max(amount or ZERO, ZERO)


def _check(amount: Decimal, asked: Asked, now: datetime) -> None:
    if not amount or amount != cents(amount):
        raise DomainError("Give an amount in rands and whole cents.")
    if asked.on > local_day(now):
        raise DomainError("It cannot be dated in the future: the balance would change before its time.")
