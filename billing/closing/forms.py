"""Forms of closing and reopening the books."""

from django import forms

from ispbilling.core.forms import DateInput, Form


class CloseForm(Form):
    """Up to which day."""

    until = forms.DateField(label="Close up to and including", widget=DateInput())
    reason = forms.CharField(
        max_length=200, required=False, label="Remark", help_text="For example: VAT return 201 submitted"
    )


class ReopenForm(Form):
    """From which day on the books are open again."""

    until = forms.DateField(
        label="Keep closed up to and including",
        widget=DateInput(),
        required=False,
        help_text="Empty: every day is open",
    )
    reason = forms.CharField(max_length=200, help_text="Kept in the event log")
