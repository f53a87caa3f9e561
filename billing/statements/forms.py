"""The form of a mailing to many."""

from datetime import date
from typing import Any

from crispy_forms.layout import Layout
from django import forms

from billing.statements.models import Who
from groups.models import BillingGroup, CustomerGroup
from ispbilling.core.forms import DateInput, Form, Pair


class MailingForm(Form):
    """For which days, and to whom."""

    since = forms.DateField(label="From", widget=DateInput())
    until = forms.DateField(
        label="To", widget=DateInput(), help_text="The closing balance is that of the ledger on this day"
    )
    who = forms.ChoiceField(label="For", choices=Who.choices)
    groups = forms.ModelMultipleChoiceField(
        label="Customer groups",
        queryset=CustomerGroup.objects.live(),
        required=False,
        help_text="None chosen: all of them",
    )
    billing_groups = forms.ModelMultipleChoiceField(
        label="Billing groups",
        queryset=BillingGroup.objects.all(),
        required=False,
        help_text="None chosen: all of them, and customers without one",
    )
    layout = Layout(Pair("since", "until"), "who", Pair("groups", "billing_groups"))

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_until(self) -> date:
        until: date = self.cleaned_data["until"]
        if until > self.today:
            raise forms.ValidationError("Nothing is stated of days to come.")
        return until

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if {"since", "until"} <= cleaned.keys() and cleaned["since"] > cleaned["until"]:
            self.add_error("until", "The last day is before the first.")
        return cleaned

    def narrowed(self) -> str:
        """To which groups, in words."""
        chosen = [*self.cleaned_data["groups"], *self.cleaned_data["billing_groups"]]
        return ", ".join(map(str, chosen))
