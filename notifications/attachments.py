"""The papers that go with a message, rendered from the frozen document or the payment when it is sent."""

from billing.documents.rendering import render_pdf
from billing.models import Payment
from billing.payments import receipts
from notifications.channels.base import Attachment
from notifications.models import Channel, Message

PDF = "application/pdf"


def papers(message: Message) -> tuple[Attachment, ...]:
    """The PDF of the document or receipt a mail is about, named by its reference; nothing without one."""
    if message.document is not None:
        return (Attachment(f"{message.document.reference}.pdf", render_pdf(message.document), PDF),)
    if message.kind == "payment_received" and message.channel == Channel.EMAIL and message.event is not None:
        payment = Payment.objects.select_related("payer").get(pk=message.event.subject_id)
        return (Attachment(f"{payment.receipt}.pdf", receipts.render_pdf(payment), PDF),)
    return ()
