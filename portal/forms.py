"""Forms of the customers' pages: the door, and what is to be paid online."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from allauth.account.forms import LoginForm
from django import forms

from ispbilling.core.forms import AmountField
from portal import paying
from portal.paying import Choice

OTHER = "other"


class PortalLoginForm(LoginForm):
    """allauth's log-in in our words; the way to a new password stands below the form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "Username or e-mail"
        self.fields["password"].help_text = ""
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class PayForm(forms.Form):
    """One of the amounts, or another one. `token` makes one form one payment, however often it is sent."""

    token = forms.UUIDField(widget=forms.HiddenInput, error_messages={"invalid": "Go back and begin again."})
    what = forms.ChoiceField(
        label="How much?", widget=forms.RadioSelect, error_messages={"required": "Choose an amount."}
    )
    amount = AmountField(
        label="Another amount",
        required=False,
        widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, choices: Sequence[Choice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.amounts = {choice.name: choice.amount for choice in choices}
        offered = [(choice.name, paying.sentence(choice)) for choice in choices]
        what: Any = self.fields["what"]
        what.choices = [*offered, (OTHER, "Another amount")]
        what.initial = next(iter(self.amounts), OTHER)
        self.fields["token"].initial = str(uuid4())

    @property
    def token_given(self) -> UUID:
        given: UUID = self.cleaned_data["token"]
        return given

    @property
    def chosen(self) -> Decimal:
        """The amount to pay, of a valid form."""
        what = self.cleaned_data["what"]
        amount: Decimal = self.cleaned_data["amount"] if what == OTHER else self.amounts[what]
        return amount

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("what") == OTHER and cleaned.get("amount") is None and "amount" not in self.errors:
            self.add_error("amount", "Write how much you want to pay.")
        if cleaned.get("what") in self.amounts and self.data.get("amount", "").strip():
            self.errors.pop("amount", None)
            self.add_error("amount", "Choose “Another amount” to pay this, or leave it empty.")
        return cleaned
