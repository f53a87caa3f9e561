"""The form that takes files, several at once."""

from typing import Any

from crispy_forms.layout import Layout
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.template.loader import render_to_string

from ispbilling.core.forms import Form

MOST_AT_ONCE = 20


class FilesInput(forms.FileInput):
    """A picker for several files."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several uploads as a list. What is in them is the domain's to judge."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        given = [one for one in (data if isinstance(data, list | tuple) else [data]) if one]
        if not given:
            raise ValidationError("Choose at least one file.")
        if len(given) > MOST_AT_ONCE:
            raise ValidationError(f"At most {MOST_AT_ONCE} files at once; these are {len(given)}.")
        return given


class _Picker:
    """Draws the picker with its place to drop files on."""

    def render(self, form: Any, context: Any, template_pack: str = "", **kwargs: Any) -> str:
        limits = {"most_mb": settings.ATTACHMENT_MAX_MB, "all_mb": settings.UPLOAD_MAX_MB}
        return render_to_string("customers/files/_picker.html", {"field": form["files"], **limits})


class AttachForm(Form):
    files = FilesField(label="Files")
    description = forms.CharField(
        max_length=200, required=False, help_text="What it is: signed contract, proof of address, roof"
    )
    layout = Layout(_Picker(), "description")
