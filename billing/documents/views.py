"""Documents: the list, one on screen, its paper, and the credit note."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse

from billing.documents import credit, finding, rendering
from billing.documents.filters import DocumentFilter
from billing.documents.forms import CreditForm
from billing.documents.models import Document, DocumentKind
from billing.documents.tables import DocumentLineTable, DocumentTable
from ispbilling.core import clock
from ispbilling.core.errors import DomainError
from ispbilling.core.money import format_money
from ispbilling.core.parts import Attr, Button, Panel
from ispbilling.core.tables import url_or_none
from ispbilling.core.views import ActionPage, DetailPage, ListPage, ObjectPage

ROWS = Document.objects.listed()


class DocumentList(ListPage):
    queryset = ROWS
    table_class = DocumentTable
    filterset_class = DocumentFilter
    permission = "billing.documents.view"
    title = "Documents"
    search_fields = ("reference",)  # and whose they are: see `search`
    search_help = "Reference, account code or name"
    empty_icon = "file-invoice"
    empty_text = "Invoices appear here when a month-end run is issued."

    def search(self, rows: Any, text: str) -> Any:
        return finding.matching(rows, text)

    def buttons(self) -> list[Button]:
        return [
            Button(
                "Month End", reverse("billing:run_list"), "calendar-dollar", permission="billing.runs.view"
            )
        ]


class DocumentDetail(DetailPage):
    queryset = ROWS
    permission = "billing.documents.view"
    template_name = "billing/document.html"
    panels = (
        Panel(
            "Document",
            (
                Attr("get_kind_display", "Kind"),
                Attr("issued_on", "Date", kind="date"),
                Attr("due_on", "Due", kind="date"),
                Attr("overdue_from", "Overdue from", kind="date"),
                Attr("corrects", "Corrects", kind="link"),
                Attr("run", "Run", kind="link"),
            ),
            icon="file-invoice",
        ),
        Panel(
            "Issued to",
            (
                Attr("party.name", "Name"),
                Attr("party.address", "Address", kind="lines"),
                Attr("party.vat_number", "VAT Number"),
                Attr("payer.code", "Account Code", kind="mono"),
                Attr(lambda d: d.customer if d.customer_id != d.payer_id else None, "Service to"),
            ),
            column=2,
            icon="user",
        ),
        Panel(
            "Amounts",
            (
                Attr("net", "Net", kind="money"),
                Attr("vat", "VAT", kind="money"),
                Attr("total", "Total", kind="money"),
            ),
            column=3,
            icon="cash",
        ),
    )

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Documents", reverse("billing:document_list"))]

    def subtitle(self) -> str:
        return f"{self.object.get_kind_display()} of {format_money(self.object.total)} to {self.object.party.name}"

    def banners(self) -> list[tuple[str, str]]:
        note = self.object.corrections.first()
        return [("attention", f"Taken back by {note} on {note.issued_on}.")] if note else []

    def buttons(self) -> list[Button]:
        document = self.object
        found = [
            Button(
                "PDF",
                reverse("billing:document_pdf", args=[document.pk]),
                "file-type-pdf",
                "primary",
                new_window=True,
            )
        ]
        if profile := url_or_none("customers:customer_detail", document.payer_id):
            found.insert(0, Button("Profile", profile, "user", "dark", "customers.view"))
        if document.kind == DocumentKind.INVOICE and not document.credited:
            url = reverse("billing:document_credit", args=[document.pk])
            found.append(
                Button("Credit Note", url, "receipt-refund", "danger", "billing.documents.credit", modal=True)
            )
        return found

    def context(self, **extra: Any) -> dict[str, Any]:
        return super().context(
            lines=DocumentLineTable(self.object.lines.all(), request=self.request), **extra
        )


class DocumentPdf(ObjectPage):
    """The paper, shown in the browser."""

    queryset = ROWS
    permission = "billing.documents.view"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        document = self.get_object()
        return HttpResponse(
            rendering.render_pdf(document),
            content_type="application/pdf",
            headers={"Content-Disposition": f'inline; filename="{document.reference}.pdf"'},
        )


class DocumentCredit(ActionPage):
    queryset = ROWS
    permission = "billing.documents.credit"
    form_class = CreditForm
    title = "Credit invoice"
    submit_label = "Issue credit note"
    submit_icon = "receipt-refund"
    danger = True

    def form_kwargs(self) -> dict[str, Any]:
        today = clock.local_day(clock.now())
        return {"initial": {"on": max(today, self.object.issued_on)}}

    def consequences(self, obj: Document) -> list[str]:
        return [
            f"A credit note over {format_money(obj.total)} is issued to {obj.party.name} and cannot be changed.",
            f"The balance of {obj.payer.code} falls by {format_money(obj.total)}.",
            "What the invoice billed may be billed again by the next run of its month.",
            "The customer is told by e-mail.",
        ]

    def act(self, obj: Document, form: CreditForm, actor: Any) -> Document:
        if form.cleaned_data["on"] > clock.local_day(clock.now()):
            raise DomainError("A credit note cannot be dated in the future.")
        return credit.credit(
            obj, form.cleaned_data["on"], clock.now(), actor=actor, reason=form.cleaned_data["reason"]
        )

    def done(self, obj: Document, result: Document) -> str:
        return f"{result} over {format_money(result.total)} is issued."
