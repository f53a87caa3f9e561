"""The papers that go with a message, rendered from the frozen document when it is sent."""

from billing.documents.rendering import render_pdf
from billing.models import Document
from notifications.channels.base import Attachment


def papers(document: Document | None) -> tuple[Attachment, ...]:
    """The PDF of the document, named by its reference; nothing without one."""
    if document is None:
        return ()
    return (Attachment(f"{document.reference}.pdf", render_pdf(document), "application/pdf"),)
