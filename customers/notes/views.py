"""The list of a customer's notes and what is done to one."""

from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import django_tables2 as tables
from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from customers.accounts.models import Customer
from customers.notes import writing
from customers.notes.forms import NoteEditForm, NoteForm
from customers.notes.models import Note
from ispbilling.core import clock
from ispbilling.core.models import User
from ispbilling.core.parts import Button, State
from ispbilling.core.tables import ActionsColumn, BlankFalseColumn, DateTimeColumn, Table
from ispbilling.core.views import ActionPage, ListPage, scoped


def url(name: str, note: Note, back: str = "") -> str:
    """The page of a verb; `back` is where it returns to."""
    return reverse(f"customers:note_{name}", args=[note.pk]) + (
        f"?{urlencode({'next': back})}" if back else ""
    )


def verbs(note: Note, user: Any, back: str) -> list[Button]:
    """What this person may do to a note, from the page `back`."""
    edit = "customers.notes"
    if note.removed_at is not None:
        return [Button("Bring back", url("restore", note, back), "restore", permission=edit, post=True)]
    pin = ("Unpin", "unpin", "pinned-off") if note.pinned else ("Pin to the top", "pin", "pin")
    found = [Button(pin[0], url(pin[1], note, back), pin[2], permission=edit, post=True)]
    if writing.may_change(note, user):
        found.insert(0, Button("Edit note", url("edit", note, back), "pencil", permission=edit, modal=True))
    return [*found, Button("Remove note", url("remove", note, back), "trash", "danger", edit, post=True)]


class NoteTable(Table):
    text = tables.Column(verbose_name="Note", orderable=False)
    pinned = BlankFalseColumn(verbose_name="Pinned")
    written_by = tables.Column(verbose_name="By", default="System")
    written_at = DateTimeColumn(verbose_name="Written")
    edited_at = DateTimeColumn(verbose_name="Edited")
    actions = ActionsColumn(lambda note: [])
    default_columns = ("text", "pinned", "written_by", "written_at", "edited_at")

    class Meta(Table.Meta):
        model = Note
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.columns["actions"].column.actions = lambda note: verbs(
            note, self.request.user, self.request.get_full_path()
        )

    def row_url(self, record: Note) -> None:
        return None

    def row_off(self, record: Note) -> bool:
        return record.removed_at is not None

    def render_text(self, value: str) -> SafeString:
        return format_html('<div class="note-text">{}</div>', value)


class NoteList(ListPage):
    """All notes on a customer, searched by their words (PRO-11)."""

    table_class = NoteTable
    permission = "customers.view"
    add_permission, add_label, add_modal = "customers.notes", "Add Note", True
    search_fields = ("text",)
    search_help = "Words of the note"
    states = (
        State("normal", "Normal", Q(removed_at__isnull=True), "on the list"),
        State("removed", "Removed", Q(removed_at__isnull=False), "removed"),
    )
    empty_icon = "notes"
    empty_title = "No notes yet"
    empty_text = (
        "Write down what a colleague should know before the next call: the dog, the gate code, the promise."
    )

    @cached_property
    def customer(self) -> Customer:
        return get_object_or_404(scoped(Customer.objects, self.actor), pk=self.kwargs["pk"])

    @property
    def title(self) -> str:  # type: ignore[override]
        return f"Notes on {self.customer}"

    def crumbs(self) -> Any:
        here = (self.customer.code, self.customer.get_absolute_url())
        return (("Customers", reverse("customers:customer_list")), here)

    def get_queryset(self) -> Any:
        return Note.objects.filter(customer=self.customer).select_related("written_by")

    def add_button(self) -> Button | None:
        there = reverse("customers:customer_note_add", args=[self.customer.pk])
        add = Button("Add Note", there, "plus", "primary", "customers.notes", modal=True)
        return next(iter(self.permitted([add])), None)


class NoteAdd(ActionPage):
    queryset = Customer.objects.all()
    permission = "customers.notes"
    title = "Add Note"
    submit_label, submit_icon = "Add Note", "plus"
    form_class = NoteForm

    def act(self, obj: Customer, form: Any, actor: User) -> Note:
        return writing.add(
            obj, form.cleaned_data["text"], clock.now(), actor=actor, pinned=form.cleaned_data["pinned"]
        )

    def done(self, obj: Customer, result: Any) -> str:
        return "The note is added."

    def success_url(self, obj: Customer, result: Any) -> str:
        return obj.get_absolute_url()


class NoteAct(ActionPage):
    """What the verbs on one note share."""

    queryset = Note.objects.select_related("customer")
    permission = "customers.notes"

    def success_url(self, obj: Note, result: Any) -> str:
        return reverse("customers:customer_notes", args=[obj.customer_id])


class NoteEdit(NoteAct):
    title = "Edit Note"
    submit_label, submit_icon = "Save Changes", "check"
    form_class = NoteEditForm

    def obstacles(self, obj: Note) -> list[str]:
        if writing.may_change(obj, self.actor):
            return []
        return ["Only its author can change a note, and not once it is removed. Add one of your own instead."]

    def form_kwargs(self) -> dict[str, Any]:
        note = self.object
        return {"initial": {"text": note.text, "pinned": note.pinned, "seen": writing.state_of(note)}}

    def act(self, obj: Note, form: Any, actor: User) -> Note:
        told = form.cleaned_data
        try:
            return writing.change(
                obj, told["text"], clock.now(), actor=actor, seen=told["seen"], pinned=told["pinned"]
            )
        except writing.ChangedMeanwhile:
            form.refresh(writing.state_of(Note.objects.get(pk=obj.pk)))
            raise

    def done(self, obj: Note, result: Any) -> str:
        return "The note is saved."


class NotePin(NoteAct):
    title = submit_label = "Pin Note"

    def act(self, obj: Note, form: Any, actor: User) -> Note:
        return writing.pin(obj, True, clock.now(), actor=actor)

    def done(self, obj: Note, result: Any) -> str:
        return "The note is pinned to the top."

    def undo_url(self, obj: Note, result: Any) -> str:
        return url("unpin", obj)


class NoteUnpin(NoteAct):
    title = submit_label = "Unpin Note"

    def act(self, obj: Note, form: Any, actor: User) -> Note:
        return writing.pin(obj, False, clock.now(), actor=actor)

    def done(self, obj: Note, result: Any) -> str:
        return "The note is no longer pinned."

    def undo_url(self, obj: Note, result: Any) -> str:
        return url("pin", obj)


class NoteRemove(NoteAct):
    title = submit_label = "Remove Note"
    danger = True

    def consequences(self, obj: Note) -> list[str]:
        return ["It disappears from the profile. The list of notes still has it under Removed."]

    def act(self, obj: Note, form: Any, actor: User) -> Note:
        return writing.remove(obj, clock.now(), actor=actor)

    def done(self, obj: Note, result: Any) -> str:
        return "The note is removed."

    def undo_url(self, obj: Note, result: Any) -> str:
        return url("restore", obj)


class NoteRestore(NoteAct):
    title = submit_label = "Bring Back Note"

    def act(self, obj: Note, form: Any, actor: User) -> Note:
        return writing.restore(obj, clock.now(), actor=actor)

    def done(self, obj: Note, result: Any) -> str:
        return "The note is back."
