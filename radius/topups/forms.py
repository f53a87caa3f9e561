"""Forms of top-up groups and types."""

from typing import Any, ClassVar

from crispy_forms.layout import Layout

from ispbilling.core.forms import MoneyInput, OctetsField, Pair, SeenForm
from radius.topups.models import TopupGroup, TopupType


class GroupForm(SeenForm):
    """A name for what is offered together."""

    class Meta:
        model = TopupGroup
        fields = ("title",)
        help_texts: ClassVar[dict[str, str]] = {"title": "For example: Home top-ups. Packages name it"}


class TypeForm(SeenForm):
    """How much data, for how long, at which price."""

    layout = Layout(
        "group",
        Pair("title", "octets"),
        Pair("price", "validity_days"),
        "promotional",
        Pair("in_portal", "active"),
    )
    octets = OctetsField(label="Data", help_text="For example 10 GB (1 GB is 10^9 octets)")

    class Meta:
        model = TopupType
        fields = ("group", "title", "octets", "price", "validity_days", "promotional", "in_portal", "active")
        widgets: ClassVar[dict[str, Any]] = {"price": MoneyInput()}
        help_texts: ClassVar[dict[str, str]] = {
            "price": "Once, VAT included as the billing settings say; 0: free",
            "group": "Lines on packages that name this group may buy it",
        }
