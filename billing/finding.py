"""What the global search finds here: documents, by reference or name."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from billing.documents.models import Document
from ispbilling.core.money import format_money
from ispbilling.search import Hit, Source


def _documents(text: str, user: Any, limit: int) -> Iterable[Hit]:
    found = Document.objects.visible_to(user).filter(
        Q(reference__icontains=text) | Q(payer__code__istartswith=text)
    )
    for document in found.select_related("party")[:limit]:
        yield Hit(
            document.reference,
            document.get_absolute_url(),
            f"{document.party.name}, {document.issued_on}, {format_money(document.total)}",
        )


DOCUMENTS = Source(
    "documents", "Documents", "billing.documents.view", _documents, icon="file-invoice", weight=40
)
