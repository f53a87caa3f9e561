"""The acts on attributes of replies. The RADIUS service sees the changed row, and brings live sessions in line."""

from datetime import datetime
from typing import Any

from django.db import transaction

from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.meanwhile import refuse_if_changed
from ispbilling.core.models import User
from radius.attributes import checking
from radius.attributes.models import ReplyAttribute


def add(attribute: ReplyAttribute, now: datetime, *, actor: User | None) -> ReplyAttribute:
    """Store a new one. Raises DomainError when the replies would become too long."""
    with transaction.atomic():
        attribute.save(force_insert=True)
        _leave_room(attribute)
        _record("added", attribute, now, actor, value=attribute.value)
    return attribute


def edit(
    attribute: ReplyAttribute,
    fields: dict[str, Any],
    now: datetime,
    *,
    actor: User | None,
    seen: int | None = None,
) -> ReplyAttribute:
    """Change its name or value. Raises DomainError when the replies would become too long, ChangedMeanwhile when
    one of its owner's was edited after `seen` (`core.meanwhile`).
    """
    with transaction.atomic():
        stored = ReplyAttribute.objects.select_for_update(of=("self",)).get(pk=attribute.pk)
        refuse_if_changed(stored.owner, seen, f"{stored.noun}.attribute_edited")
        changed = events.changes({name: getattr(stored, name) for name in fields}, fields)
        if changed:
            for name in changed:
                setattr(stored, name, fields[name])
            stored.save(update_fields=list(changed))
            _leave_room(stored)
            _record("edited", stored, now, actor, changes=changed)
    return stored


def delete(attribute: ReplyAttribute, now: datetime, *, actor: User | None) -> None:
    """Take it out of the replies."""
    with transaction.atomic():
        _record("deleted", attribute, now, actor, value=attribute.value)
        attribute.delete()


def _record(verb: str, attribute: ReplyAttribute, now: datetime, actor: User | None, **data: Any) -> None:
    """On the service, or on the data account and its customer's timeline."""
    owner = attribute.owner
    about = getattr(owner, "customer", None)
    kind = f"{attribute.noun}.attribute_{verb}"
    events.record(kind, owner, actor=actor, about=about, at=now, attribute=attribute.name, **data)


def _leave_room(attribute: ReplyAttribute) -> None:
    said = attribute.owner.attributes.values_list("name", "value")
    if checking.octets(said) > checking.MOST_OCTETS:
        raise DomainError(
            "The replies would become too long for a RADIUS packet; take another attribute out first."
        )
