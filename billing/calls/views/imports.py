"""Files of calls: upload, choose columns, look, import, take back."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse

from billing.calls import importing
from billing.calls.forms import CallColumnsForm, CallFileForm
from billing.calls.models import Call, CallImport, CallImportState, CallSettings, CallState, PhoneNumber
from billing.calls.numbers import clock as length
from billing.calls.numbers import shown
from billing.calls.tables import CallImportTable
from billing.calls.views.calls import CALLS
from ispbilling.core import clock
from ispbilling.core.forms import Tabs
from ispbilling.core.money import CURRENCY
from ispbilling.core.parts import Button, Tab
from ispbilling.core.units import counted
from ispbilling.core.views import ActionPage, DetailPage, FormPage, ListPage, ObjectPage

ROWS = CallImport.objects.select_related("created_by")
VIEW, IMPORT = "billing.calls.view", "billing.calls.import"
FILES = (*CALLS, ("Files of Calls", "/billing/calls/files/"))


class CallImportList(ListPage):
    queryset = ROWS.defer("head")
    table_class = CallImportTable
    permission = VIEW
    title = "Files of Calls"
    parents = CALLS
    search_fields = ("name",)
    search_help = "Name of the file"
    add_url_name, add_permission, add_label = "billing:call_import_add", IMPORT, "Import Calls"
    empty_icon = "file-import"
    empty_text = "The calls a carrier or telephone exchange recorded, as CSV or Excel: each counts once."


class CallImportAdd(FormPage):
    permission = IMPORT
    title = "Import Calls"
    parents = FILES
    form_class = CallFileForm
    submit_label = "Preview"
    submit_icon = "eye"
    success_url_name = "billing:call_import_list"

    def find(self) -> None:
        return None

    def act(self, obj: None, form: Tabs, actor: Any) -> CallImport:
        file = form.cleaned_data["file"]
        return importing.receive(file.read(), file.name, clock.now(), actor=actor)

    def done(self, obj: None, result: CallImport) -> str:
        if result.columns is None:
            return f"{result} is read. Its columns are not clear: choose them."
        return f"{result} is read. Nothing is imported until you confirm."

    def came_from(self) -> str:
        """On to the preview, wherever the dialog was opened."""
        return ""

    def success_url(self, obj: None, result: CallImport) -> str:
        if result.columns is None:
            return reverse("billing:call_import_columns", args=[result.pk])
        return result.get_absolute_url()


class CallImportDetail(DetailPage):
    """What a file would bring, what is being read, or what it brought."""

    queryset = ROWS
    permission = VIEW
    parents = FILES
    template_name = "billing/call_import.html"

    @cached_property
    def one(self) -> CallImport:
        found: CallImport = self.object
        return found

    def subtitle(self) -> str:
        return str(self.one.get_state_display())

    def context(self, **extra: Any) -> dict[str, Any]:
        one = self.one
        previewed = one.state == CallImportState.PREVIEWED
        rows, unread = _sample(one) if previewed else ([], [])
        return super().context(
            one=one,
            busy=one.state == CallImportState.READING,
            progress=progress(one),
            facts=facts(one),
            previewed=previewed,
            sample=rows,
            problems=unread or one.problems,
            more_problems=max(one.bad - len(one.problems), 0),
            calls_url=f"{reverse('billing:call_list')}?file={one.pk}",
            **extra,
        )

    def buttons(self) -> list[Button]:
        one = self.one

        def to(name: str) -> str:
            return reverse(f"billing:call_import_{name}", args=[one.pk])

        if one.state == CallImportState.PREVIEWED:
            return [
                Button("Columns", to("columns"), "columns", "secondary", IMPORT, modal=True),
                Button("Discard", to("discard"), "trash", "secondary", IMPORT, modal=True),
                Button("Import", to("start"), "check", "primary", IMPORT, modal=True),
            ]
        if one.state == CallImportState.READ:
            return [
                Button("Calls", f"{reverse('billing:call_list')}?file={one.pk}", "phone"),
                Button("Undo", to("undo"), "arrow-back-up", "danger", IMPORT, modal=True),
            ]
        return []


class CallImportProgress(ObjectPage):
    """The bar that asks for itself again; when the work is done the page is loaded anew."""

    queryset = ROWS
    permission = VIEW

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        one = self.get_object()
        response: HttpResponse = self.answer("ui/progress.html", **progress(one))
        if one.state != CallImportState.READING:
            response["HX-Refresh"] = "true"
        return response


class CallImportColumns(FormPage):
    queryset = ROWS
    permission = IMPORT
    parents = FILES
    title = "Columns"
    submit_label = "Preview"
    submit_icon = "eye"

    def own_tabs(self) -> list[Tab]:
        self.title = f"Columns of {self.object}"
        return [Tab("main", "Columns", CallColumnsForm)]

    def form_kwargs(self) -> dict[str, Any]:
        return {"table": importing.head_of(self.object), "chosen": importing.columns_of(self.object)}

    def act(self, obj: CallImport, form: Tabs, actor: Any) -> CallImport:
        return importing.choose_columns(obj, form.cleaned_data["columns"])

    def done(self, obj: CallImport, result: CallImport) -> str:
        return f"{result} is read with these columns."

    def came_from(self) -> str:
        return ""


class CallImportAct(ActionPage):
    """What the verbs of a file share: they lead back to it."""

    queryset = ROWS
    permission = IMPORT
    parents = FILES

    def came_from(self) -> str:
        return ""

    def obstacles(self, obj: CallImport) -> list[str]:
        return [] if obj.state == CallImportState.PREVIEWED else [f"It is {obj.get_state_display().lower()}."]


class CallImportStart(CallImportAct):
    title = "Import calls"
    submit_label = "Import"
    submit_icon = "check"

    def obstacles(self, obj: CallImport) -> list[str]:
        return super().obstacles(obj) or ([] if obj.columns else ["Choose its columns first."])

    def consequences(self, obj: CallImport) -> list[str]:
        return [
            f"{counted(obj.rows, 'row')} are read in the background. A call that was imported before is not added"
            " again, and what nobody answered is left alone.",
            "Calls get their customer and their price; those without wait under Unknown Callers and Calls Without a"
            " Rate.",
            "Nobody is billed yet: the calls of a month come with the next invoice after it.",
            "You can undo it as long as none of the calls is on an invoice.",
        ]

    def act(self, obj: CallImport, form: Any, actor: Any) -> CallImport:
        return importing.start(obj, clock.now(), actor=actor)

    def done(self, obj: CallImport, result: CallImport) -> str:
        return f"{result} is being imported."


class CallImportDiscard(CallImportAct):
    title = "Discard file of calls"
    submit_label = "Discard"
    submit_icon = "trash"
    success_url_name = "billing:call_import_list"

    def consequences(self, obj: CallImport) -> list[str]:
        return ["The preview is forgotten; nothing of it was imported.", "The file can be uploaded again."]

    def act(self, obj: CallImport, form: Any, actor: Any) -> str:
        importing.discard(obj, clock.now(), actor=actor)
        return str(obj)

    def done(self, obj: CallImport, result: str) -> str:
        return f"{result} is discarded."


class CallImportUndo(CallImportAct):
    title = "Undo import of calls"
    submit_label = "Undo"
    submit_icon = "arrow-back-up"
    danger = True

    def obstacles(self, obj: CallImport) -> list[str]:
        if obj.state != CallImportState.READ:
            return [f"It is {obj.get_state_display().lower()}."]
        return [why] if (why := importing.why_not_undone(obj)) else []

    def consequences(self, obj: CallImport) -> list[str]:
        return [
            f"The {counted(obj.calls.count(), 'call')} it brought are taken out again. None of them is on an invoice.",
            "The file may be imported anew.",
        ]

    def act(self, obj: CallImport, form: Any, actor: Any) -> CallImport:
        return importing.undo(obj, clock.now(), actor=actor)

    def done(self, obj: CallImport, result: CallImport) -> str:
        return f"{result} is taken out again."


def _sample(one: CallImport) -> tuple[list[dict[str, Any]], list[str]]:
    """The first calls of a preview as the template shows them, and which rows could not be read."""
    found, problems = importing.sample(one, clock.now())
    code, names = CallSettings.get().country_code, _owners(found)
    return [
        {
            "row": call.row,
            "started": call.started_at,
            "caller": shown(call.caller, code),
            "called": shown(call.called, code),
            "length": length(call.seconds),
            "cost": "" if call.cost is None else f"{CURRENCY} {call.cost:,.4f}",
            "owner": names.get(verdict.number_id or 0, ""),
            "price": "" if verdict.price is None else f"{CURRENCY} {verdict.price:,.4f}",
            "state": "Not answered" if not (call.seconds or call.cost) else CallState(verdict.state).label,
        }
        for call, verdict in found
    ], problems


def _owners(found: Sequence[tuple[Any, Any]]) -> dict[int, str]:
    keys = {verdict.number_id for _, verdict in found if verdict.number_id}
    return {
        one.pk: str(one.customer)
        for one in PhoneNumber.objects.filter(pk__in=keys).select_related("customer")
    }


def facts(one: CallImport) -> list[tuple[str, str]]:
    """What is in the file, in words and numbers."""
    if one.state == CallImportState.PREVIEWED:
        return [("Rows", f"{one.rows:,}")]
    waiting = Call.objects.open().filter(imported_from=one)
    return [
        ("Rows", f"{one.rows:,}"),
        ("Calls added", f"{one.added:,}"),
        ("Imported before", f"{one.known:,}"),
        ("Not answered, left alone", f"{one.unanswered:,}"),
        ("Could not be read", f"{one.bad:,}"),
        ("Of unknown callers", f"{waiting.filter(state=CallState.UNKNOWN).count():,}"),
        ("Without a rate", f"{waiting.filter(state=CallState.UNRATED).count():,}"),
    ]


def progress(one: CallImport) -> dict[str, Any]:
    """The context of `ui/progress.html`."""
    total = one.parts_count
    left = one.parts.count() if one.state == CallImportState.READING else 0
    return {
        "url": reverse("billing:call_import_progress", args=[one.pk]),
        "done": total - left,
        "total": total,
        "percent": int(100 * (total - left) / total) if total else 100,
        "label": one.get_state_display(),
        "poll": one.state == CallImportState.READING,
    }
