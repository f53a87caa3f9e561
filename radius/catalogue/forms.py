"""Forms of services and packages."""

from typing import Any, ClassVar

from crispy_forms.layout import Layout
from django import forms

from ispbilling.core import clock
from ispbilling.core.forms import DateInput, ModelForm, MoneyInput, OctetsField, Pair, SeenForm, TimeInput
from radius.catalogue.fields import HoursField, RollsField, SpeedField, WeekdaysField
from radius.catalogue.models import CapKind, Package, Service
from radius.catalogue.offering import next_grant


class ServiceForm(SeenForm):
    """A speed, as the provider sells it in Mb/s."""

    layout = Layout(Pair("code", "title"), Pair("down_kbps", "up_kbps"), Pair("authentication", "expires_on"))
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

    layout = Layout(
        Pair("title", "service"),
        Pair("cap_kind", "cap_octets"),
        Pair("service_once_capped", "counts"),
        Pair("price", "active"),
    )
    service = ServiceChoice(queryset=Service.objects.all(), help_text="The speed")
    service_once_capped = ServiceChoice(
        queryset=Service.objects.all(), required=False, help_text="The speed after a soft cap"
    )
    cap_octets = OctetsField(
        label="Monthly cap",
        required=False,
        help_text="For example 150 GB or 1.5 TB (1 GB is 10^9 octets); empty for uncapped",
        error_messages={"positive": "A cap is more than 0; for no cap choose Uncapped and leave this empty."},
    )

    class Meta:
        model = Package
        fields = (
            "title",
            "service",
            "cap_kind",
            "cap_octets",
            "service_once_capped",
            "counts",
            "price",
            "active",
        )
        widgets: ClassVar[dict[str, Any]] = {"price": MoneyInput()}
        help_texts: ClassVar[dict[str, str]] = {
            "title": "What customers read on their invoice; only a label",
            "price": "A month, VAT included as the billing settings say; a data account may have its own",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and self.instance.cap_octets is not None:
            first = next_grant(clock.now())
            later = f". Another cap comes with the data of {first:%B}; what was granted for this month stays"
            self.fields["cap_octets"].help_text += later

    def clean(self) -> Any:
        given = super().clean() or self.cleaned_data
        kind, cap, slower = (given.get(name) for name in ("cap_kind", "cap_octets", "service_once_capped"))
        if kind == CapKind.UNCAPPED and cap is not None:
            self.add_error(
                "cap_octets", "An uncapped package has no cap; empty this, or choose another kind."
            )
        if kind in (CapKind.HARD, CapKind.SOFT) and cap is None and "cap_octets" not in self.errors:
            self.add_error("cap_octets", "Write how much data the cap is, or choose Uncapped.")
        if kind == CapKind.SOFT and slower is None and "service_once_capped" not in self.errors:
            self.add_error("service_once_capped", "Choose the speed that lines have after a soft cap.")
        if kind in (CapKind.HARD, CapKind.UNCAPPED) and slower is not None:
            self.add_error("service_once_capped", "Only a soft cap has a service once capped; choose None.")
        return given


class DataForm(ModelForm):
    """What may be bought on top of a package, and what becomes of what is left at the end of the month."""

    layout = Layout(
        Pair("topup_group", "bundle_starts"),
        "add_overusage_on_topup",
        Pair("rollover_monthly", "rollover_monthly_months"),
        Pair("rollover_topup", "rollover_topup_months"),
        "rollover_max_octets",
    )
    rollover_monthly = RollsField(label="Unused monthly data")
    rollover_topup = RollsField(label="Unused top-ups")
    rollover_max_octets = OctetsField(
        label="Most that rolls over",
        required=False,
        help_text="What a line may hold of data rolled over, for example 200 GB; empty: any amount",
    )

    class Meta:
        model = Package
        fields = (
            "topup_group",
            "bundle_starts",
            "add_overusage_on_topup",
            "rollover_monthly",
            "rollover_monthly_months",
            "rollover_topup",
            "rollover_topup_months",
            "rollover_max_octets",
        )
        labels: ClassVar[dict[str, str]] = {
            "add_overusage_on_topup": "Add over-usage on top-up",
            "rollover_monthly_months": "Months until it expires",
            "rollover_topup_months": "Months until they expire",
        }
        help_texts: ClassVar[dict[str, str]] = {
            "add_overusage_on_topup": "On: a top-up of 10 GB after the cap gives 10 GB that can be used. Off: it pays"
            " first for what was used over the cap",
            "bundle_starts": "Of prepaid lines; a top-up of a monthly line starts when it is bought",
            "rollover_monthly_months": "1 to 12; empty: as category, group or system say",
            "rollover_topup_months": "1 to 12; empty: as category, group or system say",
        }

    def clean(self) -> Any:
        given = super().clean() or self.cleaned_data
        for name in ("rollover_monthly", "rollover_topup"):
            if given.get(name) is False and given.get(f"{name}_months") is not None:
                self.add_error(f"{name}_months", "What does not roll over has no months; empty this.")
        return given


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
