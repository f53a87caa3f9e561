"""What is asked before a bundle is taken back."""

from django import forms

from ispbilling.core.forms import Form


class ReasonForm(Form):
    """Why; it stays with the bundle."""

    reason = forms.CharField(max_length=300, help_text="Colleagues read it on the bundle and the timeline")
