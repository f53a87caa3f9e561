"""Result files on screen: upload, preview, record, discard."""

from functools import cached_property
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from billing.debiting import results
from billing.debiting.forms import ResultForm
from billing.debiting.models import (
    DebitSettings,
    LineState,
    Outcome,
    ResultImport,
    ResultLine,
    ResultState,
)
from billing.debiting.tables import ResultLineTable, ResultTable
from billing.debiting.views.batches import HOME, RESULTS, VIEW
from ispbilling.core import clock
from ispbilling.core.forms import Tabs
from ispbilling.core.money import ZERO, format_money
from ispbilling.core.parts import Button, State
from ispbilling.core.units import counted
from ispbilling.core.views import ActionPage, FormPage, ListPage, ObjectPage

ROWS = ResultImport.objects.select_related("created_by")


class ResultList(ListPage):
    queryset = ROWS.annotate(
        lines_count=Count("lines"), recorded=Count("lines", filter=Q(lines__state=LineState.POSTED))
    )
    table_class = ResultTable
    permission = VIEW
    title = "Results of Debit Orders"
    parents = (HOME,)
    search_fields = ("name",)
    search_help = "Name of the file"
    add_url_name, add_permission, add_label, add_modal = (
        "billing:debit_result_add",
        RESULTS,
        "Import Result",
        True,
    )
    empty_icon = "file-import"
    empty_text = (
        "The provider's statement says which collections were paid: you see it before it is recorded."
    )


class ResultAdd(FormPage):
    permission = RESULTS
    title = "Import result of debit orders"
    parents = (HOME, ("Results", "/billing/debits/results/"))
    form_class = ResultForm
    submit_label, submit_icon = "Preview", "eye"
    success_url_name = "billing:debit_result_list"

    def find(self) -> None:
        return None

    def act(self, obj: None, form: Tabs, actor: Any) -> ResultImport:
        file = form.cleaned_data["file"]
        return results.receive(file.read(), file.name, clock.now(), actor=actor)

    def done(self, obj: None, result: ResultImport) -> str:
        return f"{result} is read. Nothing is recorded until you confirm."

    def came_from(self) -> str:
        """On to the preview, wherever the dialog was opened."""
        return ""

    def success_url(self, obj: None, result: ResultImport) -> str:
        return result.get_absolute_url()


class ResultDetail(ListPage):
    """The results in a file."""

    table_class = ResultLineTable
    permission = VIEW
    confidential = "who pays by debit order, how much, and whose bank refused"
    template_name = "billing/debit_result.html"
    search_fields = ("reference", "row__payer__code", "row__payer__name")
    search_help = "Reference, account code or name"
    states = (
        State("all", "All"),
        State("new", "To be recorded", Q(state=LineState.NEW)),
        State("posted", "Recorded", Q(state=LineState.POSTED)),
        State("look", "To look at", Q(state__in=[LineState.UNKNOWN, LineState.DIFFERENT, LineState.REFUSED])),
    )
    empty_text = "This file says nothing about debit orders."

    @cached_property
    def one(self) -> ResultImport:
        return get_object_or_404(ROWS, pk=self.kwargs["pk"])

    def get_queryset(self) -> QuerySet[ResultLine]:
        return (
            ResultLine.objects.filter(result_import=self.one)
            .select_related("row__payer", "row__batch")
            .defer("row__batch__file")
        )

    def crumbs(self) -> list[tuple[str, str]]:
        return [HOME, ("Results", reverse("billing:debit_result_list"))]

    def context(self, **extra: Any) -> dict[str, Any]:
        self.title = str(self.one)
        return super().context(
            one=self.one,
            busy=self.one.state == ResultState.POSTING,
            progress=progress(self.one),
            facts=facts(self.one),
            subtitle=self.one.get_state_display(),
            **extra,
        )

    def buttons(self) -> list[Button]:
        def to(label: str, act: str, icon: str, look: str) -> Button:
            url = reverse(f"billing:debit_result_{act}", args=[self.one.pk])
            return Button(label, url, icon, look, RESULTS, modal=True)

        if self.one.state != ResultState.PREVIEWED:
            return []
        return [to("Discard", "discard", "trash", "secondary"), to("Record", "post", "check", "primary")]


class ResultProgress(ObjectPage):
    """The bar that asks for itself again; when the work is done the page is loaded anew."""

    queryset = ROWS
    permission = VIEW

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        one = self.get_object()
        response: HttpResponse = self.answer("ui/progress.html", **progress(one))
        if one.state != ResultState.POSTING:
            response["HX-Refresh"] = "true"
        return response


class ResultAct(ActionPage):
    """What the verbs of a file share: they lead back to it."""

    queryset = ROWS
    permission = RESULTS

    def came_from(self) -> str:
        return ""

    def obstacles(self, obj: ResultImport) -> list[str]:
        return [] if obj.state == ResultState.PREVIEWED else [f"It is {obj.get_state_display().lower()}."]


class ResultPost(ResultAct):
    title = "Record results"
    submit_label, submit_icon = "Record", "check"

    def obstacles(self, obj: ResultImport) -> list[str]:
        nothing = [] if results.waiting(obj) else ["There is nothing to record in it."]
        return super().obstacles(obj) or nothing

    def consequences(self, obj: ResultImport) -> list[str]:
        rows = obj.lines.filter(state=LineState.NEW).order_by().values_list("outcome")
        found = {outcome: (count, total) for outcome, count, total in
                 rows.annotate(count=Count("pk"), total=Sum("amount"))}  # fmt: skip
        paid, unpaid = (found.get(one, (0, ZERO)) for one in (Outcome.PAID, Outcome.UNPAID))
        told = []
        if paid[0]:
            told.append(f"Become payments: {counted(paid[0], 'collection')} of {format_money(paid[1])}.")
        if unpaid[0]:
            fee = DebitSettings.get().fee
            charged = f", each with a fee of {format_money(fee)}" if fee else ""
            told.append(
                f"Unpaid: {counted(unpaid[0], 'collection')} of {format_money(unpaid[1])}{charged};"
                " what they had paid is owed again."
            )
        return [*told, "Each payer is told. What was recorded before is not recorded again."]

    def act(self, obj: ResultImport, form: Any, actor: Any) -> ResultImport:
        return results.post(obj, clock.now(), actor=actor)

    def done(self, obj: ResultImport, result: ResultImport) -> str:
        return f"{result} is being recorded."


class ResultDiscard(ResultAct):
    title = "Discard result file"
    submit_label, submit_icon = "Discard", "trash"
    success_url_name = "billing:debit_result_list"

    def consequences(self, obj: ResultImport) -> list[str]:
        return ["The preview is forgotten; nothing of it was recorded.", "The file can be uploaded again."]

    def act(self, obj: ResultImport, form: Any, actor: Any) -> str:
        results.discard(obj, clock.now(), actor=actor)
        return str(obj)

    def done(self, obj: ResultImport, result: str) -> str:
        return f"{result} is discarded."


def facts(one: ResultImport) -> list[tuple[str, str]]:
    """What is in the file, in words and numbers."""
    rows = one.lines.order_by().values_list("state").annotate(count=Count("pk"), total=Sum("amount"))
    found = {state: (count, total) for state, count, total in rows}
    told = [
        (label, f"{found[state][0]:,}, {format_money(found[state][1])}")
        for state, label in LineState.choices
        if state in found
    ]
    return [*told, ("Lines about something else, left alone", f"{one.others:,}")]


def progress(one: ResultImport) -> dict[str, Any]:
    """The context of `ui/progress.html`."""
    total = one.lines.filter(state__in=[LineState.NEW, LineState.POSTED, LineState.REFUSED]).count()
    left = len(results.waiting(one))
    return {
        "url": reverse("billing:debit_result_progress", args=[one.pk]),
        "done": total - left,
        "total": total,
        "percent": int(100 * (total - left) / total) if total else 100,
        "label": one.get_state_display(),
        "poll": one.state == ResultState.POSTING,
    }
