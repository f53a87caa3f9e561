"""Speedtest Results on the profile and on the page of a line (PRO-9)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.urls import reverse

from ispbilling.core.registries import Widget
from radius.speed.models import SpeedTest
from radius.speed.tables import SLOW

SHOWN = 5


class SpeedTestsWidget(Widget):
    """The last speed tests of a customer, beside what was sold."""

    name, title, icon = "speed_tests", "Speedtest Results", "gauge"
    template_name = "radius/_speed_widget.html"
    permission = "radius.usage.view"
    column, weight = 1, 80

    def tests(self) -> Any:
        return SpeedTest.objects.filter(customer=self.obj)

    def context(self) -> Mapping[str, Any]:
        return {"tests": self.tests().select_related("data_account")[:SHOWN], "slow": SLOW}

    def view_all(self) -> str:
        return reverse("radius:speed_test_list") + f"?customer={self.obj.code}"


class LineSpeedTestsWidget(SpeedTestsWidget):
    """The same for one data account."""

    def tests(self) -> Any:
        return SpeedTest.objects.filter(data_account=self.obj)

    def view_all(self) -> str:
        return reverse("radius:speed_test_list") + f"?q={quote(self.obj.username)}"
