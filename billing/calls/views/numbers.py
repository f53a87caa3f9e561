"""The numbers and extensions of customers."""

from typing import Any

from django.db.models import Q
from django.urls import reverse

from billing.calls import owning
from billing.calls.filters import PhoneNumberFilter
from billing.calls.forms import AssignForm, PhoneNumberForm
from billing.calls.models import Call, CallSettings, CallState, PhoneNumber
from billing.calls.numbers import normal
from billing.calls.tables import PhoneNumberTable
from billing.calls.views.calls import CALLS, EDIT, VIEW
from customers.models import Customer
from ispbilling.core import clock
from ispbilling.core.forms import Tabs
from ispbilling.core.parts import Button, State, Tab
from ispbilling.core.units import counted
from ispbilling.core.views import ActionPage, AddPage, EditPage, ListPage

ROWS = PhoneNumber.objects.select_related("customer")


class PhoneNumberList(ListPage):
    queryset = ROWS
    table_class = PhoneNumberTable
    filterset_class = PhoneNumberFilter
    permission = VIEW
    confidential = "telephone numbers and whose they are"
    title = "Phone Numbers"
    parents = CALLS
    search_fields = ("label", "identity", "description", "customer__code", "customer__name")
    search_help = "Number, description, account code or name"
    states = (
        State("open", "In use", Q(ends_on=None)),
        State("ended", "With a last day", Q(ends_on__isnull=False), "with a last day"),
        State("all", "All"),
    )
    empty_icon = "phone"
    empty_text = "Numbers and extensions say whose calls are whose. Add them on the customer's page."


class _Stored(EditPage):
    permission = EDIT
    parents = (*CALLS, ("Phone Numbers", "/billing/calls/numbers/"))

    def about(self, obj: PhoneNumber) -> Customer:
        return obj.customer

    def success_url(self, obj: PhoneNumber, result: PhoneNumber) -> str:
        return reverse("customers:customer_detail", args=[result.customer_id])


class PhoneNumberAdd(_Stored, AddPage):
    """For the customer of the URL."""

    queryset = Customer.objects.all()

    def find(self) -> PhoneNumber:
        customer = self.get_object()
        self.title = f"Add phone number - {customer}"
        return PhoneNumber(customer=customer, starts_on=clock.local_day(clock.now()))

    def own_tabs(self) -> list[Tab]:
        return [Tab("main", "Phone number", PhoneNumberForm)]

    def act(self, obj: PhoneNumber, form: Tabs, actor: Any) -> PhoneNumber:
        return owning.add(obj.customer, form.first.held, actor=actor)

    def close_url(self) -> str:
        return self.came_from() or reverse("customers:customer_detail", args=[self.object.customer_id])


class PhoneNumberEdit(_Stored):
    queryset = ROWS

    def own_tabs(self) -> list[Tab]:
        self.title = f"Edit phone number - {self.object.customer}"
        return [Tab("main", "Phone number", PhoneNumberForm)]

    def act(self, obj: PhoneNumber, form: Tabs, actor: Any) -> PhoneNumber:
        return owning.change(obj, form.first.held, actor=actor, seen=form.seen)

    def close_url(self) -> str:
        return self.came_from() or reverse("billing:phone_number_list")

    def buttons(self) -> list[Button]:
        return [
            Button("Delete", reverse("billing:phone_number_delete", args=[self.object.pk]), "trash", "danger")
        ]


class PhoneNumberDelete(ActionPage):
    queryset = ROWS
    permission = EDIT
    title = "Delete phone number"
    submit_label = "Delete"
    submit_icon = "trash"
    danger = True
    success_url_name = "billing:phone_number_list"

    def obstacles(self, obj: PhoneNumber) -> list[str]:
        return [why] if (why := owning.why_not_removed(obj)) else []

    def consequences(self, obj: PhoneNumber) -> list[str]:
        return [
            f"{counted(obj.calls.count(), 'call')} from it that no invoice has wait for a customer again.",
            "If somebody had it until some day, give it a last day instead.",
        ]

    def act(self, obj: PhoneNumber, form: Any, actor: Any) -> None:
        owning.remove(obj, actor=actor)

    def done(self, obj: PhoneNumber, result: None) -> str:
        return f"{obj} is deleted."

    def came_from(self) -> str:
        """Not back to the dialog of the number that is gone."""
        came = super().came_from()
        return "" if self.request.path.removesuffix("delete/") in came else came

    def success_url(self, obj: PhoneNumber, result: None) -> str:
        return reverse(self.success_url_name)


class PhoneNumberAssign(_Stored, AddPage):
    """For a caller whose calls wait: whose is it?"""

    model = PhoneNumber
    title = "Say whose number it is"
    success_url_name = "billing:caller_list"

    def find(self) -> PhoneNumber:
        number = self.request.GET.get("number", "").replace("\0", "")[:64]
        today = clock.local_day(clock.now())
        identity = normal(number, CallSettings.get().country_code)
        waiting = Call.objects.open().filter(state=CallState.UNKNOWN, caller=identity)
        first = waiting.order_by("day").values_list("day", flat=True).first()
        return PhoneNumber(label=number, starts_on=first or today)

    def own_tabs(self) -> list[Tab]:
        return [Tab("main", "Phone number", AssignForm)]

    def act(self, obj: PhoneNumber, form: Tabs, actor: Any) -> PhoneNumber:
        return owning.add(form.first.customer, form.first.held, actor=actor)

    def done(self, obj: PhoneNumber, result: PhoneNumber) -> str:
        return f"{result} is {result.customer}'s; its calls are being priced."

    def success_url(self, obj: PhoneNumber, result: PhoneNumber) -> str:
        return reverse(self.success_url_name)
