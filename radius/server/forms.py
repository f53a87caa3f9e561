"""The question of the login check."""

from django import forms

from ispbilling.core.forms import Form
from radius.nas.models import Nas


class LoginCheckForm(Form):
    """Whose login, and where from if that matters."""

    username = forms.CharField(max_length=253, help_text="As the router sends it")
    nas = forms.ModelChoiceField(Nas.objects.all(), label="NAS", required=False, empty_label="Any NAS")
    mac = forms.CharField(
        label="MAC", max_length=64, required=False, help_text="Leave empty for the device it is locked to"
    )
