"""The question of the connection check."""

from typing import Any

from crispy_forms.layout import HTML, Layout
from django import forms

from customers.relations.forms import CustomerField
from ispbilling.core.forms import DateInput, Form, Pair
from radius.accounts.forms import PackageChoice
from radius.catalogue.models import Package
from radius.history.supposing import Change
from radius.nas.models import Nas

RIGHT, WRONG = "right", "wrong"
#: What may be supposed away: (name, words). The first four are gates of the customer.
SUPPOSED = (
    ("suspended", "The customer is not suspended"),
    ("disabled", "The customer is enabled"),
    ("cancelled", "The customer is not cancelled"),
    ("deleted", "The customer is not deleted"),
    ("group", "The group is enabled"),
    ("blocked", "The data account is not blocked"),
    ("service", "The service accepts and has not expired"),
    ("hours", "The service has no closed hours and no time limit"),
    ("locks", "The line is locked to no device, NAS or port"),
)
CLOSURES = frozenset({"suspended", "disabled", "cancelled", "deleted"})


def _folded(name: str, words: str, *fields: Any) -> tuple[Any, ...]:
    """Fields that are rarely needed: closed unless the form's property of that name says that they are used."""
    opened = "{% if form." + name + " %} open{% endif %}"
    return (
        HTML(f'<details class="form-more"{opened}><summary>{words}</summary><div class="pt-3">'),
        *fields,
        HTML("</div></details>"),
    )


class AdoptForm(Form):
    """Whose line a username is."""

    username = forms.CharField(max_length=128, widget=forms.HiddenInput())
    customer = CustomerField(help_text="Account code or name")


class ConnectionForm(Form):
    """Whose login, where from, when, and with which change."""

    username = forms.CharField(max_length=253, help_text="As the router sends it")
    at = forms.DateTimeField(
        label="Time",
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="Empty: now",
    )
    nas = forms.ModelChoiceField(Nas.objects.all(), label="NAS", required=False, empty_label="Any NAS")
    mac = forms.CharField(
        label="Device (MAC address)",
        max_length=64,
        required=False,
        help_text="NAS, port and device left empty are those it is locked to",
    )
    port = forms.CharField(label="NAS port", max_length=253, required=False)
    password = forms.ChoiceField(
        choices=[(RIGHT, "Right"), (WRONG, "Wrong")], required=False, initial=RIGHT,
        help_text="It cannot be tried out here; the last log-ins say whether the router has it",
    )  # fmt: skip
    package = PackageChoice(
        Package.objects.select_related("service"), required=False, empty_label="The package it has"
    )
    last_day = forms.DateField(required=False, widget=DateInput(), help_text="Empty: as it is")
    suppose = forms.MultipleChoiceField(
        choices=SUPPOSED, required=False, widget=forms.CheckboxSelectMultiple, label="Suppose that"
    )

    layout = Layout(
        "username",
        *_folded(
            "elsewhere",
            "At another time, from another place",
            Pair("at", "password"),
            Pair("nas", "port"),
            "mac",
        ),
        *_folded("changed", "With a change", Pair("package", "last_day"), "suppose"),
    )

    @property
    def elsewhere(self) -> bool:
        """Whether more is asked than whether the line may log in now."""
        return self._given("at", "nas", "port", "mac") or self.data.get("password", RIGHT) != RIGHT

    @property
    def changed(self) -> bool:
        """Whether something is supposed."""
        return self._given("package", "last_day", "suppose")

    def _given(self, *names: str) -> bool:
        return any(self.data.get(name) for name in names)

    def change(self) -> Change:
        """What is supposed."""
        asked: dict[str, Any] = self.cleaned_data
        names = set(asked["suppose"])
        account: dict[str, Any] = {}
        if asked["package"]:
            account["package_id"] = asked["package"].pk
        if asked["last_day"]:
            account["ends_on"] = asked["last_day"]
        if "blocked" in names:
            account["blocked"] = False
        if "locks" in names:
            account |= {"mac_lock": "", "nas_lock_id": None, "port_lock": ""}
        service: dict[str, Any] = {}
        if "service" in names:
            service |= {"authentication": "accept", "expires_on": None}
        if "hours" in names:
            service |= {"band_days": "", "time_limit": 0}
        return Change(
            account=account,
            group={"enabled": True} if "group" in names else {},
            service=service,
            opened=frozenset(names & CLOSURES),
        )
