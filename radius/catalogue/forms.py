"""Forms of services and packages."""

from typing import Any, ClassVar

from django import forms

from ispbilling.core.forms import DateInput, ModelForm, MoneyInput
from radius.catalogue.fields import OctetsField, SpeedField
from radius.catalogue.models import Package, Service


class ServiceForm(ModelForm):
    """A speed, as the provider sells it in Mb/s."""

    down_kbps = SpeedField(label="Speed down", help_text="Mb/s to the subscriber; zero means zero")
    up_kbps = SpeedField(label="Speed up", help_text="Mb/s from the subscriber; zero means zero")

    class Meta:
        model = Service
        fields = ("code", "title", "down_kbps", "up_kbps", "authentication", "expires_on")
        widgets: ClassVar[dict[str, Any]] = {"expires_on": DateInput()}
        help_texts: ClassVar[dict[str, str]] = {
            "code": "Short and unique; with the speeds in it, it is found at once: 20M-10M",
            "authentication": "Reject stops every line on every package of this service",
            "expires_on": "Last day on which it works; empty: never",
        }


class ServiceChoice(forms.ModelChoiceField):
    """A service with its speeds, because its title is only a name."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.title} ({obj.speed})"


class PackageForm(ModelForm):
    """A cap and a price on a service."""

    service = ServiceChoice(queryset=Service.objects.all(), help_text="The speed")
    cap_octets = OctetsField(
        label="Monthly cap",
        required=False,
        help_text="For example 150 GB or 1.5 TB (1 GB is 10^9 octets, up and down together); empty: uncapped",
    )

    class Meta:
        model = Package
        fields = (
            "title",
            "service",
            "cap_octets",
            "price",
            "session_timeout",
            "interim_interval",
            "framed_pool",
            "simultaneous_use",
            "active",
        )
        widgets: ClassVar[dict[str, Any]] = {"price": MoneyInput()}
        help_texts: ClassVar[dict[str, str]] = {
            "title": "What customers read on their invoice; only a label",
            "price": "A month, VAT included as the billing settings say; a data account may have its own",
        }
