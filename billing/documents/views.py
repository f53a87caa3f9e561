"""Documents: the list, one on screen, its paper, and the credit note."""

from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse

from billing.ageing.items import ItemRow, rows_of
from billing.allocating.standing import Standings
from billing.allocating.states import MEANINGS, PaidState
from billing.documents import adjusting, credit, finding, rendering
from billing.documents.filters import DocumentFilter
from billing.documents.forms import AdjustForm, TakeBackForm, WriteOffForm
from billing.documents.models import Document, DocumentKind
from billing.documents.tables import DocumentLineTable, DocumentTable, take_back_button
from billing.ledger.models import Balance
from billing.recurring import terms
from billing.recurring.models import AgeBy
from customers.models import Customer
from customers.relations import paying
from ispbilling.core import clock
from ispbilling.core.models import Provider
from ispbilling.core.money import ZERO, format_money
from ispbilling.core.parts import Attr, Button, Panel
from ispbilling.core.tables import badge, url_or_none
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
    empty_text = "Invoices appear here when a month-end run or a draft is issued."

    def search(self, rows: Any, text: str) -> Any:
        return finding.matching(rows, text)

    def results(self) -> dict[str, Any]:
        """Whether they are paid is found for the payers of this page alone."""
        found = super().results()
        payers = {row.record.payer_id for row in found["table"].page.object_list}
        found["table"].standings = Standings(clock.local_day(clock.now()), payers)
        return found

    def sums(self, rows: Any, *, narrowed: bool) -> dict[str, Decimal]:
        """Of what a filter leaves; of all that was ever issued a sum tells nobody anything."""
        if not narrowed:
            return {}
        found = Document.objects.order_by().filter(pk__in=rows.order_by().values("pk"))
        return found.aggregate(**{name: Sum(name, default=ZERO) for name in ("net", "vat", "total")})

    def buttons(self) -> list[Button]:
        return [
            Button(
                "Month End", reverse("billing:run_list"), "calendar-dollar", permission="billing.runs.view"
            ),
            Button("New Invoice", reverse("billing:draft_add"), "plus", "primary", "billing.documents.draft"),
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
                Attr("reason", "Reason"),
            ),
            icon="file-invoice",
        ),
        Panel(
            "Paid",
            (
                Attr(lambda d: _state(d), "State"),
                Attr(lambda d: d.item.open if d.item else None, "Open", kind="money"),
                Attr(lambda d: "\n".join(d.item.others) if d.item else None, "Settled With", kind="lines"),
            ),
            icon="cash",
        ),
        Panel(
            "Issued to",
            (
                Attr("party.name", "Name"),
                Attr("party.address", "Address", kind="lines"),
                Attr("party.vat_number", "VAT Number"),
                Attr(lambda d: d.party.code or d.payer.code, "Payment Reference", kind="mono"),
                Attr("payer", "Account", kind="link"),
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

    def get_object(self) -> Document:
        """With `item`, what the ledger says of it today: how much is open and what settled the rest."""
        document: Document = super().get_object()
        today = clock.local_day(clock.now())
        rows = rows_of(document.payer, today, AgeBy.DUE) if document.corrects_id is None else []
        document.item = next((row for row in rows if row.document_id == document.pk), None)
        return document

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
        items = reverse("billing:open_items", args=[document.payer_id])
        found.append(Button("Open Items", items, "scale", permission="billing.ageing.view"))
        if document.call_bills.exists():
            called = f"{reverse('billing:call_list')}?document={document.pk}"
            found.append(Button("Calls", called, "phone", permission="billing.calls.view"))
        if document.kind == DocumentKind.INVOICE:
            clone = reverse("billing:document_clone", args=[document.pk])
            found.append(Button("Clone", clone, "copy", permission="billing.documents.draft", modal=True))
        return found + take_back_button(document)

    def context(self, **extra: Any) -> dict[str, Any]:
        return super().context(
            lines=DocumentLineTable(self.object.lines.all(), request=self.request), **extra
        )


def _state(document: Any) -> Any:
    """In a coloured word; a credit note has none."""
    item: ItemRow | None = document.item
    if item is None:
        return PaidState.CREDITED.label if document.credited else None
    return badge(item.state.label, MEANINGS.get(item.state, "off"))


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


class TakeBackPage(ActionPage):
    """What a credit note and the taking back of other paper share."""

    queryset = ROWS
    form_class = TakeBackForm
    submit_icon = "receipt-refund"
    danger = True

    def form_kwargs(self) -> dict[str, Any]:
        today = clock.local_day(clock.now())
        return {"initial": {"on": max(today, self.object.issued_on)}}

    def obstacles(self, obj: Document) -> list[str]:
        return [why] if (why := credit.why_not(obj)) else []

    def done(self, obj: Document, result: Document) -> str:
        return f"{result} over {format_money(result.total)} is issued."


class DocumentCredit(TakeBackPage):
    queryset = ROWS.filter(kind=DocumentKind.INVOICE)
    permission = "billing.documents.credit"
    title = "Credit invoice"
    submit_label = "Issue credit note"

    def consequences(self, obj: Document) -> list[str]:
        return [
            f"A credit note over {format_money(obj.total)} is issued to {obj.party.name} and cannot be changed.",
            f"The balance of {obj.payer.code} falls by {format_money(obj.total)}.",
            "What the invoice billed may be billed again by the next run of its month.",
            "The customer is told by e-mail.",
        ]

    def act(self, obj: Document, form: Any, actor: Any) -> Document:
        asked = form.cleaned_data
        return credit.credit(obj, asked["on"], clock.now(), actor=actor, reason=asked["reason"])


class DocumentTakeBack(TakeBackPage):
    """An adjustment or a write-off, undone by paper of its own kind."""

    queryset = ROWS.filter(kind__in=("adjustment", "write_off"))
    permission = "billing.documents.adjust"
    title = "Take back"
    submit_label = "Take it back"

    def consequences(self, obj: Document) -> list[str]:
        moves = "falls" if obj.total > 0 else "rises"
        return [
            f"{obj.get_kind_display()} {obj.reference} is answered by its mirror, which cannot be changed.",
            f"The balance of {obj.payer.code} {moves} by {format_money(abs(obj.total))}.",
            "Nobody is told.",
        ]

    def act(self, obj: Document, form: Any, actor: Any) -> Document:
        asked = form.cleaned_data
        return credit.take_back(obj, asked["on"], clock.now(), actor=actor, reason=asked["reason"])


class OnAccountPage(ActionPage):
    """Paper made for a customer's own account, from its profile."""

    queryset = Customer.objects.select_related("master", "group")

    def about(self, obj: Customer) -> list[str]:
        """How the account stands, and whose it is when somebody else pays for its services."""
        balance = Balance.objects.filter(customer=obj).values_list("amount", flat=True).first() or ZERO
        found = [f"The balance of {obj.code} is {format_money(balance)} now."]
        if (payer := paying.payer(obj)) != obj:
            found.append(f"{payer} is invoiced for its services; this changes what {obj.code} owes itself.")
        return [*found, "It is paper with a number, and cannot be changed; it can be taken back."]

    def done(self, obj: Customer, result: Document) -> str:
        return f"{result.get_kind_display()} {result} over {format_money(result.total)} is issued."

    def success_url(self, obj: Customer, result: Document) -> str:
        return result.get_absolute_url()


class AdjustmentAdd(OnAccountPage):
    permission = "billing.documents.adjust"
    form_class = AdjustForm
    title = "Adjustment"
    submit_label, submit_icon = "Issue adjustment", "adjustments-dollar"

    def form_kwargs(self) -> dict[str, Any]:
        return {"initial": {"on": clock.local_day(clock.now())}}

    def consequences(self, obj: Customer) -> list[str]:
        return [*self.about(obj), "The customer is not told."]

    def act(self, obj: Customer, form: Any, actor: Any) -> Document:
        return adjusting.adjust(obj, form.change, form.asked, clock.now(), actor=actor)


class WriteOffAdd(OnAccountPage):
    permission = "billing.documents.write_off"
    form_class = WriteOffForm
    title = "Write Off"
    submit_label, submit_icon, danger = "Write it off", "receipt-off", True

    def form_kwargs(self) -> dict[str, Any]:
        initial = {
            "on": clock.local_day(clock.now()),
            "amount": adjusting.owed_by(self.object),
            "claim_vat": bool(Provider.get().vat_number),
        }
        return {"initial": initial}

    def obstacles(self, obj: Customer) -> list[str]:
        return [] if adjusting.owed_by(obj) else [f"{obj.code} owes nothing that could be written off."]

    def consequences(self, obj: Customer) -> list[str]:
        return [
            *self.about(obj),
            "The debt is given up: nobody asks for it any more. The customer is not told.",
        ]

    def act(self, obj: Customer, form: Any, actor: Any) -> Document:
        asked = form.cleaned_data
        rate = terms.vat_rate(asked["on"]) if asked["claim_vat"] else ZERO
        return adjusting.write_off(obj, asked["amount"], rate, form.asked, clock.now(), actor=actor)
