"""The papers that go with a message, rendered from frozen documents, payments or the ledger when it is sent."""

from datetime import date

from billing.documents.rendering import render_pdf
from billing.models import Payment
from billing.payments import receipts
from billing.statements import rendering as statements
from billing.statements.figures import statement
from customers.models import Customer
from ispbilling.core.models import Event
from notifications.channels.base import Attachment
from notifications.models import Channel, Message

PDF = "application/pdf"


def papers(message: Message) -> tuple[Attachment, ...]:
    """The PDF of the document, receipt or statement a mail is about; nothing without one."""
    if message.document is not None:
        return (Attachment(f"{message.document.reference}.pdf", render_pdf(message.document), PDF),)
    if message.channel != Channel.EMAIL or message.event is None:
        return ()
    if message.kind == "payment_received":
        payment = Payment.objects.select_related("payer").get(pk=message.event.subject_id)
        return (Attachment(f"{payment.receipt}.pdf", receipts.render_pdf(payment), PDF),)
    return (_statement(message.event),) if message.kind == "statement" else ()


def _statement(event: Event) -> Attachment:
    """For the days that were asked for."""
    payer = Customer.objects.get(pk=event.subject_id)
    since, until = (date.fromisoformat(event.data[name]) for name in ("since", "until"))
    paper = statements.render_pdf(statement(payer, since, until))
    return Attachment(statements.file_name(payer, until), paper, PDF)
