"""Forms of services and packages."""

from typing import Any, ClassVar

from crispy_forms.layout import Layout
from django import forms

from ispbilling.core.forms import DateInput, ModelForm, MoneyInput, Pair, SeenForm, TimeInput
from radius.catalogue.fields import HoursField, OctetsField, SpeedField, WeekdaysField
from radius.catalogue.models import Package, Service


class ServiceForm(SeenForm):
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


class HoursForm(ModelForm):
    """When it may be used, and for how long."""

    layout = Layout("band_days", Pair("band_from", "band_to"), Pair("time_limit", "limit_type"))
    band_days = WeekdaysField(
        label="Closed on", help_text="Hours that reach over midnight belong to the day on which they begin"
    )
    time_limit = HoursField(
        label="Time limit", help_text="Hours online that each data account has; empty: no limit"
    )

    class Meta:
        model = Service
        fields = ("band_days", "band_from", "band_to", "time_limit", "limit_type")
        widgets: ClassVar[dict[str, Any]] = {"band_from": TimeInput(), "band_to": TimeInput()}
        help_texts: ClassVar[dict[str, str]] = {
            "band_from": "The provider's local time",
            "band_to": "Earlier than the beginning: of the next day",
        }

    def clean(self) -> Any:
        given = super().clean() or self.cleaned_data
        days, begin, end = (given.get(name) for name in ("band_days", "band_from", "band_to"))
        if days and not (begin and end) and not self.errors:
            self.add_error("band_from", "Write from when until when it is closed on those days.")
        if not days and (begin or end):
            self.add_error("band_days", "Tick the days on which it is closed, or clear the hours.")
        return given


class ServiceChoice(forms.ModelChoiceField):
    """A service with its speeds, because its title is only a name."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.title} ({obj.speed})"


class PackageForm(SeenForm):
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
            "active",
        )
        widgets: ClassVar[dict[str, Any]] = {"price": MoneyInput()}
        help_texts: ClassVar[dict[str, str]] = {
            "title": "What customers read on their invoice; only a label",
            "price": "A month, VAT included as the billing settings say; a data account may have its own",
        }


class NetworkForm(ModelForm):
    """What the network is told about every line of a package."""

    layout = Layout(
        Pair("session_timeout", "interim_interval"),
        Pair("simultaneous_use", "framed_pool"),
        Pair("framed_ipv6_pool", "delegated_ipv6_pool"),
    )

    class Meta:
        model = Package
        fields = (
            "session_timeout",
            "interim_interval",
            "simultaneous_use",
            "framed_pool",
            "framed_ipv6_pool",
            "delegated_ipv6_pool",
        )
        help_texts: ClassVar[dict[str, str]] = {
            "session_timeout": "Seconds until a session must log in again: 3600 is an hour, 86400 a day; 0: never",
            "interim_interval": "Seconds between accounting updates, at least 60: 300 is five minutes",
        }
