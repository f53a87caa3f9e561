"""Somebody else changes a row while a form on it is open: the second to save is told what the first changed."""

from typing import Any

from django.db import models

from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event

HIDDEN = "(hidden)"
#: Changes of a row that are told one by one.
TOLD = 6


class ChangedMeanwhile(DomainError):
    """Somebody else saved the row after its form was opened."""


def latest(row: models.Model) -> int:
    """The newest event about the row: what a form has seen of it."""
    return Event.objects.of(row).values_list("pk", flat=True).first() or 0


def refuse_if_changed(row: models.Model, seen: int | None, *kinds: str) -> None:
    """Raises ChangedMeanwhile when events of these kinds befell the row after `seen`, which is what `latest` gave
    when the form was opened (None: nobody looked). To be asked under the row's lock.
    """
    if seen is None:
        return
    events = Event.objects.of(row).filter(kind__in=kinds, pk__gt=seen).select_related("actor")
    if told := [f"{event.actor or 'The system'} {_deed(event)}" for event in events[:TOLD]]:
        raise ChangedMeanwhile(f"{'. '.join(told)}. What you typed is still here: save again to have it so.")


def _deed(event: Event) -> str:
    changes: dict[str, list[Any]] = event.data.get("changes", {})
    if not changes:
        return f"recorded “{event.kind.replace('.', ' ').replace('_', ' ')}”"
    return "changed the " + ", ".join(
        name.replace("_", " ") + ("" if new == HIDDEN else f" from {_shown(old)} to {_shown(new)}")
        for name, (old, new) in changes.items()
    )


def _shown(value: Any) -> str:
    return str(value)[:80] if value not in (None, "") else "nothing"
