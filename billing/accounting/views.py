"""Accounting on screen: the package, its account codes, exports of journals, and the contacts it should know."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from billing.accounting import contacts, making, mapping
from billing.accounting.comparing import compared, earlier, not_exported
from billing.accounting.forms import AccountingSettingsForm, CodesForm, ExportForm, UndoForm
from billing.accounting.models import AccountingExport, AccountingSettings, ExportState
from billing.accounting.packages import PACKAGES, Package, chosen
from billing.accounting.tables import CertificateTable, ExportTable
from ispbilling.core import clock, events
from ispbilling.core.confidential import PurposeForm
from ispbilling.core.errors import DomainError
from ispbilling.core.files.views import private_zip
from ispbilling.core.models import Provider
from ispbilling.core.money import format_money
from ispbilling.core.parts import Button, State
from ispbilling.core.units import counted
from ispbilling.core.views import ActionPage, EditPage, FormPage, ListPage, ObjectPage, scoped

VIEW, EXPORT, MAP = "billing.accounting.view", "billing.accounting.export", "billing.accounting.map"
ROWS = AccountingExport.objects.select_related("asked_by", "undone_by")


def home() -> str:
    return reverse("billing:accounting_list")


class AccountingList(ListPage):
    """The exports to the chosen package, and the way to its codes and settings."""

    queryset = ROWS
    table_class = ExportTable
    permission = VIEW
    title = "Accounting"
    states = (
        State("live", "Standing", ~Q(state__in=[ExportState.UNDONE, ExportState.FAILED])),
        State(
            "undone",
            "Taken back or failed",
            Q(state__in=[ExportState.UNDONE, ExportState.FAILED]),
            "taken back",
        ),
        State("all", "All"),
    )
    empty_icon = "file-export"

    @property
    def empty_text(self) -> str:  # type: ignore[override]  # it depends on the package
        package = chosen()
        if package is None:
            return "Choose under Settings which accounting package the books are kept in."
        return f"Map the account codes, then export the journals of a month for {package.title}."

    def get_queryset(self) -> QuerySet[AccountingExport]:
        package = chosen()
        return ROWS.filter(system=package.system) if package else ROWS

    def buttons(self) -> list[Button]:
        package = chosen()
        settings = Button(
            "Settings", reverse("billing:accounting_settings"), "adjustments", permission=MAP, modal=True
        )
        if package is None:
            return [settings]
        return [
            settings,
            Button("Account Codes", reverse("billing:accounting_codes"), "arrows-right-left", permission=MAP),
            Button("Contacts", reverse("billing:accounting_contacts"), "address-book", permission=EXPORT),
            Button(
                "Export",
                reverse("billing:accounting_export_add"),
                "file-export",
                "primary",
                EXPORT,
                modal=True,
            ),
        ]


class AccountingSettingsEdit(EditPage):
    """Which package the books are kept in, and from which day on."""

    queryset = AccountingSettings.objects.all()
    permission = MAP
    title = "Accounting Settings"
    form_class = AccountingSettingsForm
    success_url_name = "billing:accounting_list"

    def find(self) -> AccountingSettings:
        return AccountingSettings.get()

    def form_kwargs(self) -> dict[str, Any]:
        return {"initial": {"system": Provider.get().accounting_system}}

    def act(self, obj: AccountingSettings, form: Any, actor: Any) -> AccountingSettings:
        super().act(obj, form, actor)
        provider = Provider.objects.select_for_update(no_key=True).get(pk=1)
        before, provider.accounting_system = provider.accounting_system, form.cleaned_data["system"]
        if before != provider.accounting_system:
            provider.save(update_fields=["accounting_system"])
            changed = {"accounting_system": [before, provider.accounting_system]}
            events.record("provider.changed", provider, actor=actor, changes=changed)
        return obj

    def changes(self, before: Any, form: Any) -> dict[str, list[Any]]:
        found = super().changes(before, form)
        found.pop("system", None)  # told of the provider
        return found

    def done(self, obj: AccountingSettings, result: object) -> str:
        return "The accounting settings are saved."

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Accounting", home())]


class OfPackage:
    """Pages that make sense only with a package; without one they lead to where it is chosen."""

    request: HttpRequest
    go: Callable[[str], HttpResponseBase]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return super().get(request, *args, **kwargs) if chosen() else self.choose_first()  # type: ignore[misc]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return super().post(request, *args, **kwargs) if chosen() else self.choose_first()  # type: ignore[misc]

    def choose_first(self) -> HttpResponseBase:
        messages.warning(self.request, "Choose first which accounting package the books are kept in.")
        return self.go(home())

    def package(self) -> Package:
        found = chosen()
        assert found is not None  # noqa: S101 - asked first
        return found

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Accounting", home())]


class AccountingCodes(OfPackage, FormPage):
    """What each of our accounts is called in the package."""

    permission = MAP
    title = "Account Codes"
    success_url_name = "billing:accounting_list"
    form_class = CodesForm

    def find(self) -> Provider:
        return Provider.get()

    def form_kwargs(self) -> dict[str, Any]:
        package = self.package()
        self.title = f"Account Codes of {package.title}"
        return {
            "package": package,
            "pots": mapping.pots(package),
            "targets": mapping.codes(package).targets,
        }

    def handed(self, form: Any) -> Any:
        return form.first

    def act(self, obj: Provider, form: CodesForm, actor: Any) -> int:
        return mapping.store(self.package(), form.wanted(), clock.now(), actor=actor)

    def done(self, obj: Provider, result: int) -> str:
        return (
            f"{counted(result, 'account code')} changed; the next export uses them."
            if result
            else "Nothing changed."
        )

    def success_url(self, obj: Provider, result: int) -> str:
        return home()

    def close_url(self) -> str:
        return home()


class AccountingContacts(OfPackage, ActionPage):
    """The customers of synced groups as a file for the package; personal data, so it asks what for."""

    permission = EXPORT
    title = "Contacts"
    submit_label, submit_icon = "Download", "download"
    form_class = PurposeForm

    def find(self) -> Provider:
        self.title = f"Contacts for {self.package().title}"
        return Provider.get()

    def consequences(self, obj: Provider) -> list[str]:
        count = contacts.synced(clock.now()).count()
        return [
            f"{counted(count, 'customer')} of the groups with Sync to Accounting System on, in the columns of"
            f" {self.package().title}'s own import.",
            "Names, addresses, telephone numbers, e-mail addresses and VAT numbers: personal data.",
            "Whoever has no ID there yet is known by the account code.",
            "That you took them is recorded.",
        ]

    def close_url(self) -> str:
        return home()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if chosen() is None:
            return self.choose_first()
        self.object = self.find()
        form = self.form()
        if not form.is_valid():
            return self.show(form)
        package, now = self.package(), clock.now()
        made, name, count = contacts.file(package, now)
        purpose = form.first.cleaned_data["purpose"]
        events.record(
            "accounting.contacts_exported",
            self.object,
            actor=self.actor,
            at=now,
            system=package.title,
            customers=count,
            purpose=purpose,
        )
        kind = "text/csv; charset=utf-8" if name.endswith(".csv") else "application/zip"
        return FileResponse(made, as_attachment=True, filename=name, content_type=kind)


class AccountingExportAdd(OfPackage, FormPage):
    """Have the journals of some days made."""

    permission = EXPORT
    title = "Export Journals"
    submit_label, submit_icon = "Export", "file-export"
    form_class = ExportForm
    success_url_name = "billing:accounting_list"

    def find(self) -> None:
        return None

    def form_kwargs(self) -> dict[str, Any]:
        """From the first day with something that is not exported to the end of last month."""
        until = clock.local_day(clock.now()).replace(day=1) - timedelta(days=1)
        since = making.first_waiting(self.package()) or until.replace(day=1)
        return {"initial": {"since": since, "until": max(since, until)}}

    def handed(self, form: Any) -> Any:
        return form.first

    def act(self, obj: None, form: Any, actor: Any) -> AccountingExport:
        asked = form.cleaned_data
        return making.ask(self.package(), asked["since"], asked["until"], clock.now(), actor=actor)

    def done(self, obj: None, result: AccountingExport) -> str:
        return f"{result} is being made."

    def came_from(self) -> str:
        return "" if self.request.method == "POST" else super().came_from()

    def success_url(self, obj: None, result: AccountingExport) -> str:
        return result.get_absolute_url()


class AccountingExportDetail(ListPage):
    """One export: how far it is, then its certificate, account by account, and its file."""

    queryset = ROWS
    table_class = CertificateTable
    permission = VIEW
    template_name = "billing/accounting_export.html"
    rows = 100
    empty_icon = "certificate"
    empty_title = "No certificate yet"
    empty_text = "It is made with the file."

    @cached_property
    def object(self) -> AccountingExport:
        return get_object_or_404(scoped(ROWS, self.actor), pk=self.kwargs["pk"])

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.title = str(self.object)
        if self.partial == "export-progress":
            found = progress(self.object, clock.now())
            response = self.answer("billing/_accounting_progress.html", progress=found)
            if found is None:
                response["HX-Refresh"] = "true"
            return response
        return super().get(request, *args, **kwargs)

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Accounting", home())]

    def asked(self) -> tuple[Any, Any, Any]:
        rows = compared(self.object) if self.object.certificate else []
        return rows, rows, None

    def table(self, rows: Any) -> CertificateTable:
        table: CertificateTable = super().table(rows)  # type: ignore[assignment]  # table_class says which
        table.days = f"?since={self.object.since}&until={self.object.until}"
        return table

    def results(self) -> dict[str, Any]:
        export = self.object
        return {
            **super().results(),
            "export": export,
            "progress": progress(export, clock.now()),
            "facts": self.facts(),
            "holds": bool(export.made_at) and export.debit == export.credit,
            "left": not_exported(export) if export.made_at else None,
        }

    def buttons(self) -> list[Button]:
        export = self.object
        found = []
        if export.state == ExportState.READY and not making.why_not_undone(export):
            url = reverse("billing:accounting_export_undo", args=[export.pk])
            found.append(Button("Take Back", url, "arrow-back-up", "danger", EXPORT, modal=True))
        if export.sha256:
            url = reverse("billing:accounting_export_download", args=[export.pk])
            found.append(Button("Download", url, "download", "primary", EXPORT))
        return found

    def facts(self) -> list[tuple[str, str]]:
        export = self.object
        found = [
            ("Days", f"{export.since} to {export.until}"),
            ("Journals", export.get_grouping_display()),
            ("State", export.get_state_display()),
            (
                "Asked for",
                f"{export.asked_at.astimezone(clock.zone()):%Y-%m-%d %H:%M} by {export.asked_by or 'System'}",
            ),
        ]
        if export.made_at:
            found += [
                ("Postings", f"{export.postings:,}"),
                ("Lines in the file", f"{export.lines:,} in {counted(export.files, 'file')}"),
                ("Debit", format_money(export.debit)),
                ("Credit", format_money(export.credit)),
                ("SHA-256", export.sha256),
            ]
        if export.undone_at:
            when = f"{export.undone_at.astimezone(clock.zone()):%Y-%m-%d %H:%M}"
            found.append(("Taken back", f"{when} by {export.undone_by or 'System'}"))
        if export.error:
            found.append(("Failed", f"{export.error}. Nothing is lost; export again."))
        return found


def progress(export: AccountingExport, now: datetime) -> Mapping[str, Any] | None:
    """The context of `ui/progress.html`, while it is being made."""
    if export.state != ExportState.WAITING:
        return None
    total = export.parts.count()
    done = export.parts.exclude(done_at=None).count()
    seconds = max((now - export.asked_at).total_seconds(), 1)
    left = f", about {round(seconds / done * (total - done))} s left" if done else ""
    return {
        "done": done,
        "total": total,
        "percent": 100 * done // total if total else 0,
        "label": f"Writing journals, month by month{left}" if done else "Waiting for a worker",
    }


class AccountingExportDownload(ObjectPage):
    """The file, the same bytes each time; recorded."""

    queryset = ROWS
    permission = EXPORT

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        export = self.get_object()
        try:
            path = making.hand_out(export, clock.now(), actor=self.actor)
        except DomainError as refusal:
            raise Http404(str(refusal)) from refusal
        if export.files != 1:
            return private_zip(path, export.file_name)
        return FileResponse(
            path.open("rb"),
            as_attachment=True,
            filename=export.file_name,
            content_type="text/csv; charset=utf-8",
        )


class AccountingExportUndo(ActionPage):
    """Take an export back while it is the newest."""

    queryset = ROWS
    permission = EXPORT
    title = "Take Back Export"
    submit_label, submit_icon = "Take Back", "arrow-back-up"
    danger = True
    form_class = UndoForm

    def obstacles(self, obj: AccountingExport) -> list[str]:
        refusal = making.why_not_undone(obj)
        return [refusal] if refusal else []

    def consequences(self, obj: AccountingExport) -> list[str]:
        title = PACKAGES[obj.system].title
        return [
            f"{counted(obj.postings, 'posting')}, {format_money(obj.debit)} of debit and of credit, can be exported"
            " again.",
            f"Nothing is taken out of {title}: if the file was imported there, delete its journals there first.",
            "The file stays here for the record.",
            *(f"{one} covers some of the same days and stays." for one in earlier(obj)[:1]),
        ]

    def act(self, obj: AccountingExport, form: Any, actor: Any) -> AccountingExport:
        return making.undo(obj, clock.now(), actor=actor, reason=form.cleaned_data["reason"])

    def done(self, obj: AccountingExport, result: AccountingExport) -> str:
        return f"{obj} is taken back; its postings go out with the next export."

    def came_from(self) -> str:
        return ""
