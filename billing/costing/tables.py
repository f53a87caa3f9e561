"""Data costing models as a table."""

from django.urls import reverse

from billing.costing.models import CostingModel
from ispbilling.core.parts import Button
from ispbilling.core.tables import ActionsColumn, CountColumn, LinkColumn, Table


def actions(model: CostingModel) -> list[Button]:
    delete = reverse("billing:costing_delete", args=[model.pk])
    return [Button("Delete", delete, "trash", "danger", "billing.settings.edit", modal=True)]


class CostingTable(Table):
    """Rows need `named`, how many packages it prices, and `had`, how many customers have it."""

    title = LinkColumn()
    named = CountColumn(verbose_name="Packages")
    had = CountColumn(verbose_name="Customers")
    actions = ActionsColumn(actions)

    class Meta(Table.Meta):
        model = CostingModel
        fields = ()
