"""The paper: an issued document as PDF/A, typeset by typst from `templates/billing/document.typ`.

Everything on it is frozen: the customer, its code and the money in the document, the provider in its issuer. The
same document gives the same PDF, byte for byte, whatever is edited later; only what was issued before issuers were
kept shows the provider of today. Erasing a person blanks their name on it, as it must.
"""

import json
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

import typst
from django.conf import settings
from django.urls import reverse

from billing.documents import letterhead
from billing.documents.models import Document, DocumentKind, DocumentLine, Issuer
from ispbilling.core import payment_links
from ispbilling.core.models import Provider
from ispbilling.core.money import format_money
from ispbilling.core.payment_links import Due

TEMPLATE = settings.BASE_DIR / "templates" / "billing" / "document.typ"


_ROUNDED = {
    "line": "VAT is rounded to the cent on each line.",
    "document": "VAT is rounded to the cent once, on the document; each line carries its share.",
}
_TOTALS = {"invoice": "Total due", "credit_note": "Total credited", "write_off": "Total written off"}


def render_pdf(document: Document) -> bytes:
    """The document as PDF/A-2b."""
    return typst.compile(
        TEMPLATE,
        format="pdf",
        ignore_system_fonts=True,  # the fonts that come with typst: the same paper on every machine
        pdf_standards="a-2b",
        sys_inputs={"document": json.dumps(told(document, document.issuer or Provider.get()))},
        timestamp=int(datetime.combine(document.issued_on, time(), UTC).timestamp()),
    )


def title(document: Document, provider: Issuer | Provider) -> str:
    """What the paper is called: a tax invoice is one that charges VAT or comes from a VAT vendor."""
    taxed = bool(provider.vat_number or document.vat)
    if document.kind == DocumentKind.INVOICE:
        return "Tax invoice" if taxed else "Invoice"
    return str(document.get_kind_display())


def told(document: Document, provider: Issuer | Provider) -> dict[str, Any]:
    """What the template prints, as text."""
    party, asks = document.party, document.total > 0 and document.corrects_id is None
    account = party.code or document.payer.code
    facts = [["Date", str(document.issued_on)], ["Account code", account]]
    if asks:
        facts.append(["Due date", str(document.due_on)])
    if document.corrects is not None:
        facts.append(["Corrects", document.corrects.reference])
    if provider.vat_number:
        facts.append(["Our VAT number", provider.vat_number])
    lines = list(document.lines.all())
    return {
        "title": title(document, provider),
        "reference": document.reference,
        "provider": letterhead.told(provider),
        "party": {
            "name": party.name,
            "address": letterhead.parts(party.address),
            "vat_number": party.vat_number,
        },
        "served": _served(document),
        "facts": facts,
        "lines": [_line(line) for line in lines],
        "explained": _explained(document, lines),
        "reason": document.reason,
        "sums": [["Net", format_money(document.net)], ["VAT", format_money(document.vat)]],
        "total": [_TOTALS.get(document.kind, "Total"), format_money(document.total)],
        "bank": letterhead.parts(provider.bank_details)
        or [f"Please ask {provider.name} for the bank details."],
        "pay": (
            [
                ["Amount", format_money(document.total)],
                ["Due on", str(document.due_on)],
                ["Payment reference", account],
            ]
            if asks
            else []
        ),
        "qr": payment_links.qr_svg(pay_at(document)) if asks else "",
        "note": provider.invoice_note,
    }


def pay_at(document: Document) -> str:
    """Where a document is paid online, as it was when it was issued: what its QR code says."""
    issuer = document.issuer
    if issuer is not None and issuer.payment_link:
        due = Due(document.party.code, document.total, document.reference)
        return payment_links.fill(issuer.payment_link, due)
    site = issuer.site if issuer is not None and issuer.site else settings.BASE_URL
    return f"{site}{reverse('portal:document_detail', args=[document.pk])}"


def _served(document: Document) -> str:
    """Who was served, where somebody else pays."""
    if document.served is not None:
        return f"{document.served.code} {document.served.name}"
    return str(document.customer) if document.customer_id != document.payer_id else ""


def _line(line: DocumentLine) -> dict[str, str]:
    return {
        "description": line.description,
        "quantity": _short(line.quantity),
        "price": format_money(line.price, ""),
        "discount": f"{_short(line.discount)} %" if line.discount else "",
        "vat_rate": f"{_short(line.vat_rate)} %",
        "vat": format_money(line.vat, ""),
        "amount": format_money(line.total, ""),
    }


def _explained(document: Document, lines: list[DocumentLine]) -> str:
    """How to check the arithmetic by hand."""
    text = "Amounts include VAT."
    if document.kind == DocumentKind.ADJUSTMENT:
        text = "An adjustment carries no VAT."
    if document.vat:
        text += f" {_ROUNDED[document.rounding]}"
    if any(" days" in line.description for line in lines):
        text += (
            " Part of a month is charged by the day: the price, times the days of service,"
            " over the days of the month."
        )
    return text


def _short(value: Decimal) -> str:
    """Without trailing zeros: 1, 2.5, 15."""
    return f"{value.normalize():f}"
