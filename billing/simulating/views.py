"""What if: asked by GET, so that a question can be bookmarked and shared; no change is ever stored. What concerns
many customers is sent to the background."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from billing.recurring.models import BillingSettings, RecurringLine
from billing.simulating import working
from billing.simulating.forms import CustomerForm, EffectForm
from billing.simulating.models import Simulation
from billing.simulating.question import Question
from billing.simulating.simulator import Effect, Forecast, effect, invoices
from billing.simulating.tables import EffectTable, ForecastTable
from customers.models import Customer
from ispbilling.core import clock
from ispbilling.core.errors import DomainError
from ispbilling.core.forms import Tabs
from ispbilling.core.money import ZERO, format_money
from ispbilling.core.views import FormPage, ObjectPage, StaffPage

PERMISSION = "billing.runs.view"
ROWS = Simulation.objects.select_related("asked_by")


class Simulator(StaffPage):
    """The effect of a change on everybody: at once on some customers, in the background on many."""

    permission = PERMISSION
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
            return self.answer(form=form, latest=latest())
        question = form.question()
        customers = list(question.concerned()[: working.AT_ONCE + 1])
        if len(customers) > working.AT_ONCE:
            return self.answer(form=form, many=question.concerned().count(), latest=latest())
        try:
            found = effect(question.change(), customers, now)
        except DomainError as refusal:
            form.add_error(None, str(refusal))
            return self.answer(form=form)
        return self.answer(form=form, **told(found, question))


class SimulationAdd(FormPage):
    """The same question about many customers, sent to the background."""

    permission = PERMISSION
    title = "Simulate"
    form_class = EffectForm
    submit_label, submit_icon = "Simulate", "calculator"
    success_url_name = "billing:simulator"
    parents = (("Simulator", "/billing/simulator/"),)

    def find(self) -> None:
        return None

    def form_kwargs(self) -> dict[str, Any]:
        return {"today": clock.local_day(clock.now())}

    def act(self, obj: None, form: Tabs, actor: Any) -> Simulation:
        return working.ask(form.first.question(), clock.now(), actor=actor)

    def done(self, obj: None, result: Simulation) -> str:
        return f"{result} is being simulated."

    def success_url(self, obj: None, result: Simulation) -> str:
        return result.get_absolute_url()

    def came_from(self) -> str:
        return ""


class SimulationDetail(ObjectPage):
    """A question about many: how far it is, and what came out."""

    queryset = ROWS
    permission = PERMISSION
    template_name = "billing/simulation.html"

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Simulator", reverse("billing:simulator"))]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        one = self.object = self.get_object()
        self.title = str(one)
        found = working.answer(one) if one.finished_at and not one.problem else None
        local = timezone.localtime(one.asked_at)
        return self.answer(
            subtitle=f"Asked {local:%Y-%m-%d %H:%M} by {one.asked_by or 'the system'}; forgotten after a day",
            progress=progress(one),
            **(told(found, working.question_of(one)) if found else {}),
        )


class SimulationProgress(ObjectPage):
    """The bar that asks for itself again; when all is simulated the page is loaded anew."""

    queryset = ROWS
    permission = PERMISSION

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        one = self.get_object()
        response = self.answer("ui/progress.html", **progress(one))
        if one.finished_at:
            response["HX-Refresh"] = "true"
        return response


def progress(one: Simulation) -> dict[str, Any]:
    """The context of `ui/progress.html`."""
    total, done = one.parts.count(), one.parts.exclude(done_at=None).count()
    return {
        "url": reverse("billing:simulation_progress", args=[one.pk]),
        "done": done,
        "total": total,
        "percent": int(100 * done / total) if total else 100,
        "label": "Simulating" if done else "Simulating, waiting for a worker",
        "poll": one.finished_at is None,
    }


def latest() -> list[Simulation]:
    """Questions whose answers are still there."""
    return list(ROWS[:5])


def told(found: Effect, question: Question) -> dict[str, Any]:
    """The context of `billing/_effect.html`."""
    inclusive = question.kind == "vat" and BillingSettings.get().prices_include_vat
    return {
        "found": found,
        "table": _largest(found),
        "listed": working.LISTED,
        "facts": _facts(found),
        "note": "Prices include VAT: customers pay what they pay, and what is in it for us changes."
        if inclusive
        else "",
    }


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
    rows = working.largest(found.differing)
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
            if customer in customers  # an answer is kept for a day; the demonstration may be gone by then
        ]
    )


def _facts(found: Effect) -> list[tuple[str, Any]]:
    return [
        ("Difference", format_money(found.after - found.before)),
        ("Customers concerned", f"{found.more + found.less:,}"),
        ("Of them pay more", f"{found.more:,}"),
        ("Of them pay less", f"{found.less:,}"),
    ]
