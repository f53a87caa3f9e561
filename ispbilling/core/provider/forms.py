"""The form of the provider's details."""

from crispy_forms.layout import Layout
from django import forms

from ispbilling.core.forms import Pair, SeenForm
from ispbilling.core.models import Provider


class ProviderForm(SeenForm):
    """What the paper says about us; the law wants legal name, address and VAT number on a tax invoice."""

    layout = Layout(
        Pair("name", "legal_name"),
        Pair("registration_number", "vat_number"),
        Pair("phone", "email"),
        Pair("address", "bank_details"),
        "invoice_note",
        "accounting_system",
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
            "accounting_system",
        )
        widgets = {
            name: forms.Textarea(attrs={"rows": 4}) for name in ("address", "bank_details", "invoice_note")
        }
