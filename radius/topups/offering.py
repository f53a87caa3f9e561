"""The acts on top-up groups and types that their forms are not enough for."""

from datetime import datetime

from django.db import transaction

from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.using import refuse_if_used
from radius.topups.models import TopupGroup, TopupType


def delete_group(group: TopupGroup, now: datetime, *, actor: User | None) -> None:
    """Delete a group with the types in it that nothing uses. Raises DomainError while a package names it."""
    with transaction.atomic():
        stored = TopupGroup.objects.select_for_update().get(pk=group.pk)
        refuse_if_used(stored, "Move its top-ups away and choose another group for the packages first.")
        events.record("topupgroup.deleted", stored, actor=actor, at=now)
        stored.delete()


def delete_type(type_: TopupType, now: datetime, *, actor: User | None) -> None:
    """Delete a type; what was sold of it stays as it was sold. Raises DomainError while something sells it."""
    with transaction.atomic():
        stored = TopupType.objects.select_for_update().get(pk=type_.pk)
        refuse_if_used(stored, "Stop selling it instead.")
        events.record("topuptype.deleted", stored, actor=actor, at=now)
        stored.delete()


def set_sold(type_: TopupType, sold: bool, now: datetime, *, actor: User | None) -> TopupType:
    """Sell a type, or no longer; what was sold stays. Raises DomainError when that is so already."""
    with transaction.atomic():
        if not TopupType.objects.filter(pk=type_.pk, active=not sold).update(active=sold):
            raise DomainError(f"{type_} is {'sold' if sold else 'not sold'} already; reload the page.")
        type_.active = sold
        events.record(f"topuptype.{'activated' if sold else 'deactivated'}", type_, actor=actor, at=now)
    return type_
