"""How a list page hands out its rows: who may, the confidentiality notice first, and the record of it."""

import json
from collections.abc import Callable
from typing import Any, ClassVar

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils.text import slugify

from ispbilling.core import access, clock, confidential, events, exports
from ispbilling.core.chips import Chip
from ispbilling.core.confidential import Notice, PurposeForm
from ispbilling.core.forms import Tabs
from ispbilling.core.parts import Tab


class Exporting:
    """The part of `ListPage` behind Copy, CSV and Excel (NAV-4, LST-10)."""

    request: HttpRequest
    permission: ClassVar[str]
    title: str
    table_class: ClassVar[Any]
    partial: str
    actor: Any
    state: Any
    asked: Callable[[], tuple[Any, Any, Any]]
    chips: Callable[[Any], list[Chip]]
    table: Callable[[Any], Any]
    crumbs: Callable[[], Any]
    clean_query: Callable[[], Any]
    url_of: Callable[[Any], str]
    #: Empty means `<area>.export`.
    export_permission: ClassVar[str] = ""
    #: For a list of personal data: what it holds ("names, telephone numbers and balances of customers"). Copy
    #: and export then tell so first and ask what for.
    confidential: ClassVar[str] = ""

    @property
    def name(self) -> str:
        """What the remembered columns, and the purpose given for an export, are stored under."""
        return f"{self.table_class.__module__}.{self.table_class.__name__}"

    def may_export(self) -> bool:
        return access.may(self.actor, self.export_permission or access.export_permission_for(self.permission))

    def export(self, kind: str) -> HttpResponseBase:
        """All matching rows, visible columns, as a file; recorded, as it takes data out (LST-10)."""
        going = self.outgoing(kind)
        purpose = confidential.purpose(self.request, self.name, clock.now()) if self.confidential else ""
        if self.confidential and not purpose:
            return self.ask(going, PurposeForm())
        facts: dict[str, Any] = {
            "columns": going.columns,
            "conditions": going.conditions,
            "rows": going.count(),
        }
        if purpose:
            facts["purpose"] = purpose
        events.record("list.exported", self.actor, actor=self.actor, list=self.title, format=kind, **facts)
        return exports.FORMATS[kind](going.table, slugify(self.title) or "list")

    def outgoing(self, kind: str) -> exports.Outgoing:
        """What an export takes out; 404 for an unknown format, 403 for who may not."""
        if kind not in exports.FORMATS:
            raise Http404(f"no export format {kind!r}")
        access.require(self.actor, self.export_permission or access.export_permission_for(self.permission))
        _, rows, filterset = self.asked()
        conditions = [f"State: {self.state.label}"] if self.state else []
        conditions += [f"{chip.label}: {chip.text}" for chip in self.chips(filterset)]
        return exports.Outgoing(kind, self.table(rows), conditions)

    def ask(self, going: exports.Outgoing, form: PurposeForm) -> HttpResponse:
        """The confidentiality notice, as a dialog or a page."""
        count = going.count()
        notice = Notice(
            f"{self.title}: personal data",
            f"{self.title}: {count:,} row{'' if count == 1 else 's'}",
            confidential.LABELS[going.kind],
        )
        tabs = Tabs([Tab("main", notice.title, PurposeForm)], [], obj=None, kwargs={})
        tabs.forms["main"] = form
        dialog = self.partial == "dialog-content"
        return render(
            self.request,
            "generic/_confirm_dialog.html" if dialog else "generic/confirm.html",
            {
                "page": notice,
                "title": notice.title,
                "crumbs": self.crumbs(),
                "object": notice,
                "consequences": confidential.sentences(self.confidential, going.columns, going.conditions),
                "form": tabs,
                "error_lines": tabs.errors() if form.is_bound else [],
                "close_url": self.url_of(self.clean_query()),
            },
        )

    def confirm(self, kind: str) -> HttpResponseBase:
        """Take the purpose; then the same address gives the file. The page's script is told to fetch it."""
        going, form = self.outgoing(kind), PurposeForm(self.request.POST)
        if not form.is_valid():
            return self.ask(going, form)
        confidential.remember(self.request, self.name, form.cleaned_data["purpose"], clock.now())
        if self.partial:
            return HttpResponse(
                status=204, headers={"HX-Trigger": json.dumps({"exportConfirmed": {"format": kind}})}
            )
        return HttpResponseRedirect(self.request.get_full_path())

    def must_confirm(self) -> bool:
        """Whether an export would ask for its purpose first."""
        return bool(self.confidential) and not confidential.purpose(self.request, self.name, clock.now())
