"""Whom to merge, and which value survives where the two differ."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from customers.merging.choosing import Difference
from customers.profile.forms import masked
from customers.relations.forms import CustomerField
from ispbilling.core.forms import Form


class PairForm(Form):
    survivor = CustomerField(label="Survivor", help_text="The record that stays: account code or name")
    loser = CustomerField(
        label="Merge into it", help_text="The duplicate: it is hidden, and its code leads to the survivor"
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("survivor") and cleaned.get("survivor") == cleaned.get("loser"):
            raise ValidationError("Choose two different customers.")
        return cleaned


class MergeForm(Form):
    """One choice for each column in which both have a value; the survivor's unless somebody says otherwise."""

    seen = forms.CharField(widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, asked: Sequence[Difference] = (), codes: tuple[str, str] = ("", ""), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.asked = [one.name for one in asked]
        for one in asked:
            choices = [
                ("survivor", f"{shown(one.name, one.survivor)} ({codes[0]})"),
                ("loser", f"{shown(one.name, one.loser)} ({codes[1]})"),
            ]
            self.fields[one.name] = forms.ChoiceField(
                label=one.label, choices=choices, widget=forms.RadioSelect, initial="survivor"
            )
        self.fields["reason"] = forms.CharField(
            max_length=300, help_text="Why they are one customer; colleagues read it on both timelines"
        )

    def choices(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in self.asked}

    def refresh(self, seen: str) -> None:
        """After a change meanwhile: the next press means what is shown now."""
        self.data = self.data.copy()
        self.data["seen"] = seen


def shown(name: str, value: Any) -> str:
    """A value as the page shows it; an ID number masked."""
    if name == "id_number":
        return masked(value) or "none"
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if value is None or value == "":
        return "none"
    return ", ".join(str(value).splitlines())
