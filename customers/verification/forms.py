"""The form of a check of identity."""

from typing import Any

from crispy_forms.layout import Layout
from django import forms

from customers.accounts.models import Customer, CustomerType
from customers.files.models import Attachment
from customers.verification.models import DocumentType, Method
from customers.verification.verifying import PROOF_MONTHS, Checked
from ispbilling.core import clock
from ispbilling.core.forms import DateInput, Form, Pair


class VerifyForm(Form):
    document_type = forms.ChoiceField(label="Document", choices=DocumentType.choices)
    method = forms.ChoiceField(label="How it was checked", choices=Method.choices)
    verified_on = forms.DateField(label="Checked on", widget=DateInput)
    expires_on = forms.DateField(
        label="Document valid until", widget=DateInput, required=False, help_text="For passports and permits"
    )
    documents = forms.ModelMultipleChoiceField(
        Attachment.objects.none(), required=False, widget=forms.CheckboxSelectMultiple, label="Copies of it"
    )
    proof_of_address = forms.ModelChoiceField(Attachment.objects.none(), required=False)
    proof_dated_on = forms.DateField(
        label="Proof of address dated",
        widget=DateInput,
        required=False,
        help_text=f"At most {PROOF_MONTHS} months before the check",
    )

    def __init__(self, *args: Any, initial: dict[str, Any], **kwargs: Any) -> None:
        customer: Customer = initial.pop("customer")
        company = customer.type == CustomerType.COMPANY
        usual = {
            "document_type": DocumentType.COMPANY if company else DocumentType.SA_ID,
            "verified_on": clock.local_day(clock.now()),
        }
        super().__init__(*args, initial={**usual, **initial}, **kwargs)
        kept = customer.attachments.kept()
        for name in ("documents", "proof_of_address"):
            self.fields[name].queryset = kept
            self.fields[name].label_from_instance = _words
        if not kept.exists():
            for name in ("documents", "proof_of_address", "proof_dated_on"):
                del self.fields[name]

    @property
    def layout(self) -> Layout:
        """Pairs where there is room; what is not asked is not drawn."""
        rows = [Pair("document_type", "method"), Pair("verified_on", "expires_on")]
        if "documents" in self.fields:
            rows += ["documents", Pair("proof_of_address", "proof_dated_on")]
        return Layout(*rows)

    def checked(self) -> Checked:
        return Checked(**self.cleaned_data)


def _words(attachment: Attachment) -> str:
    return f"{attachment.description} ({attachment.name})" if attachment.description else attachment.name
