"""Forms of staff: deciding on changes, dealing with a rating."""

from typing import Any

from crispy_forms.layout import Layout
from django import forms
from django.template.loader import render_to_string

from customers.requests import fields
from customers.requests.deciding import Verdict
from customers.requests.models import ChangedField, ChangeRequest, Decision
from ispbilling.core.forms import Form

CHOICES = [(Decision.APPROVED, "Approve"), (Decision.REJECTED, "Reject"), (Decision.OPEN, "Decide later")]


class HandleForm(Form):
    note = forms.CharField(label="What was done", max_length=300)


class _Change:
    """Draws one field: what it was, what it is to be, and the choice."""

    def __init__(self, changed: ChangedField) -> None:
        self.changed = changed

    def render(self, form: Any, context: Any, template_pack: str = "", **kwargs: Any) -> str:
        name = self.changed.name
        parts = {"choice": form[name], "reason": form[f"{name}_reason"], "label": fields.LABELS[name]}
        return render_to_string("customers/requests/_change.html", {"changed": self.changed, **parts})


class DecideForm(Form):
    """A choice and a reason for each field that waits."""

    def __init__(self, *args: Any, initial: dict[str, Any], **kwargs: Any) -> None:
        change: ChangeRequest = initial.pop("change")
        super().__init__(*args, initial=initial, **kwargs)
        self.waiting = list(change.fields.filter(decision=Decision.OPEN))
        for changed in self.waiting:
            self.fields[changed.name] = forms.ChoiceField(
                choices=CHOICES,
                widget=forms.RadioSelect,
                initial=Decision.OPEN,
                label=fields.LABELS[changed.name],
            )
            self.fields[f"{changed.name}_reason"] = forms.CharField(
                max_length=300, required=False, label="Reason, when rejected"
            )

    @property
    def layout(self) -> Layout:
        return Layout(*map(_Change, self.waiting))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for changed in self.waiting:
            rejected = cleaned.get(changed.name) == Decision.REJECTED
            if rejected and not cleaned.get(f"{changed.name}_reason"):
                self.add_error(f"{changed.name}_reason", "Say why it is rejected.")
        return cleaned

    def verdicts(self) -> dict[str, Verdict]:
        """What was decided; what is to be decided later is left out."""
        told = self.cleaned_data
        chosen = {one.name: Decision(told[one.name]) for one in self.waiting}
        return {
            name: Verdict(decision, told[f"{name}_reason"] if decision == Decision.REJECTED else "")
            for name, decision in chosen.items()
            if decision != Decision.OPEN
        }
