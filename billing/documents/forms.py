"""Forms of the document pages, and the Billing tab of a customer."""

from typing import Any

from crispy_forms.layout import Div, Layout
from django import forms

from billing.documents import dues
from billing.recurring.models import BillingSettings
from customers.models import Customer
from customers.relations import paying
from ispbilling.core import clock
from ispbilling.core.forms import DateInput, Form


class CreditForm(Form):
    """What a credit note needs besides its invoice."""

    on = forms.DateField(label="Date", widget=DateInput())
    reason = forms.CharField(
        max_length=120, label="Reason", help_text="Kept in the ledger and on the customer's timeline"
    )


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
