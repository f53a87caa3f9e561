"""The paper: a statement as PDF/A, typeset by typst from `templates/billing/statement.typ`."""

import json
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

import typst
from django.conf import settings

from billing.documents import letterhead
from billing.recurring.models import BillingSettings
from billing.statements.figures import Entry, Statement
from customers.models import Customer
from ispbilling.core import payment_links
from ispbilling.core.models import Provider
from ispbilling.core.money import format_money
from ispbilling.core.payment_links import Due

TEMPLATE = settings.BASE_DIR / "templates" / "billing" / "statement.typ"
PDF = "application/pdf"


def file_name(payer: Customer, until: Any) -> str:
    """`Statement-ALI001-2026-11-30.pdf`."""
    return f"Statement-{payer.code}-{until}.pdf"


def render_pdf(statement: Statement) -> bytes:
    """The statement as PDF/A-2b; the same figures and details give the same bytes."""
    return typst.compile(
        TEMPLATE,
        format="pdf",
        ignore_system_fonts=True,  # the fonts that come with typst: the same paper on every machine
        pdf_standards="a-2b",
        sys_inputs={"statement": json.dumps(told(statement, Provider.get()))},
        timestamp=int(datetime.combine(statement.until, time(), UTC).timestamp()),
    )


def told(statement: Statement, provider: Provider) -> dict[str, Any]:
    """What the template prints, as text."""
    payer, ages = statement.payer, statement.ages
    return {
        "code": payer.code,
        "provider": letterhead.told(provider),
        "party": {
            "name": payer.name,
            "address": letterhead.parts(payer.postal_address or payer.physical_address),
            "vat_number": payer.vat_number,
        },
        "facts": [
            ["Account code", payer.code],
            ["From", str(statement.since)],
            ["To", str(statement.until)],
        ],
        "opening": format_money(statement.opening, ""),
        "entries": [_entry(entry) for entry in statement.entries],
        "totals": [format_money(amount, "") for amount in (statement.charged, statement.credited)],
        "closing": format_money(statement.closing, ""),
        "accounts": [[who, format_money(amount)] for who, amount in statement.by_account],
        "open": [
            [
                row.what,
                str(row.item.posted_on),
                str(row.due_on or ""),
                format_money(row.item.amount, ""),
                format_money(row.open, ""),
            ]
            for row in statement.open_items
        ],
        "ages": [
            *([heading, format_money(amount)] for heading, amount in ages.words()),
            ["Credit", format_money(ages.credit)],
        ],
        "sentence": sentence(statement),
        "due": statement.to_pay > 0,
        "bank": letterhead.parts(provider.bank_details)
        or [f"Please ask {provider.name} for the bank details."],
        "pay": [["Amount", format_money(statement.to_pay)], ["Your reference", payer.code]],
        "qr": payment_links.qr_svg(pay_at(statement)),
    }


def sentence(statement: Statement) -> str:
    """What the reader is to do, in one sentence."""
    overdue = statement.ages.overdue
    if statement.closing <= 0:
        credit = f" {format_money(-statement.closing)} is in your favour." if statement.closing else ""
        return f"Nothing is to be paid.{credit}"
    text = f"{format_money(statement.closing)} is to be paid."
    return (
        f"{text} Of this {format_money(overdue)} is past its due date: please pay it now."
        if overdue
        else text
    )


def pay_at(statement: Statement) -> str:
    """Where the account is paid online, what its QR code says: the provider's own link, else the portal."""
    link = BillingSettings.get().payment_link
    if not link:
        return f"{settings.BASE_URL}/portal/"
    return payment_links.fill(link, Due(statement.payer.code, statement.to_pay))


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "on": str(entry.on),
        "what": entry.what,
        "note": "; ".join(filter(None, [entry.served, *_settled(entry)])),
        "charged": _or_blank(entry.charged),
        "credited": _or_blank(entry.credited),
        "balance": format_money(entry.balance, ""),
    }


def _settled(entry: Entry) -> list[str]:
    return ["for " + ", ".join(entry.settles)] if entry.settles else []


def _or_blank(amount: Decimal | None) -> str:
    return "" if amount is None else format_money(amount, "")
