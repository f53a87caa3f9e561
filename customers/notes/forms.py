"""The form of a note."""

from typing import Any

from django import forms

from customers.notes.models import LONGEST
from ispbilling.core.forms import Form


class NoteForm(Form):
    text = forms.CharField(
        label="Note",
        max_length=LONGEST,
        widget=forms.Textarea({"rows": 7}),
        help_text="For colleagues; the customer does not see it",
    )
    pinned = forms.BooleanField(label="Pin to the top", required=False)


class NoteEditForm(NoteForm):
    seen = forms.CharField(widget=forms.HiddenInput, max_length=40)

    def refresh(self, state: str) -> None:
        """After a clash: saving again means "keep what I see here"."""
        self.data: Any = self.data.copy()
        self.data["seen"] = state
