"""Forms of a data account and of the acts on it."""

import re
from ipaddress import AddressValueError, IPv6Network, NetmaskValueError
from typing import Any, ClassVar

from crispy_forms.layout import Layout
from django import forms
from django.db.models import Q

from ispbilling.core.forms import DateInput, Form, ModelForm, MoneyInput, Pair, SeenForm
from ispbilling.core.money import format_money
from radius.accounts.models import DataAccount
from radius.catalogue.models import Package
from radius.nas.forms import GeneratedInput

_MAC = re.compile(r"^[0-9a-f]{12}$")


class PackageChoice(forms.ModelChoiceField):
    """A package with what it gives and costs, because its title is only a name (D-17)."""

    def label_from_instance(self, obj: Any) -> str:
        cap = obj.cap if obj.cap_octets is None else f"cap {obj.cap}"
        return f"{obj.title}: {obj.service.speed}, {cap}, {format_money(obj.price)}"


def _secret_field() -> forms.CharField:
    return forms.CharField(
        label="RADIUS password",
        widget=GeneratedInput(),
        min_length=6,
        max_length=64,
        help_text="For the router, not for the portal. Copy it now; later it is shown for a reason only.",
    )


class LineForm(SeenForm):
    """What the line is and what it costs. Another package comes by a package change, but for prepaid lines."""

    secret = _secret_field()
    package = PackageChoice(queryset=Package.objects.none())
    # The secret is not a field of the model's: the stored one is never read into a form.
    field_order = ("username", "mac_authentication", "secret")

    class Meta:
        model = DataAccount
        fields = (
            "username", "mac_authentication", "package", "custom_price", "custom_topup_price", "medium", "starts_on",
        )  # fmt: skip
        widgets: ClassVar[dict[str, Any]] = {
            "custom_price": MoneyInput(),
            "custom_topup_price": MoneyInput(),
            "starts_on": DateInput(),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = Q(active=True)
        if self.instance.pk:
            del self.fields["secret"]
            if not self.instance.prepaid:  # a package change, which is billed, gives it another one
                del self.fields["package"]
                return
            offered |= Q(pk=self.instance.package_id)
        self.fields["package"].queryset = Package.objects.filter(offered).select_related("service")

    def clean_secret(self) -> str:
        secret: str = self.cleaned_data["secret"]
        self.instance.secret = secret
        return secret

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"].strip()
        if re.search(r"[\s\x00-\x1f\x7f]", username):
            raise forms.ValidationError("A username has no spaces.")
        return username


class NetworkForm(ModelForm):
    """Its addresses and locks; all may stay empty."""

    layout = Layout(
        "framed_ip",
        Pair("framed_ipv6_prefix", "delegated_ipv6_prefix"),
        Pair("mac_lock", "port_lock"),
        "nas_lock",
    )

    class Meta:
        model = DataAccount
        fields = (
            "framed_ip",
            "framed_ipv6_prefix",
            "delegated_ipv6_prefix",
            "mac_lock",
            "nas_lock",
            "port_lock",
        )
        help_texts: ClassVar[dict[str, str]] = {
            "framed_ipv6_prefix": "Usually a /64, 2001:db8:42::/64; empty: from the package's pool",
            "delegated_ipv6_prefix": "For the router behind it, 2001:db8:42:100::/56; empty: from the pool",
            "nas_lock": "The only NAS it may log in through; empty: any",
        }

    def clean_framed_ip(self) -> str | None:
        return self.cleaned_data["framed_ip"] or None

    def clean_framed_ipv6_prefix(self) -> str:
        return self._free(_prefix(self.cleaned_data["framed_ipv6_prefix"], "2001:db8:42::/64"))

    def clean_delegated_ipv6_prefix(self) -> str:
        return self._free(_prefix(self.cleaned_data["delegated_ipv6_prefix"], "2001:db8:42:100::/56"))

    def _free(self, prefix: str) -> str:
        """The prefix, if nobody else has a part of it, on the link or delegated."""
        others = DataAccount.objects.exclude(pk=self.instance.pk)
        if prefix and (other := others.overlapping(prefix).first()):
            raise forms.ValidationError(f"{other} has this prefix or a part of it.")
        return prefix

    def clean_mac_lock(self) -> str:
        text: str = self.cleaned_data["mac_lock"].strip()
        bare = re.sub(r"[:.\-]", "", text).lower()
        return ":".join(bare[i : i + 2] for i in range(0, 12, 2)).upper() if _MAC.match(bare) else text


def _prefix(text: str, example: str) -> str:
    """An IPv6 prefix in its usual form, empty when there is none. Raises ValidationError."""
    if not text.strip():
        return ""
    try:
        return str(IPv6Network(text.strip()))
    except (AddressValueError, NetmaskValueError, ValueError) as error:
        raise forms.ValidationError(f"Write a prefix with no host bits, for example {example}.") from error


class ReasonForm(Form):
    """Why; it is kept with the event."""

    reason = forms.CharField(max_length=200, help_text="Colleagues read it on the customer's timeline")


class LastDayForm(Form):
    """The last day of service."""

    ends_on = forms.DateField(
        label="Last day",
        required=False,
        widget=DateInput(),
        help_text="It works until midnight after that day; empty: it stays open",
    )


class SecretForm(Form):
    """Another RADIUS password."""

    secret = _secret_field()
