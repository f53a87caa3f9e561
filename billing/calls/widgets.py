"""What calls add to the profile of a customer (PRO-8, PRO-9, USE-11), and to the billing settings (SET-2)."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.urls import reverse

from billing.calls import decks, listing
from billing.calls.forms import CallSettingsForm
from billing.calls.models import CallSettings, PhoneCostingModel, PhoneNumber
from customers.merging.models import records_of
from ispbilling.core import clock
from ispbilling.core.models import User
from ispbilling.core.money import CURRENCY
from ispbilling.core.parts import Button, Chart, Series, Tab
from ispbilling.core.registries import Widget


class PhoneUsage(Widget):
    """The month of a customer's calls, day by day: what they cost and the markup on it (PRO-8)."""

    name, title, icon = "phone_usage", "Phone Usage", "phone-call"
    template_name = "billing/_phone_usage_widget.html"
    permission = "billing.calls.view"
    column, weight = 2, 40

    def shown(self) -> bool:
        return PhoneNumber.objects.filter(customer=self.obj).exists()

    def context(self) -> Mapping[str, Any]:
        month = clock.month_of(clock.local_day(clock.now()))
        days = listing.daily(records_of(self.obj), month)
        chart = Chart(
            f"Phone usage {month}",
            "bar",
            tuple(f"{one.day:%d %b}" for one in days),
            (
                Series("Call cost", tuple(float(one.cost) for one in days)),
                Series("Markup", tuple(float(one.markup) for one in days)),
            ),
            unit=CURRENCY,
            stacked=True,
            urls=tuple(f"{self.view_all()}&since={one.day}&until={one.day}" for one in days),
        )
        return {"month": month, "talked": listing.summary(records_of(self.obj), month), "chart": chart}

    def view_all(self) -> str:
        return f"{reverse('billing:call_list')}?customer={quote(self.obj.code)}"


class PhoneNumbers(Widget):
    """The numbers of a customer, and what was called from each this month and the last (USE-11, PRO-9)."""

    name, title, icon = "phone_numbers", "VoIP Phone Lines", "phone"
    template_name = "billing/_phone_numbers_widget.html"
    permission = "billing.calls.view"
    column, weight = 1, 70

    def shown(self) -> bool:
        """Where a provider bills calls."""
        return PhoneUsage.shown(self) or PhoneCostingModel.objects.exists()  # type: ignore[arg-type]

    def context(self) -> Mapping[str, Any]:
        customers = records_of(self.obj)
        this = clock.month_of(clock.local_day(clock.now()))
        last = clock.month_of(clock.add_months(this.start, -1))
        now, before = (listing.by_number(customers, month) for month in (this, last))
        none = listing.Talked()
        return {
            "this": this,
            "last": last,
            "rows": [
                (number, now.get(number.pk, none), before.get(number.pk, none))
                for number in listing.numbers_of(customers)
            ],
            "sums": [listing.summary(customers, month) for month in (this, last)],
        }

    def buttons(self) -> list[Button]:
        add = reverse("billing:phone_number_add", args=[self.obj.pk])
        return [Button("Add", add, "plus", permission="billing.calls.edit", modal=True)]

    def view_all(self) -> str:
        return f"{reverse('billing:call_list')}?customer={quote(self.obj.code)}"


def save(form: Any, settings: Any, actor: User) -> None:
    """Store the tab with the other billing settings."""
    decks.configure(form.cleaned_data, actor=actor)


TAB = Tab(
    "calls", "Calls", CallSettingsForm, "billing.settings.edit", weight=150,
    instance=lambda _: CallSettings.get(), save=save,
)  # fmt: skip
