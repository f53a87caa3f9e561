"""Forms of the run pages."""

import calendar
from datetime import date
from typing import Any

from crispy_forms.layout import Layout
from django import forms

from groups.models import BillingGroup
from ispbilling.core import clock
from ispbilling.core.clock import Period, add_months, month_of
from ispbilling.core.forms import DateInput, Form, Pair

MONTHS_BACK, MONTHS_AHEAD = 12, 3


class RunForm(Form):
    """Which month, whom, and with which date."""

    period = forms.ChoiceField(label="Billing period")
    issue_on = forms.DateField(
        label="Invoice date", widget=DateInput(), help_text="VAT and the due date are counted from it"
    )
    billing_group = forms.ModelChoiceField(
        BillingGroup.objects.all(), required=False, empty_label="Everybody", label="Billing group"
    )
    layout = Layout(Pair("period", "issue_on"), "billing_group")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        month = clock.local_day(clock.now()).replace(day=1)
        months = [add_months(month, ahead) for ahead in range(MONTHS_AHEAD, -MONTHS_BACK - 1, -1)]
        self.fields["period"].choices = [
            (day.isoformat(), f"{calendar.month_name[day.month]} {day.year}") for day in months
        ]

    def clean_period(self) -> Period:
        return month_of(date.fromisoformat(self.cleaned_data["period"]))


class UndoForm(Form):
    """Why a run is taken back."""

    reason = forms.CharField(max_length=80, help_text="Kept in the ledger and in the run's certificate")
