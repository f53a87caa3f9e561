"""What is asked: an address or device, a moment or a span, and why."""

from datetime import timedelta
from typing import Any

from crispy_forms.layout import Layout
from django import forms

from ispbilling.core import clock
from ispbilling.core.forms import Form, Pair
from radius.tracing.looking import NotAnAddress, read

_OLDEST, _NEWEST = timedelta(days=50 * 366), timedelta(days=1)
_MOMENT = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S")


class LookUpForm(Form):
    """Who had it, when, and why somebody wants to know."""

    sought = forms.CharField(
        label="IP or MAC address",
        max_length=64,
        help_text="IPv4, IPv6 (also inside a prefix that was given out), or the MAC of a device",
    )
    since = forms.DateTimeField(label="At", widget=_MOMENT, help_text="Local time")
    until = forms.DateTimeField(
        label="Until", widget=_MOMENT, required=False, help_text="Empty: at that moment"
    )
    reason = forms.CharField(
        label="What it is for",
        min_length=5,
        max_length=300,
        help_text="For example the case number of the police. It is recorded with your name",
    )

    layout = Layout("sought", Pair("since", "until"), "reason")

    def clean_sought(self) -> Any:
        try:
            return read(self.cleaned_data["sought"])
        except NotAnAddress:
            raise forms.ValidationError("This is neither an IP address nor a MAC address.") from None

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        since, until = found.get("since"), found.get("until")
        for name in ("since", "until"):
            moment = found.get(name)
            if moment and not clock.now() - _OLDEST < moment < clock.now() + _NEWEST:
                self.add_error(name, "Nothing is known of that time.")
        if since and until and until < since:
            self.add_error("until", "This is before the beginning.")
        return found
