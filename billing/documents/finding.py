"""Finding documents by what is printed on them: the reference, or whose they are."""

import re
from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet

from billing.documents.models import Document, DocumentKind
from customers.accounts import finding
from customers.models import Customer
from ispbilling.core.money import format_money
from ispbilling.search import Hit, Source

#: [letters-][year-]number, as a person types a reference or the end of one: "INV-2026-000026", "2026-26", "26".
_REFERENCE = re.compile(r"(?:[A-Za-z]+[-/ ]?)?(?:(?P<year>20[0-9]{2})[-/ ])?(?P<number>[0-9]{1,9})")
#: Financial years there can be documents of; an index on kind, year and number wants them named.
_YEARS = tuple(range(2000, 2100))


def by_reference(rows: QuerySet[Document], text: str) -> QuerySet[Document]:
    """The documents with that number, in the year if it is given; none for text that is no reference.

    Whatever the prefix is called: a typed "CN-2026-4" finds invoice 4, too, since people mix them up.
    """
    found = _REFERENCE.fullmatch(text.strip())
    if found is None or int(found["number"]) >= 2**31:
        return rows.none()
    years = (int(found["year"]),) if found["year"] else _YEARS
    return rows.filter(kind__in=DocumentKind.values, year__in=years, number=int(found["number"]))


def matching(rows: QuerySet[Document], text: str) -> QuerySet[Document]:
    """By reference, or all words in code, name, number or e-mail of who was served or pays."""
    people = finding.matching(Customer.objects.all(), text).order_by().values("pk")
    mine = Document.objects.order_by().filter(Q(payer__in=people) | Q(customer__in=people)).values("pk")
    return rows.filter(pk__in=by_reference(Document.objects.order_by(), text).values("pk").union(mine))


def _documents(text: str, user: Any, limit: int) -> Iterable[Hit]:
    found = by_reference(Document.objects.visible_to(user), text)
    for document in found.select_related("party")[:limit]:
        yield Hit(
            document.reference,
            document.get_absolute_url(),
            f"{document.party.name}, {document.issued_on}, {format_money(document.total)}",
        )


DOCUMENTS = Source(
    "documents", "Documents", "billing.documents.view", _documents, icon="file-invoice", weight=40
)
