"""Forms of the document pages."""

from django import forms

from ispbilling.core.forms import DateInput, Form


class CreditForm(Form):
    """What a credit note needs besides its invoice."""

    on = forms.DateField(label="Date", widget=DateInput())
    reason = forms.CharField(
        max_length=120, label="Reason", help_text="Kept in the ledger and on the customer's timeline"
    )
