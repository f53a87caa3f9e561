"""The only writer of notes. What a note says stays out of the event log, which nobody can ever erase."""

from datetime import datetime

from django.db import transaction

from customers.accounts.models import Customer
from customers.notes.models import Note
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User


class ChangedMeanwhile(DomainError):
    """The note is not what the form was opened with."""


def may_change(note: Note, user: User) -> bool:
    """The words of a note are its author's; others answer with a note of their own."""
    return note.removed_at is None and note.written_by_id == user.pk


def add(customer: Customer, text: str, now: datetime, *, actor: User, pinned: bool = False) -> Note:
    """Write a note down."""
    with transaction.atomic():
        note = Note.objects.create(
            customer=customer, text=text.strip(), pinned=pinned, written_by=actor, written_at=now
        )
        events.record("note.added", note, actor=actor, about=customer, at=now)
    return note


def change(note: Note, text: str, now: datetime, *, actor: User, seen: str, pinned: bool) -> Note:
    """Put other words in its place. `seen` is `state_of` the note when the form was opened.

    Raises DomainError for somebody else's note, ChangedMeanwhile when it was changed or removed since.
    """
    with transaction.atomic():
        row = _locked(note)
        if not may_change(row, actor):
            raise DomainError(
                "Only its author can change a note, and not once it is removed; add one instead."
            )
        if seen != state_of(row):
            raise ChangedMeanwhile(
                "This note was changed in another window. Nothing of yours is lost: save again to keep this text."
            )
        if (row.text, row.pinned) != (text.strip(), pinned):
            row.text, row.pinned, row.edited_at = text.strip(), pinned, now
            row.save(update_fields=["text", "pinned", "edited_at"])
            events.record("note.edited", row, actor=actor, about=row.customer, at=now)
    return row


def pin(note: Note, pinned: bool, now: datetime, *, actor: User) -> Note:
    """Keep it on top, or no longer."""
    with transaction.atomic():
        row = _kept(note)
        if row.pinned != pinned:
            row.pinned = pinned
            row.save(update_fields=["pinned"])
            kind = "note.pinned" if pinned else "note.unpinned"
            events.record(kind, row, actor=actor, about=row.customer, at=now)
    return row


def remove(note: Note, now: datetime, *, actor: User) -> Note:
    """Hide it. Raises DomainError when it is removed already."""
    with transaction.atomic():
        row = _kept(note)
        row.removed_at, row.removed_by = now, actor
        row.save(update_fields=["removed_at", "removed_by"])
        events.record("note.removed", row, actor=actor, about=row.customer, at=now)
    return row


def restore(note: Note, now: datetime, *, actor: User) -> Note:
    """Bring a removed note back. Raises DomainError when it is there."""
    with transaction.atomic():
        row = _locked(note)
        if row.removed_at is None:
            raise DomainError("This note is there already; reload the page.")
        row.removed_at = row.removed_by = None
        row.save(update_fields=["removed_at", "removed_by"])
        events.record("note.restored", row, actor=actor, about=row.customer, at=now)
    return row


def state_of(note: Note) -> str:
    """Stands for the note as a form shows it."""
    return note.edited_at.isoformat() if note.edited_at else "new"


def _locked(note: Note) -> Note:
    return (
        Note.objects.select_for_update(of=("self",), no_key=True).select_related("customer").get(pk=note.pk)
    )


def _kept(note: Note) -> Note:
    row = _locked(note)
    if row.removed_at is not None:
        raise DomainError("This note has been removed; reload the page.")
    return row
