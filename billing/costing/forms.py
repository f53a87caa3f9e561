"""Forms of data costing models, and the Costing tab of a customer."""

from decimal import Decimal
from typing import Any

from crispy_forms.layout import Layout
from django import forms

from billing.calls.models import CustomerPhoneCosting, PhoneCostingModel
from billing.costing.models import CostingModel, CustomerCosting
from customers.models import Customer
from ispbilling.core import meanwhile
from ispbilling.core.forms import AmountField, Form
from ispbilling.core.money import format_money
from radius.models import Package


class CostingForm(Form):
    """The title, and a price for each package; empty: the package's own."""

    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)
    title = forms.CharField(max_length=80)

    def __init__(self, *args: Any, model: CostingModel, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.model = model
        prices = dict(model.prices.values_list("package", "price")) if model.pk else {}
        self.packages = [one for one in Package.objects.all() if one.active or one.pk in prices]
        self.fields["title"].initial = model.title
        for package in self.packages:
            self.fields[f"price_{package.pk}"] = AmountField(
                label=str(package),
                min_value=0,
                max_digits=14,
                required=False,
                initial=prices.get(package.pk),
                help_text=f"Empty: {format_money(package.price)}, as everybody",
            )
        if model.pk:
            self.initial["seen"] = meanwhile.latest(model)
        self.layout = Layout(*self.fields)

    def look_again(self, model: CostingModel) -> None:
        """Somebody is told now what changed meanwhile: saving again means it."""
        self.data = self.data.copy()
        self.data["seen"] = str(meanwhile.latest(model))

    def clean_title(self) -> str:
        title: str = self.cleaned_data["title"]
        if CostingModel.objects.exclude(pk=self.model.pk).filter(title__iexact=title).exists():
            raise forms.ValidationError("There is a data costing model with this title already.")
        return title

    @property
    def prices(self) -> dict[int, Decimal | None]:
        return {one.pk: self.cleaned_data[f"price_{one.pk}"] for one in self.packages}


class CustomerCostingForm(Form):
    """Which price lists the customer's packages and calls follow (SET-2)."""

    data_costing_model = forms.ModelChoiceField(
        CostingModel.objects.all(),
        label="Data costing model",
        required=False,
        empty_label="None: packages cost what they cost",
        help_text="A price of the data account or of the recurring line goes before it",
    )
    phone_costing_model = forms.ModelChoiceField(
        PhoneCostingModel.objects.all(),
        label="Phone costing model",
        required=False,
        empty_label="The default of the billing settings",
        help_text="What calls cost that no invoice has yet",
    )

    @staticmethod
    def of(customer: Customer) -> dict[str, Any]:
        """What the tab shows of a customer."""
        row = CustomerCosting.objects.filter(customer=customer).first()
        calls = CustomerPhoneCosting.objects.filter(customer=customer).first()
        return {
            "data_costing_model": row.model_id if row else None,
            "phone_costing_model": calls.model_id if calls else None,
        }
