"""Forms of products, recurring lines, billing settings and VAT rates."""

from calendar import month_name
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Layout
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Q

from billing.recurring.models import BillingSettings, Frequency, Product, RecurringLine, VatRate
from ispbilling.core import payment_links
from ispbilling.core.forms import (
    AmountField,
    DateInput,
    Form,
    ModelForm,
    MoneyInput,
    Pair,
    PlainDecimalField,
    SeenForm,
)


class ProductForm(SeenForm):
    layout = Layout(
        "title", Pair("price", "frequency"), "vat_exempt", Pair("gl_code", "income_account"), "active"
    )

    class Meta:
        model = Product
        fields = ("title", "price", "frequency", "vat_exempt", "gl_code", "income_account", "active")
        widgets = {"price": MoneyInput()}
        field_classes = {"price": PlainDecimalField}


class RecurringLineForm(SeenForm):
    """With a product, an empty description or period is the product's."""

    frequency = forms.TypedChoiceField(
        label="Period",
        choices=[("", "As the product, else every month"), *Frequency.choices],
        coerce=int,
        empty_value=None,
        required=False,
    )
    layout = Layout(
        Pair("product", "data_account"), "description", Pair("quantity", "price"), Pair("frequency", "timing"),
        Pair("discount", "vat_exempt"), Pair("proration", "gl_code"), Pair("starts_on", "ends_on"), "bill_from",
        "credit_unused",
    )  # fmt: skip

    class Meta:
        model = RecurringLine
        fields = (
            "product", "data_account", "description", "quantity", "price", "frequency", "timing", "discount",
            "vat_exempt", "proration", "gl_code", "starts_on", "ends_on", "bill_from", "credit_unused",
        )  # fmt: skip
        widgets = {
            "price": MoneyInput(),
            "starts_on": DateInput(),
            "ends_on": DateInput(),
            "bill_from": DateInput(),
        }
        field_classes = dict.fromkeys(("quantity", "price", "discount"), PlainDecimalField)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        accounts = self.fields["data_account"]
        accounts.queryset = self.instance.customer.data_accounts.select_related("package")
        accounts.help_text = (
            "The price follows it unless one is set here, and its last day ends this line too"
        )
        self.fields["product"].queryset = Product.objects.filter(
            Q(active=True) | Q(pk=self.instance.product_id)
        )
        self.fields["description"].required = False
        self.fields["description"].help_text = "As it is printed; empty: the product's title"
        if self.instance.pk is None:
            # What becomes of days already billed is asked when it ends.
            del self.fields["credit_unused"]
            self.initial["frequency"] = ""

    @property
    def helper(self) -> FormHelper:
        helper = super().helper
        helper.layout = Layout(
            *(part for part in self.layout.fields if not isinstance(part, str) or part in self.fields)
        )
        return helper

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        product = cleaned.get("product")
        if not cleaned.get("frequency"):
            cleaned["frequency"] = product.frequency if product else Frequency.MONTH
        if not cleaned.get("description"):
            if product is None:
                self.add_error("description", "Say what is charged, or choose a product.")
            else:
                cleaned["description"] = product.title
        return cleaned


class EndForm(Form):
    """The last day that is charged."""

    last_day = forms.DateField(label="Last day", widget=DateInput())
    credit_unused = forms.BooleanField(
        required=False,
        label="Credit later days that were billed already",
        help_text="They come off the next invoice; whoever has no further invoice needs a credit note or adjustment",
    )


class ReopenForm(Form):
    """From when on an ended line is charged again."""

    first_day = forms.DateField(label="Charged again from", widget=DateInput())


class ReplaceForm(Form):
    """What changes from a day on."""

    day = forms.DateField(label="From", widget=DateInput())
    price = AmountField(
        min_value=0, max_digits=14, decimal_places=4, required=False,
        help_text="Per period; empty: the product's price, else the data account's",
    )  # fmt: skip
    quantity = AmountField(max_digits=12, widget=forms.NumberInput())
    discount = AmountField(
        min_value=0, max_value=100, max_digits=5, widget=forms.NumberInput(), help_text="Percent"
    )
    description = forms.CharField(max_length=200)
    layout = Layout("day", Pair("price", "quantity"), "discount", "description")


class SettingsForm(SeenForm):
    financial_year_end_month = forms.TypedChoiceField(
        label="Financial year ends with",
        choices=[(number, month_name[number]) for number in range(1, 13)],
        coerce=int,
        help_text="The year in the number of a document is the one in which its financial year began",
    )
    layout = Layout(
        Pair("due_days", "overdue_days"),
        Pair("prices_include_vat", "rounding"),
        Pair("invoice_prefix", "credit_note_prefix"),
        Pair("adjustment_prefix", "write_off_prefix", "receipt_prefix"),
        Pair("financial_year_end_month", "month_end_day"),
        "standard_discount",
        "payment_link",
        Pair("issue_automatically", "age_by"),
        "changes_billed",
        "anchor_emails",
    )

    class Meta:
        model = BillingSettings
        fields = (
            "due_days", "overdue_days", "prices_include_vat", "rounding", "invoice_prefix", "credit_note_prefix",
            "adjustment_prefix", "write_off_prefix", "receipt_prefix", "financial_year_end_month", "month_end_day",
            "standard_discount", "payment_link", "issue_automatically", "age_by", "changes_billed", "anchor_emails",
        )  # fmt: skip
        field_classes = {"standard_discount": PlainDecimalField}

    def clean_anchor_emails(self) -> str:
        """Each address by itself, so that the one with a slip is named."""
        typed = BillingSettings(anchor_emails=self.cleaned_data["anchor_emails"]).anchor_addresses
        for address in typed:
            try:
                validate_email(address)
            except ValidationError as error:
                raise ValidationError(f"{address} is no e-mail address.") from error
        return ", ".join(typed)

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
        field_classes = {"percent": PlainDecimalField}
