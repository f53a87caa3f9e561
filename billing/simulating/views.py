"""What if: asked by GET, so that a question can be bookmarked and shared; nothing is ever stored."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from billing.recurring.models import RecurringLine
from billing.simulating.forms import CustomerForm, EffectForm
from billing.simulating.simulator import Effect, Forecast, effect, invoices
from billing.simulating.tables import EffectTable, ForecastTable
from customers.models import Customer
from ispbilling.core import clock
from ispbilling.core.errors import DomainError
from ispbilling.core.money import ZERO, format_money
from ispbilling.core.views import ObjectPage, StaffPage

#: So many customers are listed, those with the largest difference.
LISTED = 100


class Simulator(StaffPage):
    """The effect of a change on everybody."""

    permission = "billing.runs.view"
    title = "Simulator"
    template_name = "billing/simulator.html"

    def context(self, **extra: Any) -> dict[str, Any]:
        said = "What a change of prices or VAT would do to the next run. Nothing is stored."
        return super().context(subtitle=said, any_line=RecurringLine.objects.exists(), **extra)

    def get(self, request: HttpRequest) -> HttpResponseBase:
        now = clock.now()
        asked = request.GET if "what" in request.GET else None
        form = EffectForm(asked, today=clock.local_day(now))
        if not form.is_valid():
            return self.answer(form=form)
        try:
            change, customers = form.supposed()
            found = effect(change, customers, now)
        except DomainError as refusal:
            form.add_error(None, str(refusal))
            return self.answer(form=form)
        return self.answer(form=form, found=found, table=_largest(found), listed=LISTED, facts=_facts(found))


class CustomerSimulator(ObjectPage):
    """The next six invoices of a customer, as things are and with a change."""

    queryset = Customer.objects.all()
    permission = "billing.recurring.view"
    template_name = "billing/customer_simulator.html"

    def crumbs(self) -> list[tuple[str, str]]:
        return [(str(self.object), self.object.get_absolute_url())]

    def context(self, **extra: Any) -> dict[str, Any]:
        self.title = f"Next invoices - {self.object}"
        said = "As the month-end runs would make them; nothing is stored."
        return super().context(
            subtitle=said, plain=reverse("billing:customer_simulator", args=[self.object.pk]), **extra
        )

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.object = self.get_object()
        now = clock.now()
        asked = request.GET if "what" in request.GET else None
        form = CustomerForm(asked, customer=self.object, today=clock.local_day(now))
        change = form.supposed() if form.is_valid() else None
        try:
            as_it_is = invoices(self.object.pk, None, now)
            changed = invoices(self.object.pk, change, now) if change else []
        except DomainError as refusal:
            return self.answer(form=form, refusal=str(refusal))
        return self.answer(
            form=form,
            table=ForecastTable(as_it_is, request=request),
            changed=ForecastTable(changed, request=request) if change else None,
            total=_total(as_it_is),
            changed_total=_total(changed),
            difference=_total(changed) - _total(as_it_is),
        )


def _total(found: list[Forecast]) -> Any:
    return sum((one.total for one in found), ZERO)


def _largest(found: Effect) -> EffectTable:
    rows = sorted(found.differing, key=lambda row: (-abs(row[2] - row[1]), row[0]))[:LISTED]
    customers = Customer.objects.in_bulk([customer for customer, _, _ in rows])
    return EffectTable(
        [
            {
                "customer": customers[customer],
                "before": before,
                "after": after,
                "difference": after - before,
            }
            for customer, before, after in rows
        ]
    )


def _facts(found: Effect) -> list[tuple[str, Any]]:
    more = sum(after > before for _, before, after in found.differing)
    return [
        ("Difference", format_money(found.after - found.before)),
        ("Customers concerned", f"{len(found.differing):,}"),
        ("Of them pay more", f"{more:,}"),
        ("Of them pay less", f"{len(found.differing) - more:,}"),
    ]
