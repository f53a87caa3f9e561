"""Credit notes: the only way to take back an issued invoice. They mirror it and point back."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction

from billing.documents import issuing
from billing.documents.issuing import Draft, Item
from billing.documents.models import Document, DocumentKind, DocumentLine
from ispbilling.core.clock import local_day
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User


def credit(document: Document, on: date, now: datetime, *, actor: User | None, reason: str) -> Document:
    """Answer one invoice with a credit note over all of it; what it billed may be billed again.

    Raises DomainError when it is not an invoice, was corrected already, or the day is before it or to come.
    """
    with transaction.atomic():
        locked = Document.objects.select_for_update(no_key=True).get(pk=document.pk)
        if locked.kind != DocumentKind.INVOICE:
            raise DomainError(f"{locked.reference} is not an invoice; only invoices are credited.")
        if locked.corrections.exists():
            raise DomainError(f"{locked.reference} was credited already; reload the page.")
        if on < locked.issued_on:
            raise DomainError(f"A credit note cannot be dated before its invoice ({locked.issued_on}).")
        if on > local_day(now):
            raise DomainError(
                "A credit note cannot be dated in the future: the balance would fall before its time."
            )
        return issuing.issue(mirrors([locked], on, reason), on, now, actor)[0]


def mirrors(documents: Sequence[Document], on: date, reason: str) -> list[Draft]:
    """Drafts of the credit notes that take the documents back, line by line with negated amounts."""
    lines: dict[int, list[DocumentLine]] = defaultdict(list)
    for line in DocumentLine.objects.filter(document__in=documents).order_by("pk"):
        lines[line.document_id].append(line)
    return [
        Draft(
            kind=DocumentKind.CREDIT_NOTE,
            customer_id=document.customer_id,
            payer_id=document.payer_id,
            party=document.party_id,
            due_on=on,
            items=tuple(_mirrored(line) for line in lines[document.pk]),
            source_key=f"credit:{document.pk}",
            run_id=document.run_id,
            corrects_id=document.pk,
            memo=f" for {document.reference}: {reason}",
        )
        for document in documents
    ]


def _mirrored(line: DocumentLine) -> Item:
    return Item(
        description=line.description,
        quantity=-line.quantity,
        price=line.price,
        vat_rate=line.vat_rate,
        net=-line.net,
        vat=-line.vat,
        discount=line.discount,
        recurring_line_id=line.recurring_line_id,
    )
