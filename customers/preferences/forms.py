"""The tabs customers add to the provider's settings."""

from django import forms

from customers.preferences.models import Preferences
from ispbilling.core.forms import ModelForm


class CodesForm(ModelForm):
    """How account codes are made of names."""

    class Meta:
        model = Preferences
        fields = ("titles",)
        widgets = {"titles": forms.Textarea(attrs={"rows": 4})}
