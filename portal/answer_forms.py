"""The forms behind the links customers are sent."""

from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator

from customers.models import Customer
from customers.requests import fields

_LONGEST = {"name": 160, "contact_name": 160, "phone": 40, "mobile": 40, "vat_number": 20}
_ADDRESSES = ("physical_address", "postal_address")


class UpdateForm(forms.Form):
    """The details we have, to be put right."""

    name = forms.CharField()
    contact_name = forms.CharField(required=False)
    phone = forms.CharField(required=False, widget=forms.TextInput({"type": "tel", "autocomplete": "tel"}))
    mobile = forms.CharField(required=False, widget=forms.TextInput({"type": "tel", "autocomplete": "tel"}))
    email = forms.EmailField(required=False, widget=forms.EmailInput({"autocomplete": "email"}))
    physical_address = forms.CharField(required=False, max_length=1000, widget=forms.Textarea({"rows": 4}))
    postal_address = forms.CharField(required=False, max_length=1000, widget=forms.Textarea({"rows": 3}))
    vat_number = forms.CharField(required=False)
    comment = forms.CharField(
        label="Anything else?", required=False, max_length=2000, widget=forms.Textarea({"rows": 3})
    )
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = fields.of(customer)
        for name in [*self.fields]:
            if name in asked:
                self.fields[name].label = asked[name]
            elif name not in ("comment", "seen"):
                del self.fields[name]
        for name, longest in _LONGEST.items():
            if field := self.fields.get(name):
                field.validators.append(MaxLengthValidator(longest))
                field.widget.attrs["maxlength"] = longest


class RatingForm(forms.Form):
    """One to five, and why."""

    score = forms.TypedChoiceField(
        label="Your rating",
        coerce=int,
        choices=[(5, "5 - very good"), (4, "4"), (3, "3"), (2, "2"), (1, "1 - bad")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose 1 to 5."},
    )
    comment = forms.CharField(
        label="Tell us why", required=False, max_length=2000, widget=forms.Textarea({"rows": 4})
    )
