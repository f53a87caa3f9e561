"""Issuing: the only writer of documents, their lines, their numbers, and the billed periods.

`issue(drafts, ...)` writes one document or a whole chunk of a run by the same few statements, children
first; then, as late as possible, takes a range of numbers, and seals. Numbers are gapless because the range
and the rows commit or roll back together. It refuses to work outside a transaction and holds its locks until
COMMIT, so call it last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache, cached_property
from typing import NamedTuple

from django.db import connection
from django.db.transaction import TransactionManagementError

from billing.calls import billed
from billing.calls.due import Called
from billing.documents import addressing
from billing.documents.addressing import PartyDraft, Stored, Wanted
from billing.documents.digests import document_body, document_digest, rounding_word
from billing.documents.models import Document, DocumentKind, DocumentLine, Party
from billing.ledger import books, posting
from billing.ledger.models import Line, Posting
from billing.ledger.posting import ADJUSTMENT, BAD_DEBT, RECEIVABLE, REVENUE, VAT, Amount, Entry
from billing.recurring.coverage import Days
from billing.recurring.models import BilledChange, BilledPeriod, BillingSettings, Rounding
from customers.models import Customer
from ispbilling.core import events
from ispbilling.core.copying import copy, take_ids
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, User
from ispbilling.core.money import ZERO


class Item(NamedTuple):
    """One line of a draft. Its `days` of a recurring line are recorded as billed, or as credited; or its `calls`."""

    description: str
    quantity: Decimal
    price: Decimal
    vat_rate: Decimal
    net: Decimal
    vat: Decimal
    discount: Decimal = ZERO
    recurring_line_id: int | None = None
    gl_code: str = ""
    days: tuple[Days, ...] = ()
    calls: Called | None = None

    @property
    def since(self) -> date | None:
        return self.days[0].since if self.days else None

    @property
    def until(self) -> date | None:
        return self.days[-1].until if self.days else None

    @property
    def total(self) -> Decimal:
        return self.net + self.vat


#: The account of the net of what is neither invoice nor credit note.
_AGAINST = {DocumentKind.ADJUSTMENT: ADJUSTMENT, DocumentKind.WRITE_OFF: BAD_DEBT}


@dataclass(frozen=True)
class Draft:
    """A document before it has a number. `source_key` names its cause, which issues once.

    `party` is who it goes to, or the id of the party of the document it corrects; `served` that of who was
    served, where the document it corrects has one.
    """

    kind: DocumentKind
    customer_id: int
    payer_id: int
    party: PartyDraft | int
    due_on: date
    items: tuple[Item, ...]
    source_key: str
    run_id: int | None = None
    corrects_id: int | None = None
    memo: str = ""
    reason: str = ""
    served: int | None = None
    rounding: str = Rounding.LINE

    @cached_property
    def net(self) -> Decimal:
        return sum((item.net for item in self.items), ZERO)

    @cached_property
    def vat(self) -> Decimal:
        return sum((item.vat for item in self.items), ZERO)

    @cached_property
    def total(self) -> Decimal:
        return self.net + self.vat

    @property
    def amounts(self) -> tuple[Amount, ...]:
        """What it posts: the payer owes the total, of which we earned the net and hold the VAT.

        What is written off is a loss instead of less earned, and what is adjusted stands on its own.
        """
        return (
            Amount(RECEIVABLE, self.total, self.payer_id),
            Amount(_AGAINST.get(self.kind, REVENUE), -self.net),
            Amount(VAT, -self.vat),
        )


def financial_year(on: date, end_month: int) -> int:
    """The calendar year in which the financial year of that day began; it is part of a document's number."""
    return on.year - (end_month < 12 and on.month <= end_month)


def issue_once(draft: Draft, issued_on: date, now: datetime, actor: User | None = None) -> Document:
    """Issue one document whose cause is a form that may be sent twice: the second time it is the first one's.

    Call it with a row locked that whoever sends the same form locks, too. Raises DomainError as `issue`.
    """
    return issued_before(draft) or issue([draft], issued_on, now, actor)[0]


def issued_before(draft: Draft) -> Document | None:
    """The document of the same cause. Raises DomainError when it says something else."""
    known = Document.objects.filter(postings__source_key=draft.source_key).first()
    if known is not None and (known.total, known.payer_id) != (draft.total, draft.payer_id):
        raise DomainError(f"This form was sent before, as {known}. Open it again to make another one.")
    return known


def issue(
    drafts: Sequence[Draft], issued_on: date, now: datetime, actor: User | None = None
) -> list[Document]:
    """Issue the drafts, all of one kind, in their order.

    Raises DomainError for a draft of nothing and for a day in closed books, IntegrityError when one was issued
    or its period billed before.
    """
    return [Document(**row._asdict()) for row in issue_rows(drafts, issued_on, now, actor)]


class Row(NamedTuple):
    """A document as it is stored: its columns."""

    id: int
    kind: str
    year: int
    number: int
    reference: str
    customer_id: int
    payer_id: int
    party_id: int
    served_id: int | None
    issuer_id: int
    run_id: int | None
    corrects_id: int | None
    issued_on: date
    due_on: date
    net: Decimal
    vat: Decimal
    total: Decimal
    reason: str
    rounding: str


def issue_rows(
    drafts: Sequence[Draft], issued_on: date, now: datetime, actor: User | None = None
) -> list[Row]:
    """As `issue`, for the chunks of a run, which want no objects."""
    if not connection.in_atomic_block:
        raise TransactionManagementError("issuing needs a transaction around it")
    if not drafts:
        return []
    books.require_open(issued_on)
    if any(draft.total == 0 for draft in drafts):
        raise DomainError("A document of R 0.00 is not issued.")
    settings = BillingSettings.get()
    (kind,) = {draft.kind for draft in drafts}
    word, noun = kind.value, kind.label
    prefix = getattr(settings, f"{word}_prefix")
    year = financial_year(issued_on, settings.financial_year_end_month)

    ids = sorted(take_ids(Document, len(drafts)))
    parties = addressing.parties(
        [Wanted(draft.customer_id, draft.payer_id, draft.party, draft.served) for draft in drafts]
    )
    issuer = addressing.issuer(settings)
    _write_children(ids, drafts)
    entries = [
        Entry(draft.source_key, issued_on, draft.memo, draft.amounts, document_id=pk)
        for pk, draft in zip(ids, drafts, strict=True)
    ]
    posting_ids = posting.write_lines(entries)
    bodies = [_body(draft, served, issuer) for draft, (_, served) in zip(drafts, parties, strict=True)]
    _check_references(numbered=False)

    number = take_numbers(kind, year, len(drafts))
    rows = []
    for pk, draft, (party, served) in zip(ids, drafts, parties, strict=True):
        number += 1
        rows.append(
            Row(
                pk,
                word,
                year,
                number,
                f"{prefix}-{year}-{number:06}",
                draft.customer_id,
                draft.payer_id,
                party.pk,
                served.pk if served else None,
                issuer.pk,
                draft.run_id,
                draft.corrects_id,
                issued_on,
                draft.due_on,
                draft.net,
                draft.vat,
                draft.total,
                draft.reason,
                str(draft.rounding),
            )
        )
    copy(Document, Row._fields, rows)
    if corrected := [draft.corrects_id for draft in drafts if draft.corrects_id is not None]:
        billed.free(corrected)
    _record(kind, rows, now, actor)
    sealed = [
        entry._replace(
            memo=f"{noun} {row.reference}{entry.memo}"[:200],
            document_digest=_digest(row, party, body),
        )
        for entry, row, (party, _), body in zip(entries, rows, parties, bodies, strict=True)
    ]
    _check_references(numbered=True)
    posting.seal(sealed, posting_ids, now)
    return rows


def _check_references(*, numbered: bool) -> None:
    """Have PostgreSQL look up now what the rows so far refer to, which it would do at COMMIT: what does not hang on
    documents before the numbers are taken, and the rest before the lock that payments wait for. Raises IntegrityError.
    """
    names = _references(numbered)
    with connection.cursor() as cursor:
        cursor.execute(f"SET CONSTRAINTS {names} IMMEDIATE; SET CONSTRAINTS {names} DEFERRED")


@cache
def _references(numbered: bool) -> str:
    """The foreign keys of what is written before the postings, but for those to them: those of documents and events
    and to documents (`numbered`), or the others."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT string_agg(quote_ident(conname), ', ') FROM pg_constraint
               WHERE contype = 'f' AND condeferrable AND confrelid <> %(posting)s::regclass
                 AND conrelid = ANY (%(unnumbered)s::regclass[] || %(numbered)s::regclass[])
                 AND %(wanted)s = (conrelid = ANY (%(numbered)s::regclass[]) OR confrelid = %(document)s::regclass)""",
            {
                "posting": Posting._meta.db_table,
                "document": Document._meta.db_table,
                "unnumbered": [
                    one._meta.db_table for one in (Party, DocumentLine, BilledPeriod, BilledChange, Line)
                ],
                "numbered": [one._meta.db_table for one in (Document, Event)],
                "wanted": numbered,
            },
        )
        return str(cursor.fetchone()[0])


def _write_children(ids: Sequence[int], drafts: Sequence[Draft]) -> None:
    """What belongs to the documents and does not contain their numbers; its foreign keys are checked at
    COMMIT."""
    items = [(pk, item) for pk, draft in zip(ids, drafts, strict=True) for item in draft.items]
    copy(
        DocumentLine,
        (
            "document_id",
            "recurring_line_id",
            "description",
            "quantity",
            "price",
            "discount",
            "vat_rate",
            "net",
            "vat",
            "total",
            "gl_code",
            "since",
            "until",
        ),
        (
            (
                pk,
                item.recurring_line_id,
                item.description,
                item.quantity,
                item.price,
                item.discount,
                item.vat_rate,
                item.net,
                item.vat,
                item.total,
                item.gl_code,
                item.since,
                item.until,
            )
            for pk, item in items
        ),
    )
    copy(
        BilledPeriod,
        ("recurring_line_id", "period", "generation", "since", "until", "credit", "document_id"),
        (
            (item.recurring_line_id, day.period, day.generation, day.since, day.until, day.credit, pk)
            for pk, item in items
            for day in item.days
        ),
    )
    changed = [
        (item.recurring_line_id, day.period, day.generation, day.change)
        for _, item in items
        for day in item.days
        if day.change is not None
    ]
    if changed:
        copy(BilledChange, ("recurring_line_id", "period", "generation", "package_change_id"), changed)
    billed.claim([(pk, item.calls) for pk, item in items if item.calls is not None])


def take_numbers(kind: str, year: int, count: int) -> int:
    """Lock the sequence until COMMIT and take the next `count` numbers; returns the last one before them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO billing_numbersequence AS s (kind, year, last) VALUES (%(kind)s, %(year)s,
            %(count)s)
               ON CONFLICT (kind, year) DO UPDATE SET last = s.last + %(count)s RETURNING last""",
            {"kind": str(kind), "year": year, "count": count},
        )
        return int(cursor.fetchone()[0]) - count


def _digest(document: Row, party: Stored, body: str) -> bytes:
    return document_digest(
        (
            document.kind,
            document.year,
            document.number,
            document.reference,
            document.customer_id,
            document.payer_id,
            party.digest,
            document.run_id,
            document.corrects_id,
            document.issued_on,
            document.due_on,
        ),
        body,
    )


def _body(draft: Draft, served: Stored | None, issuer: Stored) -> str:
    """What is hashed of a document besides its head: all that is known before its number."""
    return document_body(
        (draft.net, draft.vat, draft.total),
        (
            (
                item.recurring_line_id,
                item.description,
                item.quantity,
                item.price,
                item.discount,
                item.vat_rate,
                item.net,
                item.vat,
                item.total,
            )
            for item in draft.items
        ),
        (
            draft.reason,
            issuer.digest.hex(),
            served.digest.hex() if served else "",
            rounding_word(draft.rounding),
        ),
    )


def _record(kind: DocumentKind, documents: Sequence[Row], now: datetime, actor: User | None) -> None:
    """One event per document, on the timeline of who pays; messages are made from them."""
    events.record_many(
        f"{kind.value}.issued",
        Document,
        Customer,
        [
            events.Happening(
                document.id,
                document.payer_id,
                document.reference,
                {
                    "reference": document.reference,
                    "total": document.total,
                    "due_on": document.due_on,
                    "reason": document.reason or None,
                },
            )
            for document in documents
        ],
        at=now,
        actor=actor,
    )
