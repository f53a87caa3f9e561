"""The receipt: a payment as PDF/A, typeset by typst from `templates/billing/receipt.typ`.

It comes from whoever we were when the money was received, and names who paid as they were when they were credited, as
a document does; only receipts from before that was kept show the provider and the customer of today.
"""

import json
from datetime import UTC, datetime, time
from typing import Any

import typst
from django.conf import settings

from billing.documents import letterhead
from billing.documents.models import Issuer
from billing.payments.models import Payment
from ispbilling.core.models import Provider
from ispbilling.core.money import format_money

TEMPLATE = settings.BASE_DIR / "templates" / "billing" / "receipt.typ"


def render_pdf(payment: Payment) -> bytes:
    """The receipt as PDF/A-2b; the same payment gives the same bytes, whatever is edited later about us or who paid."""
    return typst.compile(
        TEMPLATE,
        format="pdf",
        ignore_system_fonts=True,  # the fonts that come with typst: the same paper on every machine
        pdf_standards="a-2b",
        sys_inputs={"receipt": json.dumps(told(payment, payment.issuer or Provider.get()))},
        timestamp=int(datetime.combine(payment.received_on, time(), UTC).timestamp()),
    )


def told(payment: Payment, provider: Issuer | Provider) -> dict[str, Any]:
    """What the template prints, as text."""
    facts = [["Date", str(payment.received_on)], ["Paid by", payment.get_method_display()]]
    payer = payment.party or payment.payer
    if payer is not None:
        facts.append(["Account code", payer.code])
    if payment.reference:
        facts.append(["Reference", payment.reference])
    return {
        "reference": payment.receipt,
        "provider": letterhead.told(provider),
        "payer": payer.name if payer is not None else "Not known yet",
        "facts": facts,
        "amount": format_money(payment.amount),
        "taken_back": str(payment.taken_back_on or ""),
    }
