"""Forms of the document pages, and the Billing tab of a customer."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

from crispy_forms.layout import Div, Layout
from django import forms

from billing.documents import dues
from billing.documents.adjusting import Asked
from billing.recurring.models import BillingSettings
from customers.models import Customer
from customers.relations import paying
from ispbilling.core import clock
from ispbilling.core.forms import AmountField, DateInput, Form, Pair


class TakeBackForm(Form):
    """What the paper that takes other paper back needs besides it."""

    on = forms.DateField(label="Date", widget=DateInput())
    reason = forms.CharField(
        max_length=120,
        help_text="Printed, and kept in the ledger and on the customer's timeline",
    )


class _OnceForm(TakeBackForm):
    """A form that does once what it is sent for, however often the button is pressed."""

    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    @property
    def asked(self) -> Asked:
        """What every such paper needs."""
        return Asked(**{name: self.cleaned_data[name] for name in ("on", "reason", "token")})


class AdjustForm(_OnceForm):
    """An adjustment: in whose favour, how much and why."""

    direction = forms.ChoiceField(
        label="The customer then owes", choices=(("more", "More (debit)"), ("less", "Less (credit)"))
    )
    amount = AmountField(
        help_text="Without VAT: what was charged wrongly is credited by a credit note instead"
    )
    layout = Layout("token", Pair("direction", "amount"), Pair("on", "reason"))

    @property
    def change(self) -> Decimal:
        """How what is owed changes."""
        sign = 1 if self.cleaned_data["direction"] == "more" else -1
        return self.cleaned_data["amount"] * Decimal(sign)


class WriteOffForm(_OnceForm):
    """A write-off: how much of what is owed, why, and whether the VAT in it is claimed back."""

    amount = AmountField(help_text="With the VAT in it, at most what is owed")
    claim_vat = forms.BooleanField(
        label="Claim the VAT back",
        required=False,
        help_text="VAT Act s22: while the debt is with us, its VAT was declared, and we have stopped collecting",
    )
    layout = Layout("token", Pair("amount", "on"), "reason", "claim_vat")


class DueForm(Form):
    """Billing: the due date settings of the provider, or days of the customer's own (EDT-13, D-7)."""

    use_default = forms.ChoiceField(
        label="Use default due date settings", choices=(("yes", "Yes"), ("no", "No"))
    )
    due_days = forms.IntegerField(
        label="Days till invoices due",
        required=False,
        min_value=0,
        max_value=dues.LONGEST,
        help_text="From the invoice date; 30 for a business account that pays by the month. "
        "Invoices already issued keep their date",
    )
    layout = Layout("use_default", Div("due_days", data_when="billing-use_default=no"))

    def __init__(self, *args: Any, initial: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, initial=initial, **kwargs)
        self.fields["use_default"].help_text = _explained(initial["customer"])

    @staticmethod
    def of(customer: Customer) -> dict[str, Any]:
        """What the tab shows of a customer."""
        own = customer.due_days
        return {"customer": customer, "use_default": "yes" if own is None else "no", "due_days": own}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("use_default") == "no" and "due_days" in cleaned and cleaned["due_days"] is None:
            self.add_error("due_days", "Say after how many days, or use the default settings.")
        return cleaned

    @property
    def days(self) -> int | None:
        """The days to store; None follows the default."""
        return self.cleaned_data["due_days"] if self.cleaned_data["use_default"] == "no" else None


def _explained(customer: Customer) -> str:
    """What the default is and what it means for an invoice of today, both of its dates."""
    settings = BillingSettings.get()
    payer = paying.payer(customer)
    if payer != customer:
        return f"{payer} is invoiced for this customer, so the settings of {payer.code} count."
    days = dues.default(customer.group, settings)
    due_on = days.due_on(clock.local_day(clock.now()))
    return (
        f"The default is {days.days} days, from the {days.because}: an invoice of today would be due on {due_on}"
        f" and overdue from {dues.overdue_from(due_on, settings)}."
    )
