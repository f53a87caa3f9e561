"""Draft invoices on screen: written, read, cloned, deleted, issued."""

from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from billing.documents import dues
from billing.documents.issuing import Draft
from billing.documents.models import Document, DocumentKind
from billing.documents.tables import DocumentLineTable
from billing.drafts import writing
from billing.drafts.forms import DraftForm, TokenForm
from billing.drafts.models import InvoiceDraft
from billing.drafts.tables import DraftTable, actions
from billing.recurring.models import BillingSettings
from customers.accounts import finding
from customers.accounts.views import unchecked
from customers.relations import paying
from ispbilling.core import clock, meanwhile
from ispbilling.core.forms import Tabs
from ispbilling.core.money import format_money
from ispbilling.core.parts import Attr, Button, Panel, Tab
from ispbilling.core.views import ActionPage, AddPage, DetailPage, EditPage, ListPage

ROWS = InvoiceDraft.objects.select_related("customer__master", "customer__group", "created_by", "document")


class DraftList(ListPage):
    queryset = ROWS.open().prefetch_related("lines")
    table_class = DraftTable
    permission = "billing.documents.draft"
    title = "Draft Invoices"
    search_fields = ("customer__code", "customer__name", "lines__description")
    search_help = "Account code, name or line"
    add_url_name, add_permission, add_label = "billing:draft_add", "billing.documents.draft", "New Invoice"
    empty_icon = "file-pencil"
    empty_text = (
        "Invoices you write by hand, for an installation or a repair, wait here until they are issued."
    )

    def search(self, rows: Any, text: str) -> Any:
        found = super().search(rows.order_by(), text).values("pk")
        return rows.filter(pk__in=found)


class DraftDetail(DetailPage):
    queryset = ROWS
    permission = "billing.documents.draft"
    template_name = "billing/document.html"

    @cached_property
    def paper(self) -> Draft:
        """What it would become now."""
        return writing.as_paper(self.object, clock.now())

    @property
    def panels(self) -> tuple[Panel, ...]:  # type: ignore[override]
        paper, settings = self.paper, BillingSettings.get()
        payer = paying.payer(self.object.customer)
        served = self.object.customer if payer != self.object.customer else None
        return (
            Panel(
                "Draft invoice",
                (
                    Attr(lambda d: d.issue_on or "When issued", "Date"),
                    Attr(lambda d: paper.due_on, "Due", kind="date"),
                    Attr(lambda d: dues.overdue_from(paper.due_on, settings), "Overdue from", kind="date"),
                    Attr("created_at", "Written", kind="datetime"),
                    Attr("created_by", "By"),
                ),
                icon="file-pencil",
            ),
            Panel(
                "Goes to",
                (
                    Attr(lambda d: payer, "Account", kind="link"),
                    Attr(lambda d: paper.party.address, "Address", kind="lines"),  # type: ignore[union-attr]
                    Attr(lambda d: served, "Service to", kind="link"),
                ),
                column=2,
                icon="user",
            ),
            Panel(
                "Amounts",
                (
                    Attr(lambda d: paper.net, "Net", kind="money"),
                    Attr(lambda d: paper.vat, "VAT", kind="money"),
                    Attr(lambda d: paper.total, "Total", kind="money"),
                ),
                column=3,
                icon="cash",
            ),
        )

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Draft Invoices", reverse("billing:draft_list"))]

    def subtitle(self) -> str:
        return f"An invoice of {format_money(self.paper.total)} that nobody has seen yet"

    def banners(self) -> list[tuple[str, str]]:
        if issued := self.object.document:
            return [("working", f"Issued as {issued} on {issued.issued_on}.")]
        return []

    def buttons(self) -> list[Button]:
        if issued := self.object.document:
            return [Button(str(issued), issued.get_absolute_url(), "file-invoice", "primary")]
        return actions(self.object)

    def context(self, **extra: Any) -> dict[str, Any]:
        return super().context(lines=DocumentLineTable(self.paper.items, request=self.request), **extra)


class DraftForms:
    """What writing a new draft and an old one share: the rows, and Add where there is no JavaScript."""

    permission = "billing.documents.draft"
    parents = (("Draft Invoices", "/billing/drafts/"),)
    success_url_name = ""
    request: HttpRequest

    def own_tabs(self) -> list[Tab]:
        return [Tab("main", "Invoice", DraftForm, instance=DraftForm.of)]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if "add_line" not in request.POST:
            return super().post(request, *args, **kwargs)  # type: ignore[misc]
        self.object = self.find()  # type: ignore[attr-defined]
        data = request.POST.copy()
        data["lines-TOTAL_FORMS"] = str(len(self.form().first.rows.forms) + 1)  # type: ignore[attr-defined]
        return self.show(unchecked(self, data))  # type: ignore[attr-defined, arg-type, no-any-return]

    def came_from(self) -> str:
        return ""  # the draft itself is where the work goes on


class DraftAdd(DraftForms, AddPage):
    """For the customer of `?customer=`, or whoever is chosen."""

    model = InvoiceDraft
    title = "New Invoice"
    submit_label = "Save Draft"

    def find(self) -> InvoiceDraft:
        code = self.request.GET.get("customer", "")
        return InvoiceDraft(customer=finding.by_reference(code)) if code else InvoiceDraft()

    def act(self, obj: InvoiceDraft, form: Tabs, actor: Any) -> InvoiceDraft:
        one = form.first
        return writing.add(one.written, one.cleaned_data["token"], clock.now(), actor=actor)

    def done(self, obj: InvoiceDraft, result: InvoiceDraft) -> str:
        return f"{result} is saved. Nothing is charged until you issue it."

    def close_url(self) -> str:
        return reverse("billing:draft_list")


class DraftEdit(DraftForms, EditPage):
    queryset = ROWS.open()

    def context(self, **extra: Any) -> dict[str, Any]:
        self.title = f"Edit {self.object}"
        return super().context(**extra)

    def act(self, obj: InvoiceDraft, form: Tabs, actor: Any) -> InvoiceDraft:
        one = form.first
        try:
            return writing.change(obj, one.written, clock.now(), actor=actor, seen=one.cleaned_data["seen"])
        except meanwhile.ChangedMeanwhile:
            one.look_again(obj)
            raise


class DraftAct(ActionPage):
    """What the acts on a draft share."""

    queryset = ROWS.open()
    permission = "billing.documents.draft"

    def came_from(self) -> str:
        return ""


class DraftDelete(DraftAct):
    title = "Delete draft"
    submit_label, submit_icon, danger = "Delete", "trash", True

    def consequences(self, obj: InvoiceDraft) -> list[str]:
        total = writing.as_paper(obj, clock.now()).total
        return [f"{obj} over {format_money(total)} for {obj.customer} is gone. Nothing was charged for it."]

    def act(self, obj: InvoiceDraft, form: Any, actor: Any) -> None:
        self.gone = str(obj)
        writing.delete(obj, clock.now(), actor=actor)

    def done(self, obj: InvoiceDraft, result: None) -> str:
        return f"{self.gone} is deleted."

    def success_url(self, obj: InvoiceDraft, result: None) -> str:
        return reverse("billing:draft_list")


class ClonePage(ActionPage):
    """A new draft with the lines of something."""

    permission = "billing.documents.draft"
    form_class = TokenForm
    title = "Clone"
    submit_label, submit_icon = "Clone", "copy"

    def consequences(self, obj: Any) -> list[str]:
        return [
            f"A new draft for {obj.customer} with the same lines, prices and discounts. Change it before it is issued."
        ]

    def act(self, obj: Any, form: Any, actor: Any) -> InvoiceDraft:
        return writing.clone(obj, form.cleaned_data["token"], clock.now(), actor=actor)

    def came_from(self) -> str:
        return ""

    def done(self, obj: Any, result: InvoiceDraft) -> str:
        return f"{result} has the lines of {obj}."


class DraftClone(ClonePage):
    queryset = ROWS


class DocumentClone(ClonePage):
    queryset = Document.objects.select_related("customer").filter(kind=DocumentKind.INVOICE)


class DraftIssue(DraftAct):
    queryset = ROWS
    permission = "billing.documents.issue"
    title = "Issue invoice"
    submit_label, submit_icon = "Issue it", "send"

    def obstacles(self, obj: InvoiceDraft) -> list[str]:
        return [f"It is issued as {obj.document} already."] if obj.document else []

    def consequences(self, obj: InvoiceDraft) -> list[str]:
        now = clock.now()
        paper, payer = writing.as_paper(obj, now), paying.payer(obj.customer)
        served = f" for {obj.customer}" if payer != obj.customer else ""
        return [
            f"{payer} is invoiced {format_money(paper.total)}{served}, dated {writing.date_of(obj, now)} and due on "
            f"{paper.due_on}.",
            f"The balance of {payer.code} rises by {format_money(paper.total)}.",
            "The invoice gets its number and cannot be changed any more; a credit note takes it back.",
            "It is sent to the customer by e-mail.",
        ]

    def act(self, obj: InvoiceDraft, form: Any, actor: Any) -> Document:
        return writing.issue(obj, clock.now(), actor=actor)

    def done(self, obj: InvoiceDraft, result: Document) -> str:
        return f"Invoice {result} over {format_money(result.total)} is issued."

    def success_url(self, obj: InvoiceDraft, result: Document) -> str:
        return result.get_absolute_url()
