"""The link by which something is paid, and the QR code of it on paper. Pure.

The provider's own link has placeholders in braces, as payment services ask for them, for example
`https://pos.snapscan.io/qr/AbCd?id={document}&amount={cents}`. Without one people are led to the document in
the portal.
"""

import io
from dataclasses import dataclass
from decimal import Decimal
from string import Formatter
from urllib.parse import quote

import segno

from ispbilling.core.money import CENT

#: What may stand in braces: the payment reference, the amount as 539.50 and as 53950, the document's number.
PLACEHOLDERS = ("reference", "amount", "cents", "document")


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be paid: under which reference, how much, and for which document (empty: the account)."""

    reference: str
    amount: Decimal
    document: str = ""


def check(template: str) -> None:
    """Raise ValueError, with a sentence for people, for a link that cannot be filled in."""
    if not template.startswith("https://"):
        raise ValueError("The link starts with https://.")
    try:
        parts = list(Formatter().parse(template))
    except ValueError:
        raise ValueError("A brace is open: placeholders look like {amount}.") from None
    known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    for _, name, spec, conversion in parts:
        if name is not None and (name not in PLACEHOLDERS or spec or conversion):
            raise ValueError(f"{{{name}}} is not known; there are {known}.")


def fill(template: str, due: Due) -> str:
    """The link for one payment. Its template was checked when it was stored."""
    return template.format(
        reference=quote(due.reference, safe=""),
        amount=f"{due.amount:.2f}",
        cents=int(due.amount / CENT),
        document=quote(due.document, safe=""),
    )


def qr_svg(text: str) -> str:
    """The text as a QR code, an SVG picture; the same text is the same picture."""
    picture = io.BytesIO()
    segno.make(text, error="m", micro=False).save(picture, kind="svg", border=2, xmldecl=False, svgclass=None)
    return picture.getvalue().decode()
