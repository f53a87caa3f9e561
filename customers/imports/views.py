"""Importing customers on screen: the file, its columns, the report, the import, its undo."""

import csv
from collections.abc import Iterator, Mapping
from functools import cached_property
from tempfile import TemporaryFile
from typing import Any

from django.db.models import Q, QuerySet
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404
from django.urls import reverse

from customers.imports import applying, checking, forgetting, reporting, samples, storing, undoing
from customers.imports.fields import FIELDS
from customers.imports.forms import ColumnsForm, StartForm, UploadForm
from customers.imports.models import KEEP, Action, CustomerImport, ImportRow, ImportState, Outcome
from customers.imports.tables import ImportTable, RowTable
from groups.models import CustomerGroup
from ispbilling.core import clock, events, exports
from ispbilling.core.parts import Button, State
from ispbilling.core.units import counted
from ispbilling.core.views import ActionPage, FormPage, ListPage, ObjectPage, StaffPage

ROWS = CustomerImport.objects.select_related("created_by", "approved_by", "undone_by")
STEPS = ("File", "Columns", "Check", "Import")
_STEP: Mapping[str, int] = {
    ImportState.UPLOADED: 2,
    ImportState.CHECKING: 3,
    ImportState.CHECKED: 3,
    ImportState.APPLYING: 4,
}


class ImportList(ListPage):
    queryset = ROWS
    table_class = ImportTable
    permission = "customers.import"
    title = "Imports of Customers"
    search_fields = ("name", "created_by__username", "created_by__first_name", "created_by__last_name")
    search_help = "File or person"
    states = (
        State("live", "Live", ~Q(state__in=[ImportState.UNDONE, ImportState.DISCARDED])),
        State("undone", "Undone", Q(state=ImportState.UNDONE), "undone"),
        State("discarded", "Discarded", Q(state=ImportState.DISCARDED), "discarded"),
        State("all", "All"),
    )
    add_url_name, add_permission, add_label = "customers:import_add", "customers.import", "New Import"
    empty_icon = "file-import"
    empty_text = (
        "Bring customers from another system in by CSV or Excel. Every row is checked before anything is stored,"
        " and an import can be undone."
    )


class ImportAdd(FormPage):
    """The upload (ADD-11, W-9); without a customer group it sends there first (GRP-1)."""

    permission = "customers.import"
    title = "Import Customers"
    submit_label = "Upload"
    submit_icon = "upload"
    form_class = UploadForm
    template_name = "customers/import_upload.html"
    success_url_name = "customers:import_list"

    def find(self) -> None:
        return None

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Imports of Customers", reverse("customers:import_list"))]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not CustomerGroup.objects.live().exists():
            there = reverse("groups:group_add") + f"?next={request.path}"
            button = Button("Add Group", there, "plus", "primary", "groups.add")
            return self.answer(
                "customers/no_group.html", add_group=next(iter(self.permitted([button])), None)
            )
        return super().get(request, *args, **kwargs)

    def context(self, **extra: Any) -> dict[str, Any]:
        return super().context(steps=steps(1), fields=FIELDS, **extra)

    def act(self, obj: None, form: Any, actor: Any) -> CustomerImport:
        upload = form.first.cleaned_data["file"]
        return storing.receive(upload.file, upload.size, upload.name, clock.now(), actor=actor)

    def done(self, obj: None, result: CustomerImport) -> str:
        return f"{result} is uploaded. Nothing is stored as a customer yet."

    def came_from(self) -> str:
        return ""

    def success_url(self, obj: None, result: CustomerImport) -> str:
        return reverse("customers:import_columns", args=[result.pk])


class ImportSample(StaffPage):
    """The sample file, `?kind=csv` or `?kind=xlsx`."""

    permission = "customers.import"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.GET.get("kind") == "xlsx":
            file = TemporaryFile()  # noqa: SIM115 - FileResponse closes it
            samples.as_xlsx(file)
            file.seek(0)
            return FileResponse(
                file, as_attachment=True, filename="customers-sample.xlsx", content_type=exports.XLSX
            )
        response = HttpResponse(samples.as_csv(), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="customers-sample.csv"'
        return response


class ImportPage(ObjectPage):
    """What the pages about one import share."""

    queryset = ROWS
    permission = "customers.import"

    def crumbs(self) -> list[tuple[str, str]]:
        found = [("Imports of Customers", reverse("customers:import_list"))]
        return [*found, (str(self.object), self.object.get_absolute_url())] if self.object else found


class ImportColumns(ImportPage, FormPage):
    """Which column is what; asks for the check."""

    title = "What the columns are"
    submit_label = "Check the file"
    submit_icon = "list-check"
    form_class = ColumnsForm
    template_name = "customers/import_columns.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        one = self.get_object()
        if one.state not in (ImportState.UPLOADED, ImportState.CHECKED) or one.purged_at:
            return HttpResponseRedirect(one.get_absolute_url())
        return super().get(request, *args, **kwargs)

    def form_kwargs(self) -> dict[str, Any]:
        return {"one": self.object}

    def context(self, **extra: Any) -> dict[str, Any]:
        return super().context(
            steps=steps(2), subtitle=f"{self.object}: {self.object.shape['words']}", **extra
        )

    def act(self, obj: CustomerImport, form: Any, actor: Any) -> CustomerImport:
        chosen = form.first
        obj.columns, obj.defaults = chosen.columns, chosen.defaults
        for name in ("create_titles", "all_new", "welcome"):
            setattr(obj, name, chosen.cleaned_data[name])
        checking.request(obj, clock.now(), actor=actor)
        return obj

    def done(self, obj: CustomerImport, result: CustomerImport) -> str:
        return f"{obj} is being checked. Nothing is changed by a check."

    def came_from(self) -> str:
        return ""


class ImportDetail(ListPage):
    """One import: where it stands, and under it what its rows do, or why they cannot."""

    queryset = ROWS
    table_class = RowTable
    template_name = "customers/import.html"
    permission = "customers.import"
    search_fields = ("number",)
    search_help = "Row number"
    empty_icon = "file-import"
    confidential = "the names, addresses and numbers of the customers in the file"

    @cached_property
    def one(self) -> CustomerImport:
        return get_object_or_404(ROWS, pk=self.kwargs["pk"])

    @cached_property
    def states(self) -> tuple[State, ...]:  # type: ignore[override]
        """What needs someone comes first."""
        bad = State("bad", "Not possible", Q(action=Action.BAD))
        kept = State("kept", "Left as they are", Q(outcome=Outcome.KEPT))
        first = [kept] if undoing.left_alone(self.one).exists() else [bad] if self.one.bad else []
        return (
            *first,
            State("all", "All rows"),
            State("new", "New", Q(action=Action.CREATE)),
            State("changed", "Changed", Q(action=Action.UPDATE)),
            State("same", "Unchanged", Q(action=Action.SAME)),
        )

    @property
    def empty_text(self) -> str:  # type: ignore[override]
        if self.one.purged_at:
            return f"The file and its rows were forgotten on {clock.local_day(self.one.purged_at)}."
        return "The rows are listed here when the file is checked."

    def get_queryset(self) -> QuerySet[ImportRow]:
        return ImportRow.objects.filter(of=self.one).order_by("number")

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Imports of Customers", reverse("customers:import_list"))]

    def context(self, **extra: Any) -> dict[str, Any]:
        one = self.one
        self.title = str(one)
        twin = storing.twin(one) if one.state in (ImportState.UPLOADED, ImportState.CHECKED) else None
        return super().context(
            one=one,
            busy=one.state in reporting.BUSY,
            progress=reporting.progress(one, clock.now()),
            steps=steps(_STEP[one.state]) if one.state in _STEP else [],
            done=one.applied_at is not None,
            reading=reporting.reading(one),
            facts=reporting.facts(one),
            twin=twin,
            new_titles=reporting.new_titles(one),
            ready=one.state == ImportState.CHECKED and not one.bad,
            nothing=one.state == ImportState.CHECKED and not one.bad + one.to_create + one.to_update,
            subtitle=f"{one.get_state_display()}; {one.shape['words']}",
            **extra,
        )

    def buttons(self) -> list[Button]:
        one = self.one

        def button(
            label: str, name: str, icon: str, look: str = "secondary", *, modal: bool = False
        ) -> Button:
            return Button(label, reverse(f"customers:{name}", args=[one.pk]), icon, look, modal=modal)

        if one.purged_at:
            return []
        found = []
        if one.state in (ImportState.UPLOADED, ImportState.CHECKING, ImportState.CHECKED):
            found.append(button("Discard", "import_discard", "trash", modal=True))
        if one.state in (ImportState.UPLOADED, ImportState.CHECKED):
            look = "primary" if one.state == ImportState.UPLOADED else "secondary"
            found.append(button("Columns", "import_columns", "columns", look))
        if one.bad and one.parts.exists():
            found.append(button("Download bad rows", "import_download", "download"))
        if one.state == ImportState.CHECKED and one.to_create + one.to_update:
            look = "secondary" if one.bad else "primary"
            found.append(button("Import", "import_start", "check", look, modal=True))
        if one.state == ImportState.APPLIED:
            found.append(button("Undo", "import_undo", "arrow-back-up", "danger", modal=True))
        return found


class ImportProgress(ImportPage):
    """The bar that asks for itself again; when the work is done the page is loaded anew."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        one = self.get_object()
        response = self.answer("ui/progress.html", **reporting.progress(one, clock.now()))
        if one.state not in reporting.BUSY:
            response["HX-Refresh"] = "true"
        return response


class ImportBad(ImportPage):
    """The rows that are not possible, as they were in the file, with the reason: to be corrected and
    uploaded."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        one = self.get_object()
        if not one.bad or not one.parts.exists():
            raise Http404("there are no bad rows, or the file is forgotten")
        events.record("import.bad_rows_downloaded", one, actor=self.actor, rows=one.bad)
        response = StreamingHttpResponse(
            _lines(reporting.bad_rows(one)), content_type="text/csv; charset=utf-8"
        )
        name = one.name.rpartition(".")[0] or one.name
        response.headers["Content-Disposition"] = _attachment(f"{name}-to-correct.csv")
        return response


class ImportAct(ImportPage, ActionPage):
    """What the verbs of an import share: they always lead back to it."""

    def came_from(self) -> str:
        return ""

    def success_url(self, obj: CustomerImport, result: Any) -> str:
        return obj.get_absolute_url()


class ImportStart(ImportAct):
    form_class = StartForm
    title = "Import"
    submit_label = "Import"
    submit_icon = "check"

    def obstacles(self, obj: CustomerImport) -> list[str]:
        if obj.state != ImportState.CHECKED:
            return [f"It is {obj.get_state_display().lower()}; only a checked file can be imported."]
        return [] if obj.to_create + obj.to_update else ["Every row is as it is here already."]

    def consequences(self, obj: CustomerImport) -> list[str]:
        found = []
        if obj.to_create:
            found.append(
                f"{_are(obj.to_create, 'customer')} added, each with a portal login that has no password"
                " yet. Account codes are made where the file has none."
            )
        if obj.to_update:
            found.append(f"{_are(obj.to_update, 'customer')} changed; an empty cell changes nothing.")
        found += [f"Added with it: {line}." for line in reporting.new_titles(obj)]
        found.append(
            f"{_are(obj.to_create, 'welcome mail')} sent." if obj.welcome and obj.to_create
            else "No mail or SMS is sent, nobody is billed, no access is opened."
        )  # fmt: skip
        if obj.bad:
            found.insert(0, f"{counted(obj.bad, 'row')} cannot be imported as they are.")
        found.append(f"It is done as a whole or not at all, and can be undone for {KEEP.days} days.")
        return found

    def form_kwargs(self) -> dict[str, Any]:
        return {"bad": self.object.bad}

    def act(self, obj: CustomerImport, form: Any, actor: Any) -> None:
        leave_out = form.cleaned_data.get("leave_out", False)
        applying.request(obj, clock.now(), actor=actor, leave_out=leave_out)

    def done(self, obj: CustomerImport, result: None) -> str:
        return f"{obj} is being imported."


class ImportUndo(ImportAct):
    title = "Undo import"
    submit_label = "Undo this import"
    submit_icon = "arrow-back-up"
    danger = True

    def obstacles(self, obj: CustomerImport) -> list[str]:
        if obj.state != ImportState.APPLIED:
            return [f"It is {obj.get_state_display().lower()}; only what was imported can be undone."]
        return ["Its rows have been forgotten."] if obj.purged_at else []

    def consequences(self, obj: CustomerImport) -> list[str]:
        kept, hidden = undoing.preview(obj)
        gone = obj.to_create - len(kept) - len(hidden)
        found = []
        if gone:
            found.append(
                f"{_are(gone, 'new customer')} removed with their contacts and logins. Their account codes"
                " are not given out again."
            )
        if hidden:
            found.append(
                f"{_are(len(hidden), 'new customer')} deleted, which can be undone one by one:"
                f" {reporting.named(hidden)}."
            )
        if kept:
            found.append(
                f"{_are(len(kept), 'new customer')} left as they are, because somebody went on with them:"
                f" {reporting.named(kept)}."
            )
        if obj.to_update:
            found.append(
                f"The old values of {counted(obj.to_update, 'changed customer')} are put back, unless somebody"
                " changed the same values since; those are listed afterwards."
            )
        if obj.new_titles:
            found.append("Groups, categories, labels and high sites that were added stay.")
        return found

    def act(self, obj: CustomerImport, form: Any, actor: Any) -> None:
        undoing.request(obj, clock.now(), actor=actor)

    def done(self, obj: CustomerImport, result: None) -> str:
        return f"{obj} is being undone."


class ImportDiscard(ImportAct):
    title = "Discard import"
    submit_label = "Discard"
    submit_icon = "trash"
    danger = True

    def obstacles(self, obj: CustomerImport) -> list[str]:
        allowed = (ImportState.UPLOADED, ImportState.CHECKING, ImportState.CHECKED)
        return [] if obj.state in allowed else [f"It is {obj.get_state_display().lower()}."]

    def consequences(self, obj: CustomerImport) -> list[str]:
        return ["The file and the report about it are forgotten. No customer was added or changed by it."]

    def act(self, obj: CustomerImport, form: Any, actor: Any) -> None:
        forgetting.discard(obj, clock.now(), actor=actor)

    def done(self, obj: CustomerImport, result: None) -> str:
        return f"{obj} is discarded."

    def success_url(self, obj: CustomerImport, result: Any) -> str:
        return reverse("customers:import_list")


def _are(number: int, noun: str) -> str:
    """`1 customer is`, `50,000 customers are`."""
    return f"{counted(number, noun)} {'is' if number == 1 else 'are'}"


def steps(now: int) -> list[tuple[str, bool]]:
    """(word, whether it is where we are) of the way through an import."""
    return [(word, number == now) for number, word in enumerate(STEPS, start=1)]


class _Echo:
    """A file-like object that hands back what the csv writer writes."""

    def write(self, text: str) -> str:
        return text


def _lines(rows: Iterator[list[str]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff"
    for row in rows:
        yield writer.writerow([exports.as_text(value) for value in row])


def _attachment(name: str) -> str:
    safe = "".join(letter if letter.isalnum() or letter in "-_. " else "_" for letter in name)
    return f'attachment; filename="{safe.encode("ascii", "replace").decode().replace("?", "_")}"'
