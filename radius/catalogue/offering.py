"""The acts on services and packages."""

from datetime import date, datetime
from typing import Any, TypeVar

from django.db import transaction

from ispbilling.core import events
from ispbilling.core.clock import local_day, month_of
from ispbilling.core.errors import DomainError
from ispbilling.core.meanwhile import refuse_if_changed
from ispbilling.core.models import User
from ispbilling.core.using import refuse_if_used
from radius.catalogue.models import Package, Service

Row = TypeVar("Row", Service, Package)
_INSTEAD = {
    "service": "Move its packages to another service first.",
    "package": "Deactivate it instead, or give its data accounts another package first.",
}


def add(row: Row, now: datetime, *, actor: User | None) -> Row:
    """Store a new service or package."""
    with transaction.atomic():
        row.save(force_insert=True)
        events.record(f"{row._meta.model_name}.added", row, actor=actor, at=now)
    return row


def clone(service: Service, source: Service, now: datetime, *, actor: User | None) -> Service:
    """Store a service that starts as a copy of another, with what that adds to replies."""
    with transaction.atomic():
        add(service, now, actor=actor)
        for attribute in source.attributes.all():
            attribute.pk, attribute.service, attribute._state.adding = None, service, True
            attribute.save(force_insert=True)
    return service


def edit(
    row: Row, fields: dict[str, Any], now: datetime, *, actor: User | None, seen: int | None = None
) -> Row:
    """Change the named fields of a service or package, for all who have it, and record old and new.

    Raises ChangedMeanwhile when it was changed after `seen` (`core.meanwhile`).
    """
    with transaction.atomic():
        stored = type(row).objects.select_for_update().get(pk=row.pk)
        noun = row._meta.model_name
        refuse_if_changed(stored, seen, f"{noun}.edited", f"{noun}.activated", f"{noun}.deactivated")
        changed = events.changes({name: getattr(stored, name) for name in fields}, fields)
        if changed:
            for name in changed:
                setattr(stored, name, fields[name])
            stored.save(update_fields=list(changed))
            events.record(f"{noun}.edited", stored, actor=actor, at=now, changes=changed)
    return stored


def next_grant(now: datetime) -> date:
    """The first day of the month from which on the lines of a package get another cap that it is given now."""
    return month_of(local_day(now)).end


def delete(row: Row, now: datetime, *, actor: User | None) -> None:
    """Delete a service or package that nothing uses; not recoverable. Raises DomainError that says what does."""
    noun = str(row._meta.model_name)
    with transaction.atomic():
        stored = type(row).objects.select_for_update(of=("self",)).get(pk=row.pk)
        refuse_if_used(stored, _INSTEAD[noun])
        events.record(f"{noun}.deleted", stored, actor=actor, at=now)
        stored.delete()


def set_offered(package: Package, offered: bool, now: datetime, *, actor: User | None) -> Package:
    """Offer a package for new data accounts, or no longer; those who have it keep it. Raises DomainError."""
    with transaction.atomic():
        if not Package.objects.filter(pk=package.pk, active=not offered).update(active=offered):
            state = "active" if offered else "inactive"
            raise DomainError(f"{package} is already {state}; reload the page.")
        package.active = offered
        kind = "package.activated" if offered else "package.deactivated"
        events.record(kind, package, actor=actor, at=now)
    return package
