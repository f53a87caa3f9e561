"""Forms of package changes."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from crispy_forms.layout import Layout
from django import forms

from billing.changes import previewing
from customers.models import Customer
from ispbilling.core.clock import local_day
from ispbilling.core.forms import AmountField, DateInput, Form, ModelForm, Pair
from radius.accounts.forms import PackageChoice
from radius.changes.changing import Wanted
from radius.models import ChangeSettings, DataAccount, Package


class LineChoice(forms.ModelChoiceField):
    """A line with the package it has."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.username}: {obj.package}"


class PackageChangeForm(Form):
    """What a line is to have, and from when on (PKC-2). Empty prices leave what the customer pays anyway."""

    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    line = LineChoice(queryset=DataAccount.objects.none(), label="RADIUS user")
    package = PackageChoice(
        queryset=Package.objects.filter(active=True).select_related("service"), label="New data package"
    )
    activates_on = forms.DateField(
        label="Activation date",
        required=False,
        widget=DateInput(),
        help_text="Today takes effect at once. Empty: today for what costs more, the first day of next month for what"
        " costs less",
    )
    monthly_price = AmountField(
        min_value=0,
        required=False,
        help_text="For this line alone. Empty: its custom price if it has one, else the package's",
    )
    topup_price = AmountField(
        label="Top-up price",
        min_value=0,
        required=False,
        help_text="Per GB, for this line alone. Empty: as it is",
    )
    package_price = forms.BooleanField(
        required=False,
        label="The package's price instead of the custom price",
        help_text="Its custom price goes with the change",
    )
    comment = forms.CharField(max_length=200, required=False, help_text="Colleagues read it")

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lines = customer.data_accounts.select_related("package", "customer")
        self.fields["line"].queryset = lines
        prices = Pair("monthly_price", "topup_price")
        rest = ["comment"]
        if lines.filter(custom_price__isnull=False).exists():
            rest.insert(0, "package_price")
        else:
            del self.fields["package_price"]
        self.layout = Layout("token", "line", "package", "activates_on", prices, *rest)
        if len(lines) == 1:
            self.fields["line"].initial = lines[0].pk

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("package_price") and cleaned.get("monthly_price") is not None:
            self.add_error("monthly_price", "Give a price, or have the package's; not both.")
        return cleaned

    def wanted(self, now: datetime) -> Wanted:
        """What was asked for, with the day that is proposed when none was given."""
        asked = self.cleaned_data
        price: Decimal | None = asked["monthly_price"]
        wanted = Wanted(
            asked["line"],
            asked["package"],
            asked["activates_on"] or local_day(now),
            asked["comment"],
            price,
            asked.get("package_price", False),
            asked["topup_price"],
            source=f"form:{asked['token']}",
        )
        return wanted if asked["activates_on"] else replace(wanted, on=previewing.proposed(wanted, now))


class ReasonForm(Form):
    """Why; kept with the change."""

    reason = forms.CharField(max_length=200, required=False, help_text="Colleagues read it")


class ChangeSettingsForm(ModelForm):
    """How much of a new cap there is in the month of a change."""

    class Meta:
        model = ChangeSettings
        fields = ("new_cap",)
