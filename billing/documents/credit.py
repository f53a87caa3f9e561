"""Taking paper back: by a credit note for an invoice, else by paper of its own kind. It mirrors and points back."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from billing.documents import issuing
from billing.documents.issuing import Draft, Item
from billing.documents.models import Document, DocumentKind, DocumentLine
from billing.recurring.models import BilledPeriod
from ispbilling.core.clock import local_day
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User

#: Which kind takes back which; a credit note is never taken back, what it credited is invoiced again.
ANSWERS = {
    DocumentKind.INVOICE: DocumentKind.CREDIT_NOTE,
    DocumentKind.ADJUSTMENT: DocumentKind.ADJUSTMENT,
    DocumentKind.WRITE_OFF: DocumentKind.WRITE_OFF,
}


def credit(document: Document, on: date, now: datetime, *, actor: User | None, reason: str) -> Document:
    """Answer one invoice with a credit note over all of it; what it billed may be billed again.

    Raises DomainError when it is not an invoice, was corrected already, or the day is before it, to come or in
    closed books.
    """
    if document.kind != DocumentKind.INVOICE:
        raise DomainError(f"{document.reference} is not an invoice; only invoices are credited.")
    return take_back(document, on, now, actor=actor, reason=reason)


def take_back(document: Document, on: date, now: datetime, *, actor: User | None, reason: str) -> Document:
    """Answer an invoice, adjustment or write-off with the paper that undoes it. Raises DomainError as `credit`."""
    with transaction.atomic():
        locked = Document.objects.select_for_update(no_key=True).get(pk=document.pk)
        if why := why_not(locked):
            raise DomainError(why)
        noun = ANSWERS[DocumentKind(locked.kind)].label
        if later := credited_later([locked.pk]):
            raise DomainError(
                f"{later} gives back days that {locked.reference} charged; credit {later} first."
            )
        if on < locked.issued_on:
            raise DomainError(
                f"{_a(noun)} cannot be dated before its {locked.get_kind_display().lower()} ({locked.issued_on})."
            )
        if on > local_day(now):
            raise DomainError(
                f"{_a(noun)} cannot be dated in the future: the balance would change before its time."
            )
        return issuing.issue(mirrors([locked], on, reason), on, now, actor)[0]


def why_not(document: Document) -> str:
    """Why it cannot be taken back, as a sentence; empty when it can."""
    if document.kind not in ANSWERS or document.corrects_id is not None:
        return f"{document.reference} takes other paper back; it cannot be taken back itself."
    if document.corrections.exists():
        done = "credited" if document.kind == DocumentKind.INVOICE else "taken back"
        return f"{document.reference} was {done} already; reload the page."
    return ""


def credited_later(documents: Collection[int] | QuerySet[Any]) -> str:
    """The reference of a standing document outside of these that gave back days they charged, or nothing.

    To take them back as well would give those days back twice; PostgreSQL refuses it.
    """
    return _later(documents).values_list("document__reference", flat=True).first() or ""


def with_later(document: Document) -> list[Document]:
    """The document, and the standing ones that gave back days of it, or of such a one; oldest first."""
    found = {document.pk}
    while later := set(_later(found).values_list("document", flat=True)):
        found |= later
    return list(Document.objects.filter(pk__in=found).order_by("pk"))


def connected(document: Document) -> list[Document]:
    """The document with all standing ones of its payer that gave back its days, or charged what it gives back, and so
    on; oldest first."""
    theirs = Document.objects.filter(
        payer=document.payer_id, customer=document.customer_id, corrections=None, corrects=None
    )
    found, size = {document.pk}, 0
    while size < len(found):
        size = len(found)
        found |= set(_later(found).values_list("document", flat=True))
        gives_back = BilledPeriod.objects.filter(
            document__in=found,
            credit=True,
            recurring_line=OuterRef("recurring_line"),
            since__lt=OuterRef("until"),
            until__gt=OuterRef("since"),
            generation__gt=OuterRef("generation"),
        )
        charged = BilledPeriod.objects.filter(Exists(gives_back), credit=False, document__in=theirs)
        found |= set(charged.values_list("document", flat=True))
    return list(Document.objects.filter(pk__in=found).order_by("pk"))


def _later(documents: Collection[int] | QuerySet[Any]) -> QuerySet[BilledPeriod]:
    charged = BilledPeriod.objects.filter(
        document__in=documents,
        credit=False,
        recurring_line=OuterRef("recurring_line"),
        since__lt=OuterRef("until"),
        until__gt=OuterRef("since"),
        generation__lt=OuterRef("generation"),
    )
    credits = BilledPeriod.objects.filter(Exists(charged), credit=True, document__corrections=None)
    return credits.exclude(document__in=documents)


def mirrors(documents: Sequence[Document], on: date, reason: str) -> list[Draft]:
    """Drafts of the paper that takes documents of one kind back, line by line with negated amounts."""
    lines: dict[int, list[DocumentLine]] = defaultdict(list)
    for line in DocumentLine.objects.filter(document__in=documents).order_by("pk"):
        lines[line.document_id].append(line)
    return [
        Draft(
            kind=ANSWERS[DocumentKind(document.kind)],
            customer_id=document.customer_id,
            payer_id=document.payer_id,
            party=document.party_id,
            due_on=on,
            items=tuple(_mirrored(line) for line in lines[document.pk]),
            source_key=f"credit:{document.pk}",
            run_id=document.run_id,
            corrects_id=document.pk,
            memo=f" for {document.reference}: {reason}",
            reason=reason,
            served=document.served_id,
            rounding=document.rounding,
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
        gl_code=line.gl_code,
    )


def _a(noun: str) -> str:
    return f"{'An' if noun[0] in 'AEIOU' else 'A'} {noun.lower()}"
