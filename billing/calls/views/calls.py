"""Calls: the itemised list, callers nobody knows, destinations without a rate, and what is left out."""

from decimal import Decimal
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Count,
    F,
    Max,
    Min,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Left
from django.http import Http404
from django.urls import reverse

from billing.calls import owning
from billing.calls.filters import CallFilter
from billing.calls.forms import LeaveOutForm
from billing.calls.models import Call, CallSettings, CallState
from billing.calls.numbers import shown
from billing.calls.tables import CallerTable, CallTable, UnratedTable
from ispbilling.core.money import ZERO
from ispbilling.core.parts import BulkAction, Button, State
from ispbilling.core.units import counted
from ispbilling.core.views import ActionPage, BulkPage, ListPage

VIEW, EDIT = "billing.calls.view", "billing.calls.edit"
CALLS = (("Calls", "/billing/calls/"),)
#: As many first digits tell destinations without a rate apart.
DIGITS = 4


class CallList(ListPage):
    """Every call, itemised."""

    queryset = Call.objects.select_related("number__customer", "bill__document", "imported_from")
    table_class = CallTable
    filterset_class = CallFilter
    permission = VIEW
    confidential = "who called whom, when and for how long"
    title = "Calls"
    most, most_order = 10_000, ("-started_at", "-pk")
    search_fields = ("caller", "called", "destination", "number__customer__code", "number__customer__name")
    search_help = "Number, destination, account code or name"
    states = (
        State("all", "All"),
        State("open", "To be billed", Q(bill=None, state=CallState.RATED)),
        State("billed", "Billed", Q(bill__isnull=False)),
        State("unknown", "Unknown caller", Q(state=CallState.UNKNOWN)),
        State("unrated", "No rate", Q(state=CallState.UNRATED)),
        State("left_out", "Left out", Q(state=CallState.LEFT_OUT)),
    )
    bulk_actions = (
        BulkAction("Leave out", "billing:call_leave_out", "x", EDIT),
        BulkAction("Take in", "billing:call_take_in", "plus", EDIT),
    )
    empty_icon = "phone"
    empty_text = "Calls come with the files of a carrier or telephone exchange, and are billed once a month."

    def sums(self, rows: Any, *, narrowed: bool) -> dict[str, Decimal]:
        if not narrowed:
            return {}
        found: dict[str, Decimal] = rows.order_by().aggregate(
            cost=Sum("cost", default=ZERO), price=Sum("price", default=ZERO)
        )
        return found

    def buttons(self) -> list[Button]:
        files = reverse("billing:call_import_list")
        return [Button("Import Calls", files, "file-import", permission="billing.calls.import")]


class CallerList(ListPage):
    """Callers that are no customer's number, each with what to do about it."""

    table_class = CallerTable
    permission = VIEW
    confidential = "telephone numbers"
    title = "Unknown Callers"
    parents = CALLS
    search_fields = ("caller",)
    search_help = "Number"
    empty_icon = "phone-check"
    empty_text = "Every call has its customer."

    def get_queryset(self) -> QuerySet[Any]:
        rows = Call.objects.open().filter(state=CallState.UNKNOWN).values("caller")
        return rows.annotate(
            calls=Count("pk"), talked=Sum("seconds"), paid=Sum("cost"), first=Min("day"), last=Max("day")
        ).order_by("-calls", "caller")


class UnratedList(ListPage):
    """Where calls went that no rate fits, each with what to do about it."""

    table_class = UnratedTable
    permission = VIEW
    title = "Calls Without a Rate"
    parents = CALLS
    search_fields = ("called",)
    search_help = "Number"
    empty_icon = "phone-check"
    empty_text = "Every call of a customer has its price."

    def get_queryset(self) -> QuerySet[Any]:
        default = Subquery(CallSettings.objects.values("default_model")[:1])
        title = Subquery(CallSettings.objects.values("default_model__title")[:1])
        own = "number__customer__phone_costing__model"
        begins = Case(
            When(called__regex=r"^[0-9]+$", then=Left("called", DIGITS)),
            default=F("called"),
            output_field=CharField(),
        )
        rows = Call.objects.open().filter(state=CallState.UNRATED)
        grouped = rows.values(
            begins=begins,
            model=Coalesce(own, default, output_field=BigIntegerField()),
            model_title=Coalesce(f"{own}__title", title, Value("")),
        )
        return grouped.annotate(
            example=Max("called"), customers=Count("number__customer", distinct=True), calls=Count("pk"),
            talked=Sum("seconds"), last=Max("day"),
        ).order_by("-calls", "begins", "model")  # fmt: skip


class CallAct(BulkPage):
    """What is done with some calls."""

    queryset = Call.objects.all()
    permission = EDIT
    success_url_name = "billing:call_list"

    def find(self) -> Any:
        """Those of them that are still there: an import may be undone while people read."""
        try:
            return super().find()
        except Http404:
            return []

    def obstacles(self, obj: list[Call]) -> list[str]:
        return [] if obj else ["None of these calls is there any more."]


class CallLeaveOut(CallAct):
    """Some calls are nobody's to pay."""

    form_class = LeaveOutForm
    title = "Leave out"
    submit_label = "Leave out"
    submit_icon = "x"

    def consequences(self, obj: list[Call]) -> list[str]:
        return [f"{counted(len(obj), 'call')} will not be billed.", "You can take them in again."]

    def act(self, obj: Call, form: Any, actor: Any) -> None:
        owning.leave_out(obj, form.cleaned_data["reason"], actor=actor)


class CallTakeIn(CallAct):
    """Calls that were left out are to be paid after all."""

    title = "Take in"
    submit_label = "Take in"
    submit_icon = "plus"

    def consequences(self, obj: list[Call]) -> list[str]:
        return ["They get their customer and their price as if they were imported now, and are billed."]

    def act(self, obj: Call, form: Any, actor: Any) -> None:
        owning.take_in(obj, actor=actor)


class CallerLeaveOut(ActionPage):
    """The calls so far of a caller that is no customer's."""

    permission = EDIT
    form_class = LeaveOutForm
    title = "Leave calls out"
    submit_label = "Leave out"
    submit_icon = "x"
    success_url_name = "billing:caller_list"

    @property
    def caller(self) -> str:
        return self.request.GET.get("caller", "").replace("\0", "")[:64]

    def find(self) -> CallSettings:
        found = CallSettings.get()
        self.subject = shown(self.caller, found.country_code)
        return found

    def obstacles(self, obj: CallSettings) -> list[str]:
        return [] if self._count() else ["None of its calls waits for a customer any more."]

    def consequences(self, obj: CallSettings) -> list[str]:
        return [
            f"{counted(self._count(), 'call')} from {self.subject} will not be billed.",
            "Calls from it that come later wait for a customer again.",
            "Among all calls, under Left out, you can take them in again.",
        ]

    def act(self, obj: CallSettings, form: Any, actor: Any) -> int:
        return owning.leave_out_caller(self.caller, form.cleaned_data["reason"], actor=actor)

    def done(self, obj: CallSettings, result: int) -> str:
        return f"{counted(result, 'call')} from {self.subject} left out."

    def close_url(self) -> str:
        return self.came_from() or reverse(self.success_url_name)

    def success_url(self, obj: CallSettings, result: int) -> str:
        return reverse(self.success_url_name)

    def _count(self) -> int:
        return Call.objects.open().filter(state=CallState.UNKNOWN, caller=self.caller).count()
