"""The forms of the Data Protection page."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from ispbilling.core.forms import Form


class ExportForm(Form):
    reason = forms.CharField(max_length=300, help_text="Who asked for it, and how you know that it was they")


class EraseForm(Form):
    reason = forms.CharField(max_length=300, help_text="Recorded for good: do not name the person")
    code = forms.CharField(label="Account code, typed in full", max_length=20)

    def __init__(self, *args: Any, initial: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, initial=initial, **kwargs)
        self.expected = self.initial.pop("code")

    def clean_code(self) -> str:
        if self.cleaned_data["code"].strip().upper() != self.expected:
            raise ValidationError(f"Type {self.expected} to confirm; this cannot be taken back.")
        return str(self.expected)
