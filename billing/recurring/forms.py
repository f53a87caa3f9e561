"""Forms of recurring lines, billing settings and VAT rates."""

from typing import Any

from crispy_forms.layout import Layout
from django import forms
from django.core.exceptions import ValidationError

from billing.recurring.models import BillingSettings, RecurringLine, VatRate
from ispbilling.core import payment_links
from ispbilling.core.forms import DateInput, Form, ModelForm, MoneyInput, Pair


class RecurringLineForm(ModelForm):
    layout = Layout(
        "description", "data_account", Pair("quantity", "price"), Pair("discount", "vat_exempt"),
        Pair("starts_on", "ends_on"),
    )  # fmt: skip

    class Meta:
        model = RecurringLine
        fields = (
            "description", "data_account", "quantity", "price", "discount", "vat_exempt", "starts_on", "ends_on",
        )  # fmt: skip
        widgets = {"price": MoneyInput(), "starts_on": DateInput(), "ends_on": DateInput()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        accounts = self.fields["data_account"]
        accounts.queryset = self.instance.customer.data_accounts.select_related("package")
        accounts.help_text = (
            "The price follows it unless one is set here, and its last day ends this line too"
        )


class EndForm(Form):
    """The last day that is charged."""

    last_day = forms.DateField(label="Last day", widget=DateInput())


class SettingsForm(ModelForm):
    layout = Layout(
        Pair("due_days", "overdue_days"),
        Pair("prices_include_vat", "rounding"),
        Pair("invoice_prefix", "credit_note_prefix"),
        Pair("adjustment_prefix", "write_off_prefix", "receipt_prefix"),
        Pair("financial_year_end_month", "month_end_day"),
        "payment_link",
        Pair("issue_automatically", "age_by"),
    )

    class Meta:
        model = BillingSettings
        fields = (
            "due_days", "overdue_days", "prices_include_vat", "rounding", "invoice_prefix", "credit_note_prefix",
            "adjustment_prefix", "write_off_prefix", "receipt_prefix", "financial_year_end_month", "month_end_day",
            "payment_link", "issue_automatically", "age_by",
        )  # fmt: skip

    def clean_payment_link(self) -> str:
        link = str(self.cleaned_data["payment_link"]).strip()
        if link:
            try:
                payment_links.check(link)
            except ValueError as error:
                raise ValidationError(str(error)) from error
        return link


class VatRateForm(ModelForm):
    class Meta:
        model = VatRate
        fields = ("percent", "valid_from")
        widgets = {"valid_from": DateInput()}
