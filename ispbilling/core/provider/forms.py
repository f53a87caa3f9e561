"""The form of the provider's details."""

from typing import Any

from crispy_forms.layout import Layout
from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.template.loader import render_to_string

from ispbilling.core.files.keeping import FileRefused
from ispbilling.core.forms import Pair, SeenForm
from ispbilling.core.models import Logo, Provider
from ispbilling.core.provider import logos


class _Picture:
    """Draws the logo as it is, the picker of another one and the box that takes it away."""

    def render(self, form: Any, context: Any, template_pack: str = "", **kwargs: Any) -> str:
        return render_to_string("ui/logo_input.html", {"field": form["logo"], "logo": form.instance.logo})


class ProviderForm(SeenForm):
    """What the paper says about us; the law wants legal name, address and VAT number on a tax invoice."""

    logo = forms.FileField(
        required=False,
        widget=forms.ClearableFileInput({"accept": "image/png,image/jpeg"}),
        help_text="PNG or JPEG, on invoices, credit notes, receipts, statements and in the portal; what is issued"
        " already keeps the logo it has",
    )
    layout = Layout(
        Pair("name", "legal_name"),
        Pair("registration_number", "vat_number"),
        Pair("phone", "email"),
        _Picture(),
        Pair("address", "bank_details"),
        "invoice_note",
    )

    class Meta:
        model = Provider
        fields = (
            "name",
            "legal_name",
            "registration_number",
            "vat_number",
            "address",
            "phone",
            "email",
            "bank_details",
            "invoice_note",
        )
        widgets = {
            name: forms.Textarea(attrs={"rows": 4}) for name in ("address", "bank_details", "invoice_note")
        }

    def clean_logo(self) -> Logo | None:
        """The picture that was uploaded, the one there is, or none where the box is ticked."""
        given = self.cleaned_data["logo"]
        if not isinstance(given, UploadedFile):
            return None if given is False else self.instance.logo
        try:
            return logos.read(given)
        except FileRefused as refusal:
            raise ValidationError(str(refusal)) from refusal

    def save(self, commit: bool = True) -> Any:
        if "logo" in self.changed_data:
            logo = self.cleaned_data["logo"]
            self.instance.logo = logos.keep(logo) if logo else None
        return super().save(commit)
