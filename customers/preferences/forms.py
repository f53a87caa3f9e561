"""The tabs customers add to the provider's settings."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html

from customers.preferences.models import Geocoder, Preferences
from ispbilling.core.forms import ModelForm


class CodesForm(ModelForm):
    """How account codes are made of names."""

    class Meta:
        model = Preferences
        fields = ("titles",)
        widgets = {"titles": forms.Textarea(attrs={"rows": 4})}


class MapsForm(ModelForm):
    """Who finds the position of an address (EDT-7, D-5); maps and pins work without anybody."""

    geocoder_url = forms.URLField(
        label="Address of the service",
        required=False,
        assume_scheme="https",
        max_length=200,
        help_text="Empty: the public one. A server of your own: https://nominatim.example.net",
    )
    key = forms.CharField(
        label="Google API key",
        required=False,
        max_length=200,
        widget=forms.PasswordInput({"autocomplete": "off"}),
    )

    class Meta:
        model = Preferences
        fields = ("geocoder", "geocoder_url")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = "A key is stored; empty: it stays. " if self.instance.geocoder_key else ""
        self.fields["key"].help_text = format_html(
            '{}Stored encrypted. <a href="{}" target="_blank" rel="noopener">How to get a key</a> · '
            '<a href="{}" target="_blank" rel="noopener">Prices</a> · '
            '<a href="{}" target="_blank" rel="noopener">Rules of the public Nominatim</a>',
            stored,
            "https://developers.google.com/maps/documentation/geocoding/get-api-key",
            "https://developers.google.com/maps/documentation/geocoding/usage-and-billing",
            "https://operations.osmfoundation.org/policies/nominatim/",
        )

    def clean_geocoder_url(self) -> str:
        url: str = self.cleaned_data["geocoder_url"]
        if url and not url.startswith(("http://", "https://")):
            raise ValidationError("The address starts with https:// or http://.")
        return url

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        google = cleaned.get("geocoder") == Geocoder.GOOGLE
        if google and not cleaned.get("key") and not self.instance.geocoder_key:
            self.add_error("key", "Google answers only with a key.")
        return cleaned

    def save(self, commit: bool = True) -> Any:
        """Store the key apart: an empty box leaves the stored one."""
        saved = super().save(commit)
        if self.cleaned_data["key"]:
            saved.geocoder_key = self.cleaned_data["key"]
            saved.save(update_fields=["geocoder_key"])
        return saved
