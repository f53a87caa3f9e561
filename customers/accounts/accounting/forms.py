"""The tab with the id; changing it is possible and seldom right."""

from typing import Any, ClassVar

from crispy_forms.layout import HTML, Layout
from django import forms
from django.core.exceptions import ValidationError

from customers.accounts.models import Customer
from ispbilling.core import external
from ispbilling.core.forms import Form
from ispbilling.core.models import AccountingSystem, ExternalKind


class AccountingForm(Form):
    """The customer's id in the accounting system, with the warnings that go with it."""

    system: ClassVar[AccountingSystem]
    accounting_id = forms.CharField(max_length=40, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name = self.system.short
        self.fields["accounting_id"].label = f"{name} ID"
        self.layout = Layout(
            "accounting_id",
            HTML(
                '<div class="alert alert-warning"><div><p class="mb-1"><strong>Be very careful when editing this ID.'
                "</strong> Changing it breaks the sync: payments no longer reach the customer.</p>"
                f'<ul class="mb-0"><li>No other customer here may have this {name} ID.</li>'
                f"<li>It must be the ID of a customer that exists in {name}.</li></ul></div></div>"
            ),
        )

    @classmethod
    def of(cls, customer: Customer) -> dict[str, Any]:
        """What the tab shows of a customer."""
        known = external.id_of(ExternalKind.CUSTOMER, customer.pk, cls.system)
        return {"customer": customer, "accounting_id": known}

    def clean_accounting_id(self) -> str:
        typed = str(self.cleaned_data["accounting_id"]).strip()
        holder = external.holder(ExternalKind.CUSTOMER, typed, self.system) if typed else None
        if holder not in (None, self.initial["customer"].pk):
            other = Customer.objects.get(pk=holder)
            raise ValidationError(f"{other} has this {self.system.short} ID already.")
        return typed


class SageOneForm(AccountingForm):
    system = AccountingSystem.SAGEONE


class XeroForm(AccountingForm):
    system = AccountingSystem.XERO
