"""The age analysis of one customer on its profile (PRO-10): to look at before phoning."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from billing.ageing.buckets import EXPLAINED, ages
from billing.allocating import open_items
from billing.recurring.models import AgeBy, BillingSettings
from ispbilling.core import clock
from ispbilling.core.parts import Button
from ispbilling.core.registries import Widget


class AgeAnalysis(Widget):
    """What the customer owes by age, as payer."""

    name, title, icon = "ageing", "Age Analysis", "scale"
    template_name = "billing/_ageing_widget.html"
    permission = "billing.ageing.view"
    column, weight = 3, 15

    def context(self) -> Mapping[str, Any]:
        today, by = clock.local_day(clock.now()), AgeBy(BillingSettings.get().age_by)
        found = open_items.of([self.obj.pk], today)
        oldest = min((one.due_on for one in found if one.open > 0 and one.due_on < today), default=None)
        return {
            "ages": ages([(one.posted_on, one.due_on, one.open) for one in found], today, by),
            "oldest": oldest,
            "late": (today - oldest).days if oldest else 0,
            "explained": f"Counted from the {by.label.lower()}. {EXPLAINED}",
        }

    def buttons(self) -> list[Button]:
        url = reverse("billing:statement_detail", args=[self.obj.pk])
        return [Button("Statement", url, "file-text", permission="billing.statements.view")]

    def view_all(self) -> str:
        return reverse("billing:open_items", args=[self.obj.pk])
