"""What a customer answers through a link, once."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from customers.requests import asking, fields
from customers.requests.models import LOW, ChangedField, ChangeRequest, CustomerRequest, Purpose, Rating
from ispbilling.core import events


def update(
    token: str, seen: Mapping[str, str], wanted: Mapping[str, str], comment: str, now: datetime
) -> ChangeRequest:
    """Take the customer's corrections down for staff to decide on; nothing is changed yet.

    `seen` is what the page showed. Fields left as they were are not part of it; an answer that changes nothing
    and says nothing confirms the details and needs no decision. Raises LinkDead.
    """
    with transaction.atomic():
        request = asking.find(token, Purpose.UPDATE, now, lock=True)
        labels = fields.of(request.customer)
        changed = [
            (name, seen.get(name, ""), wanted[name].strip())
            for name in labels
            if name in wanted and _plain(wanted[name]) != _plain(seen.get(name, ""))
        ]
        confirmed = not changed and not comment.strip()
        made = ChangeRequest.objects.create(
            customer=request.customer,
            request=request,
            comment=comment.strip(),
            received_at=now,
            decided_at=now if confirmed else None,
        )
        ChangedField.objects.bulk_create(
            ChangedField(change_request=made, name=name, old=old, new=new) for name, old, new in changed
        )
        _answered(request, now)
        kind = "change_request.confirmed" if confirmed else "change_request.received"
        asked = ", ".join(labels[name] for name, *_ in changed)
        events.record(kind, request.customer, at=now, fields=asked or None)
    return made


def rate(token: str, score: int, comment: str, now: datetime) -> Rating:
    """Take a rating down; a low one says so in its event, for whoever is to call back. Raises LinkDead."""
    with transaction.atomic():
        request = asking.find(token, Purpose.RATING, now, lock=True)
        made = Rating.objects.create(
            customer=request.customer, request=request, score=score, comment=comment.strip(), received_at=now
        )
        _answered(request, now)
        kind = "rating.low" if score <= LOW else "rating.received"
        events.record(kind, request.customer, at=now, score=score)
    return made


def _answered(request: CustomerRequest, now: datetime) -> None:
    request.answered_at = now
    request.save(update_fields=["answered_at"])


def _plain(text: str) -> str:
    """The text as a person compares it: browsers change line ends, people add spaces."""
    return "\n".join(line.strip() for line in text.strip().splitlines())
