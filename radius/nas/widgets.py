"""The lights of one NAS and what it sent by day, on its page."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.urls import reverse

from ispbilling.core import clock
from ispbilling.core.registries import Widget
from radius.nas import posture
from radius.nas.judging import DAYS
from radius.nas.models import NasPosture
from radius.nas.tables import DayTable


class PostureWidget(Widget):
    """What is well with a NAS and what is not."""

    name, title, icon = "posture", "Posture", "shield-check"
    template_name = "radius/_posture_widget.html"
    permission = "radius.nas.view"
    column, weight = 1, 60

    def context(self) -> Mapping[str, Any]:
        return {"findings": posture.findings([self.obj], clock.now())[self.obj.pk]}

    def view_all(self) -> str:
        return reverse("radius:nas_posture")


class DaysWidget(Widget):
    """What a NAS sent on each of the last days, and what was dropped of it and why."""

    name, title, icon = "days", "Last Days", "chart-bar"
    template_name = "radius/_table_widget.html"
    permission = "radius.nas.view"
    column, weight = 2, 60

    def context(self) -> Mapping[str, Any]:
        first = clock.local_day(clock.now()) - timedelta(days=2 * DAYS - 1)
        rows = list(NasPosture.objects.filter(nas=self.obj, day__gte=first))
        return {
            "table": DayTable(rows, orderable=False),
            "empty": "Nothing was heard of it in two weeks.",
        }
