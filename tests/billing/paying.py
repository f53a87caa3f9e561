"""Money that moved, for tests about what is owed: straight into the ledger, as any act would post it."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import count

from django.db import transaction

from billing.documents import issuing
from billing.documents.issuing import Draft, Item, PartyDraft
from billing.documents.models import Document, DocumentKind
from billing.ledger import posting
from billing.ledger.posting import BANK, RECEIVABLE, Amount, Entry
from billing.models import Posting
from customers.models import Customer
from ispbilling.core.clock import now
from ispbilling.core.money import ZERO

_next = count(1)


def pay(of: Customer, amount: str | Decimal, on: date, memo: str = "Payment") -> Posting:
    parts = (Amount(RECEIVABLE, -Decimal(amount), of.pk), Amount(BANK, Decimal(amount)))
    with transaction.atomic():
        return posting.post(Entry(f"test:pay:{next(_next)}", on, memo, parts), now())


def take_back(paid: Posting, on: date) -> Posting:
    with transaction.atomic():
        return posting.reverse(paid, on, now())


def bill(
    of: Customer, amount: str | Decimal, on: date, due: date | None = None, **also: Customer
) -> Document:
    """An invoice of one line without VAT; `served` is whose service it is."""
    draft = Draft(
        kind=DocumentKind.INVOICE,
        customer_id=also.get("served", of).pk,
        payer_id=of.pk,
        party=PartyDraft(of.pk, of.name, of.postal_address, of.vat_number, of.code),
        due_on=due or on + timedelta(days=7),
        items=(Item("Fibre", Decimal(1), Decimal(amount), ZERO, Decimal(amount), ZERO),),
        source_key=f"test:bill:{next(_next)}",
    )
    with transaction.atomic():
        return issuing.issue([draft], on, now())[0]
