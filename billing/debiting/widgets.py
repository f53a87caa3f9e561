"""The debit order of one customer on its profile: its mandate, and what was collected with it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.urls import reverse

from billing.debiting.models import BatchState, DebitRow, Mandate, MandateState
from billing.debiting.tables import MANDATES, ProfileRowsTable
from customers.merging.models import records_of
from customers.relations import paying
from ispbilling.core.parts import Button
from ispbilling.core.registries import Widget

LATEST = 5


class DebitOrder(Widget):
    """The mandate, its account masked, and the last collections."""

    name, title, icon = "debit_order", "Debit Order", "writing-sign"
    template_name = "billing/_debit_order_widget.html"
    permission = "billing.debits.view"
    column, weight = 3, 17

    @property
    def mandate(self) -> Mandate | None:
        """The standing one, else the last that was cancelled."""
        rows = Mandate.objects.filter(customer=self.obj)
        return rows.standing().first() or rows.first()

    def context(self) -> Mapping[str, Any]:
        rows = DebitRow.objects.listed().filter(payer__in=records_of(self.obj))
        rows = rows.exclude(batch__state=BatchState.DRAFT)[:LATEST]
        mandate = self.mandate
        return {
            "mandate": mandate,
            "meaning": MANDATES[MandateState(mandate.state)] if mandate else "",
            "payer": paying.payer(self.obj),
            "table": ProfileRowsTable(rows, request=self.request),
        }

    def buttons(self) -> list[Button]:
        mandate = self.mandate
        if mandate is None or mandate.state == MandateState.CANCELLED:
            add = reverse("billing:mandate_add", args=[self.obj.pk])
            return [Button("Add Mandate", add, "plus", permission="billing.mandates.edit", modal=True)]
        paused = mandate.state == MandateState.PAUSED
        acts = [("Edit", "edit", "pencil")]
        acts.append(("Resume", "resume", "player-play") if paused else ("Pause", "pause", "player-pause"))
        return [
            Button(
                word,
                reverse(f"billing:mandate_{act}", args=[mandate.pk]),
                icon,
                permission="billing.mandates.edit",
                modal=True,
            )
            for word, act, icon in acts
        ]

    def view_all(self) -> str:
        return f"{reverse('billing:debit_row_list')}?customer={quote(self.obj.code)}&state=all"
