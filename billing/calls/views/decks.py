"""Phone costing models and their rates."""

from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse

from billing.calls import decks
from billing.calls.forms import PhoneModelForm, PhoneRateForm, RateFileForm
from billing.calls.models import CallSettings, PhoneCostingModel, PhoneRate
from billing.calls.tables import RATES, PhoneModelTable, PhoneRateTable
from ispbilling.core.forms import Tabs
from ispbilling.core.parts import Button
from ispbilling.core.units import counted
from ispbilling.core.views import ActionPage, AddPage, EditPage, FormPage, ListPage

SETTINGS = (("Billing Settings", "/billing/settings/"),)
MODELS = (*SETTINGS, ("Phone Costing Models", "/billing/settings/phone/"))


class PhoneModelList(ListPage):
    queryset = PhoneCostingModel.objects.annotate(
        rated=Count("rates", distinct=True),
        had=Count("customers", distinct=True),
        is_default=Exists(CallSettings.objects.filter(default_model=OuterRef("pk"))),
    )
    table_class = PhoneModelTable
    permission = RATES
    title = "Phone Costing Models"
    parents = SETTINGS
    search_fields = ("title",)
    search_help = "Title"
    add_url_name, add_permission, add_label, add_modal = "billing:phone_costing_add", RATES, "Add Model", True
    empty_icon = "phone"
    empty_text = (
        "What calls cost: rates by prefix, or a markup on the carrier's cost. One is everybody's default."
    )


class PhoneModelAdd(AddPage):
    model = PhoneCostingModel
    parents = MODELS
    permission = RATES
    title = "Add phone costing model"
    form_class = PhoneModelForm
    success_url_name = "billing:phone_costing_list"

    def act(self, obj: PhoneCostingModel, form: Tabs, actor: Any) -> PhoneCostingModel:
        asked = form.cleaned_data
        return decks.store(obj, asked["title"], asked["markup"], actor=actor)

    def came_from(self) -> str:
        """On to its rates, wherever the dialog was opened."""
        return "" if self.request.method == "POST" else super().came_from()

    def success_url(self, obj: PhoneCostingModel, result: PhoneCostingModel) -> str:
        return result.get_absolute_url()


class PhoneModelEdit(EditPage):
    queryset = PhoneCostingModel.objects.all()
    parents = MODELS
    permission = RATES
    form_class = PhoneModelForm
    success_url_name = "billing:phone_costing_list"

    def act(self, obj: PhoneCostingModel, form: Tabs, actor: Any) -> PhoneCostingModel:
        asked = form.cleaned_data
        return decks.store(obj, asked["title"], asked["markup"], actor=actor, seen=form.seen)


class PhoneModelDelete(ActionPage):
    queryset = PhoneCostingModel.objects.all()
    permission = RATES
    title = "Delete phone costing model"
    submit_label = "Delete"
    submit_icon = "trash"
    danger = True
    success_url_name = "billing:phone_costing_list"

    def obstacles(self, obj: PhoneCostingModel) -> list[str]:
        return [why] if (why := decks.why_not_removed(obj)) else []

    def consequences(self, obj: PhoneCostingModel) -> list[str]:
        gone = [f"Its {counted(count, 'rate')} go with it."] if (count := obj.rates.count()) else []
        return [*gone, "Nobody has it, so nobody's invoice changes."]

    def act(self, obj: PhoneCostingModel, form: Any, actor: Any) -> None:
        decks.remove(obj, actor=actor)

    def done(self, obj: PhoneCostingModel, result: None) -> str:
        return f"{obj} is deleted."

    def came_from(self) -> str:
        """Not back to the page of the model that is gone."""
        came = super().came_from()
        return "" if self.request.path.removesuffix("delete/") in came else came

    def success_url(self, obj: PhoneCostingModel, result: None) -> str:
        return reverse(self.success_url_name)


class PhoneRateList(ListPage):
    """A model: its rates."""

    queryset = PhoneCostingModel.objects.all()
    table_class = PhoneRateTable
    permission = RATES
    parents = MODELS
    search_fields = ("prefix", "destination")
    search_help = "Prefix or destination"
    empty_icon = "phone"
    empty_text = (
        "What calls cost by what the number begins with: 27 for all of South Africa, 2782 for one network."
    )

    @property
    def one(self) -> PhoneCostingModel:
        if not hasattr(self, "_one"):
            self._one = get_object_or_404(PhoneCostingModel, pk=self.kwargs["pk"])
        return self._one

    def get_queryset(self) -> QuerySet[PhoneRate]:
        return self.one.rates.all()

    def context(self, **extra: Any) -> dict[str, Any]:
        self.title = str(self.one)
        return super().context(subtitle=self._told(), **extra)

    def _told(self) -> str:
        markup = self.one.markup
        if markup is None:
            return "Calls follow the rates. Prices are before VAT."
        return (
            f"A call whose cost the carrier told costs that plus {markup.normalize():f} %, others follow the rates."
            " Prices are before VAT."
        )

    def buttons(self) -> list[Button]:
        def to(name: str) -> str:
            return reverse(f"billing:{name}", args=[self.one.pk])

        return [
            Button("Edit", to("phone_costing_edit"), "pencil", "secondary", RATES, modal=True),
            Button("Upload Rates", to("phone_rate_upload"), "upload", "secondary", RATES, modal=True),
            Button("Add Rate", to("phone_rate_add"), "plus", "primary", RATES, modal=True),
        ]


class PhoneRateAdd(AddPage):
    """For the model of the URL."""

    queryset = PhoneCostingModel.objects.all()
    parents = MODELS
    permission = RATES
    form_class = PhoneRateForm

    def find(self) -> PhoneRate:
        model = self.get_object()
        self.title = f"Add rate - {model}"
        asked = self.request.GET.get("prefix", "")
        return PhoneRate(model=model, prefix=asked if asked.isdecimal() else "")

    def act(self, obj: PhoneRate, form: Tabs, actor: Any) -> PhoneRate:
        return decks.store_rate(obj.model, form.first.rate, actor=actor)

    def close_url(self) -> str:
        return self.came_from() or self.object.model.get_absolute_url()

    def success_url(self, obj: PhoneRate, result: PhoneRate) -> str:
        return result.model.get_absolute_url()


class PhoneRateEdit(EditPage):
    queryset = PhoneRate.objects.select_related("model")
    parents = MODELS
    permission = RATES
    form_class = PhoneRateForm

    def act(self, obj: PhoneRate, form: Tabs, actor: Any) -> PhoneRate:
        return decks.store_rate(obj.model, form.first.rate, actor=actor, former=obj, seen=form.seen)

    def close_url(self) -> str:
        return self.came_from() or self.object.model.get_absolute_url()

    def success_url(self, obj: PhoneRate, result: PhoneRate) -> str:
        return obj.model.get_absolute_url()


class PhoneRateDelete(ActionPage):
    queryset = PhoneRate.objects.select_related("model")
    permission = RATES
    title = "Delete rate"
    submit_label = "Delete"
    submit_icon = "trash"
    danger = True

    def consequences(self, obj: PhoneRate) -> list[str]:
        return [
            "Calls that no invoice has follow a shorter prefix, or wait for a rate.",
            "Calls on invoices stay as they are.",
        ]

    def act(self, obj: PhoneRate, form: Any, actor: Any) -> None:
        decks.remove_rate(obj, actor=actor)

    def done(self, obj: PhoneRate, result: None) -> str:
        return f"{obj} is deleted."

    def came_from(self) -> str:
        return ""

    def close_url(self) -> str:
        return self.object.model.get_absolute_url()

    def success_url(self, obj: PhoneRate, result: None) -> str:
        return obj.model.get_absolute_url()


class PhoneRateUpload(FormPage):
    """A carrier's price list."""

    queryset = PhoneCostingModel.objects.all()
    parents = MODELS
    permission = RATES
    form_class = RateFileForm
    title = "Upload rates"
    submit_label = "Take Over"
    submit_icon = "upload"

    def act(self, obj: PhoneCostingModel, form: Tabs, actor: Any) -> dict[str, int]:
        return decks.upload(obj, form.first.rates, replace=form.cleaned_data["replace"], actor=actor)

    def done(self, obj: PhoneCostingModel, result: dict[str, int]) -> str:
        said = ", ".join(f"{count:,} {word}" for word, count in result.items() if count) or "nothing changed"
        return f"Rates of {obj}: {said}. Calls that no invoice has are being priced again."

    def success_url(self, obj: PhoneCostingModel, result: dict[str, int]) -> str:
        return obj.get_absolute_url()
