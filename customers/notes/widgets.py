"""Notes on the profile."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.urls import reverse

from customers.notes.views import verbs
from ispbilling.core import access
from ispbilling.core.parts import Button
from ispbilling.core.registries import Widget


class Notes(Widget):
    """The pinned and the latest notes (PRO-11)."""

    name, title, icon = "notes", "Notes", "notes"
    template_name = "customers/notes/_widget.html"
    permission = "customers.view"
    column, weight = 3, 60
    most: ClassVar[int] = 5

    def context(self) -> Mapping[str, Any]:
        user, back = self.request.user, self.obj.get_absolute_url()
        kept = self.obj.notes.kept().select_related("written_by")
        shown = [
            (note, [one for one in verbs(note, user, back) if access.may(user, one.permission)])
            for note in kept[: self.most]
        ]
        return {"shown": shown, "count": kept.count(), "list_url": self.view_all(), "most": self.most}

    def buttons(self) -> list[Button]:
        there = reverse("customers:customer_note_add", args=[self.obj.pk])
        return [Button("Add", there, "plus", permission="customers.notes", modal=True)]

    def view_all(self) -> str:
        return reverse("customers:customer_notes", args=[self.obj.pk])
