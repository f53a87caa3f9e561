"""The tab with the id; changing it is possible and seldom right."""

from typing import Any

from crispy_forms.layout import HTML, Layout
from django import forms
from django.core.exceptions import ValidationError

from customers.accounts.models import Customer
from ispbilling.core.forms import Form


class AccountingForm(Form):
    """SageOne: the customer's id there, with the warnings that go with it."""

    accounting_id = forms.CharField(label="SageOne ID", max_length=40, required=False)
    layout = Layout(
        "accounting_id",
        HTML(
            '<div class="alert alert-warning"><div><p class="mb-1"><strong>Be very careful when editing this ID.'
            "</strong> Changing it breaks the sync: payments no longer reach the customer.</p>"
            '<ul class="mb-0"><li>No other customer here may have this SageOne ID.</li>'
            "<li>It must be the ID of a customer that exists in SageOne.</li></ul></div></div>"
        ),
    )

    @staticmethod
    def of(customer: Customer) -> dict[str, Any]:
        """What the tab shows of a customer."""
        return {"customer": customer, "accounting_id": customer.accounting_id}

    def clean_accounting_id(self) -> str:
        typed = str(self.cleaned_data["accounting_id"]).strip()
        others = Customer.objects.filter(accounting_id=typed).exclude(pk=self.initial["customer"].pk)
        if typed and (other := others.first()):
            raise ValidationError(f"{other} has this SageOne ID already.")
        return typed
