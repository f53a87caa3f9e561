"""Data costing models: the list, and a page to price the packages of one."""

from typing import Any

from django.db.models import Count
from django.urls import reverse

from billing.costing import pricing
from billing.costing.forms import CostingForm
from billing.costing.models import CostingModel
from billing.costing.tables import CostingTable
from ispbilling.core.forms import Tabs
from ispbilling.core.meanwhile import ChangedMeanwhile
from ispbilling.core.parts import Tab
from ispbilling.core.units import counted
from ispbilling.core.views import ActionPage, AddPage, EditPage, ListPage

PERMISSION = "billing.settings.edit"


class CostingList(ListPage):
    queryset = CostingModel.objects.annotate(
        named=Count("prices", distinct=True), had=Count("customers", distinct=True)
    )
    table_class = CostingTable
    permission = PERMISSION
    title = "Data Costing Models"
    search_fields = ("title",)
    search_help = "Title"
    add_url_name, add_permission, add_label, add_modal = (
        "billing:costing_add",
        PERMISSION,
        "Add Model",
        True,
    )
    empty_icon = "tags"
    empty_text = "A price list for the packages of some customers, such as wholesale; chosen when a customer is edited."

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Billing Settings", reverse("billing:settings_edit"))]


class _Stored(EditPage):
    queryset = CostingModel.objects.all()
    parents = (
        ("Billing Settings", "/billing/settings/"),
        ("Data Costing Models", "/billing/settings/costing/"),
    )
    permission = PERMISSION
    success_url_name = "billing:costing_list"

    def own_tabs(self) -> list[Tab]:
        return [Tab("main", "Prices", CostingForm)]

    def form_kwargs(self) -> dict[str, Any]:
        return {"model": self.object}

    def act(self, obj: CostingModel, form: Tabs, actor: Any) -> CostingModel:
        one, title = form.first, form.cleaned_data["title"]
        try:
            return pricing.store(obj, title, one.prices, actor=actor, seen=form.seen)
        except ChangedMeanwhile:
            one.look_again(obj)
            raise


class CostingAdd(_Stored, AddPage):
    title = "Add data costing model"


class CostingEdit(_Stored):
    pass


class CostingDelete(ActionPage):
    queryset = CostingModel.objects.all()
    permission = PERMISSION
    title = "Delete data costing model"
    submit_label = "Delete"
    submit_icon = "trash"
    danger = True
    success_url_name = "billing:costing_list"

    def obstacles(self, obj: CostingModel) -> list[str]:
        count = obj.customers.count()
        return (
            [f"It is the price list of {counted(count, 'customer')}; give them another one first."]
            if count
            else []
        )

    def consequences(self, obj: CostingModel) -> list[str]:
        gone = [f"Its {counted(count, 'price')} go with it."] if (count := obj.prices.count()) else []
        return [*gone, "Nobody has it, so nobody's invoice changes."]

    def act(self, obj: CostingModel, form: Any, actor: Any) -> None:
        pricing.remove(obj, actor=actor)

    def done(self, obj: CostingModel, result: None) -> str:
        return f"{obj} is deleted."

    def success_url(self, obj: CostingModel, result: None) -> str:
        return reverse("billing:costing_list")
