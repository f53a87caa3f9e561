"""Forms of the pages about paying online."""

from typing import Any

from crispy_forms.layout import Layout
from django import forms

from billing.gateways.models import GatewayAccount
from ispbilling.core.forms import DateInput, Form, ModelForm, Pair

_KEEP = "Stored encrypted and never shown; empty: stays what it is"


def _secret(label: str) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    return forms.CharField(label=label, required=False, max_length=60, widget=widget, help_text=_KEEP)


class AccountForm(ModelForm):
    """The account at a gateway; `accounts.configure` stores it."""

    merchant_key = _secret("Merchant key")
    passphrase = _secret("Passphrase")
    layout = Layout(Pair("enabled", "sandbox"), "merchant_id", Pair("merchant_key", "passphrase"))

    class Meta:
        model = GatewayAccount
        fields = ("enabled", "sandbox", "merchant_id")
        help_texts = {
            "enabled": "Customers can pay online, in the portal and by the link in their invoices",
            "sandbox": "For trying out: nobody really pays, but payments are recorded as if they had",
            "merchant_id": "From Settings, Developer Settings at the gateway; set a passphrase there, too",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.pop("merchant_key", None)
        self.initial.pop("passphrase", None)

    def _post_clean(self) -> None:
        """Whether it may be on depends on what is stored; `configure` says so."""


class SettleForm(Form):
    external_id = forms.RegexField(
        r"^[0-9A-Za-z_-]{1,60}$",
        label="Payment number there",
        help_text="As the gateway shows it; told by the gateway later, it counts once",
        error_messages={"invalid": "Letters and digits, as the gateway shows it."},
    )
    on = forms.DateField(label="Paid on", widget=DateInput())
    reason = forms.CharField(max_length=200, help_text="Colleagues read it on the timeline")
    layout = Layout(Pair("external_id", "on"), "reason")
