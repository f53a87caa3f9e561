"""Paper for portal tests: an invoice with its posting."""

from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction

from billing.documents.models import DocumentKind
from billing.ledger.posting import RECEIVABLE, REVENUE, VAT, Amount, Entry, post
from billing.models import Document, DocumentLine, Party
from customers.models import Customer
from ispbilling.core.clock import now


def invoice(of: Customer, net: str = "100.00", vat: str = "15.00", on: date = date(2026, 11, 1)) -> Document:
    total = Decimal(net) + Decimal(vat)
    number = Document.objects.count() + 1
    with transaction.atomic():
        party, _ = Party.objects.get_or_create(customer=of, name=of.name, digest=b"1")
        document = Document.objects.create(
            kind=DocumentKind.INVOICE, year=on.year, number=number, reference=f"INV-{on.year}-{number:06}",
            customer=of, payer=of, party=party, issued_on=on, due_on=on + timedelta(days=7),
            net=Decimal(net), vat=Decimal(vat), total=total,
        )  # fmt: skip
        DocumentLine.objects.create(
            document=document, description="Fibre 20", quantity=Decimal(1), price=total, vat_rate=Decimal(15),
            net=Decimal(net), vat=Decimal(vat), total=total,
        )  # fmt: skip
        amounts = (
            Amount(RECEIVABLE, total, of.pk),
            Amount(REVENUE, -Decimal(net)),
            Amount(VAT, -Decimal(vat)),
        )
        post(Entry(f"test:{number}", on, "Test", amounts, document_id=document.pk), now())
    return document
