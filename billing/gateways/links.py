"""Links to pay without logging in: for one invoice, or for all that somebody owes.

A link is `<what><id>.<signature>`, stored nowhere. Who holds one sees what is open and its reference, and can pay it;
nothing else, and nothing any more once it is paid.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.core.signing import BadSignature, Signer

from billing.allocating.standing import Standings
from billing.documents.models import Document
from billing.ledger.models import Balance
from customers.models import Customer
from ispbilling.core.money import ZERO


class LinkDead(Exception):
    """The link does not work."""


@dataclass(frozen=True, slots=True)
class Payable:
    """What a link is for, and how much of it is open."""

    payer: Customer
    document: Document | None
    open: Decimal


def token(of: Document | Customer) -> str:
    """The secret part of the link."""
    return _signer().sign(f"{'d' if isinstance(of, Document) else 'p'}{of.pk}")


def find(given: str, on: date) -> Payable:
    """What a link is for. Raises LinkDead."""
    try:
        what = _signer().unsign(given)
        kind, pk = what[0], int(what[1:])
    except (BadSignature, ValueError, IndexError) as error:
        raise LinkDead from error
    if kind == "d":
        document = Document.objects.select_related("payer").filter(pk=pk).first()
        if document is None:
            raise LinkDead
        standing = Standings(on, [document.payer_id]).of(document, credited=document.corrections.exists())
        return Payable(document.payer, document, standing.open if standing else ZERO)
    payer = Customer.objects.filter(pk=pk).first()
    if payer is None:
        raise LinkDead
    owed = Balance.objects.filter(customer=payer).values_list("amount", flat=True).first() or ZERO
    return Payable(payer, None, max(owed, ZERO))


def _signer() -> Signer:
    return Signer(sep=".", salt="billing.gateways.links")
