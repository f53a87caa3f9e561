"""The form of the provider's details."""

from django import forms

from ispbilling.core.models import Provider


class ProviderForm(forms.ModelForm):
    """What the paper says about us; the law wants legal name, address and VAT number on a tax invoice."""

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
