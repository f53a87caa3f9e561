"""What a line holds, on its page, and what was drawn from a bundle, on that of the bundle."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from ispbilling.core import clock
from ispbilling.core.registries import Widget
from ispbilling.core.units import counted
from radius.bundles.models import STATES, DataBundle
from radius.bundles.remaining import remaining
from radius.bundles.tables import DrawTable

SHOWN, DAYS_SHOWN = 6, 62


class LineBundlesWidget(Widget):
    """What the line has left, bundle by bundle in the order in which they are used."""

    name, title, icon = "bundles", "Bundles", "database"
    template_name = "radius/_bundles_widget.html"
    permission = "radius.accounts.view"
    column, weight = 2, 15

    def context(self) -> Mapping[str, Any]:
        now = clock.now()
        rows = list(DataBundle.objects.filter(data_account=self.obj).live(now).in_order())
        usable = [(one, *STATES[one.state(now)], _percent(one)) for one in rows if one.left_octets]
        used_up = len(rows) - len(usable)
        return {
            "found": remaining([self.obj.pk], now).get(self.obj.pk),
            "bundles": usable[:SHOWN],
            "more": counted(len(usable) - SHOWN, "more bundle") if len(usable) > SHOWN else "",
            "used_up": counted(used_up, "bundle") if used_up else "",
        }

    def view_all(self) -> str:
        return (
            reverse("radius:bundle_list") + "?" + urlencode({"state": "all", "username": self.obj.username})
        )


class BundleDrawsWidget(Widget):
    """What was drawn from the bundle, day by day."""

    name, title, icon = "draws", "Drawn From It", "chart-bar"
    template_name = "radius/_table_widget.html"
    permission = "radius.usage.view"
    column, weight = 2, 10

    def context(self) -> Mapping[str, Any]:
        rows = list(self.obj.draws.order_by("-day").values("day", "octets")[:DAYS_SHOWN])
        return {"table": DrawTable(rows), "empty": "Nothing was drawn from it yet."}


class BundleChildrenWidget(Widget):
    """What rolled over from it."""

    name, title, icon = "rolled", "Rolled Over Into", "git-branch"
    template_name = "radius/_bundle_children_widget.html"
    permission = "radius.accounts.view"
    column, weight = 2, 20

    def shown(self) -> bool:
        return bool(self.obj.children.exists())

    def context(self) -> Mapping[str, Any]:
        now = clock.now()
        return {
            "bundles": [
                (one, *STATES[one.state(now)], _percent(one)) for one in self.obj.children.order_by("pk")
            ]
        }


def _percent(bundle: DataBundle) -> int:
    return bundle.drawn_octets * 100 // bundle.octets
