"""The merges."""

from typing import Any

import django_tables2 as tables
from django.urls import reverse

from billing.merging import undoing
from customers.models import Merge
from ispbilling.core import clock
from ispbilling.core.parts import Button
from ispbilling.core.tables import ActionsColumn, DateTimeColumn, LinkColumn, Table


def row_buttons(merge: Any) -> list[Button]:
    alias = Button("Merged record", merge.loser.get_absolute_url(), "user", "dark")
    if merge.undone_at is not None or clock.now() > undoing.until(merge):
        return [alias]
    undo = reverse("merging:merge_undo", args=[merge.pk])
    return [alias, Button("Undo", undo, "arrow-back-up", permission="customers.merge", modal=True)]


class MergeTable(Table):
    survivor = LinkColumn(verbose_name="Survivor")
    loser = tables.Column(verbose_name="Merged Into It")
    at = DateTimeColumn(verbose_name="When")
    by = tables.Column(verbose_name="By", default="System")
    reason = tables.Column(verbose_name="Reason", default="")
    undo = tables.Column(verbose_name="Undo", accessor="pk", orderable=False)
    actions = ActionsColumn(row_buttons)

    class Meta(Table.Meta):
        model = Merge
        fields = ()

    def row_off(self, record: Any) -> bool:
        return record.undone_at is not None

    def render_undo(self, record: Any) -> str:
        if record.undone_at is not None:
            return f"undone on {clock.local_day(record.undone_at)}"
        until = undoing.until(record)
        return "no longer" if clock.now() > until else f"until {clock.local_day(until)}"
