"""Asking a customer by a link, taking the question back, and finding what a link asks.

The link is `<id>.<signature>`: it is computed when the message is sent and stored nowhere; the row says whether
it still works. Each purpose has a signature of its own, so that a link for one opens nothing else.
"""

from datetime import datetime, timedelta

from django.core.signing import BadSignature, Signer
from django.db import transaction

from customers.accounts.models import Customer
from customers.requests.models import CustomerRequest, Purpose
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User

DAYS = 14
_SENT = {Purpose.UPDATE: "update_request.sent", Purpose.RATING: "rating_request.sent"}


class LinkDead(Exception):
    """The link does not work: wrong, used, expired or taken back; which of them is nobody's business."""


def obstacles(customer: Customer) -> list[str]:
    """Why the customer cannot be asked."""
    contact = customer.contacts.filter(primary=True).first()
    if contact is None or not (contact.email or contact.mobile):
        return ["The primary contact has neither an e-mail address nor a mobile number: add one first."]
    return []


def ask(customer: Customer, purpose: Purpose, now: datetime, *, actor: User) -> CustomerRequest:
    """Send the customer a link; an earlier one of the same purpose stops working.

    Raises DomainError when the customer cannot be reached.
    """
    with transaction.atomic():
        row = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
        if reasons := obstacles(row):
            raise DomainError(" ".join(reasons))
        row.requests.filter(purpose=purpose, answered_at=None, revoked_at=None).update(
            revoked_at=now, revoked_by=actor
        )
        made = CustomerRequest.objects.create(
            customer=row,
            purpose=purpose,
            asked_by=actor,
            asked_at=now,
            expires_at=now + timedelta(days=DAYS),
        )
        events.record(_SENT[purpose], made, actor=actor, about=row, at=now)
    return made


def revoke(request: CustomerRequest, now: datetime, *, actor: User) -> CustomerRequest:
    """Take the question back: its link stops working. Raises DomainError when it is answered or taken back."""
    with transaction.atomic():
        row = CustomerRequest.objects.select_for_update(of=("self",), no_key=True).select_related("customer")
        found = row.get(pk=request.pk)
        if found.answered_at or found.revoked_at:
            raise DomainError("This request was answered or taken back already; reload the page.")
        found.revoked_at, found.revoked_by = now, actor
        found.save(update_fields=["revoked_at", "revoked_by"])
        events.record(f"{found.purpose}_request.taken_back", found, actor=actor, about=found.customer, at=now)
    return found


def token(request: CustomerRequest) -> str:
    """The secret part of the link."""
    return _signer(request.purpose).sign(str(request.pk))


def find(given: str, purpose: Purpose, now: datetime, *, lock: bool = False) -> CustomerRequest:
    """The question a link asks. Raises LinkDead."""
    try:
        pk = int(_signer(purpose).unsign(given))
    except (BadSignature, ValueError) as error:
        raise LinkDead from error
    rows = CustomerRequest.objects.select_related("customer").filter(purpose=purpose)
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    found = rows.filter(pk=pk).first()
    if found is None or not found.is_open(now):
        raise LinkDead
    return found


def _signer(purpose: str) -> Signer:
    return Signer(sep=".", salt=f"customers.requests.{purpose}")
