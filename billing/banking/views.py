"""Bank statements: the files, one as a preview or with what became of it, and what can be done with it."""

from decimal import Decimal
from functools import cached_property
from json import loads
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from billing.banking import importing, payouts
from billing.banking.forms import ColumnsForm, PayOutForm, UploadForm
from billing.banking.models import BankImport, BankImportState, BankLine, BankLineState
from billing.banking.tables import BankImportTable, BankLineTable
from billing.ledger.posting import GATEWAY_CLEARING
from ispbilling.core import clock
from ispbilling.core.errors import DomainError
from ispbilling.core.forms import Tabs
from ispbilling.core.money import ZERO, format_money
from ispbilling.core.parts import BulkAction, Button, State, Tab
from ispbilling.core.views import ActionPage, BulkPage, FormPage, ListPage, ObjectPage

ROWS = BankImport.objects.select_related("created_by")
VIEW, ADD = "billing.payments.view", "billing.payments.add"
BANK_CHARGES_NAME = "Bank and gateway charges"
BUSY = (BankImportState.POSTING, BankImportState.UNDOING)
POSTED = Q(lines__state=BankLineState.POSTED)


class BankImportList(ListPage):
    queryset = ROWS.defer("table").annotate(
        lines_count=Count("lines"),
        posted=Count("lines", filter=POSTED),
        total=Sum("lines__amount", filter=POSTED, default=ZERO),
    )
    table_class = BankImportTable
    permission = VIEW
    title = "Bank Statements"
    search_fields = ("name",)
    search_help = "Name of the file"
    add_url_name, add_permission, add_label = "billing:bank_import_add", ADD, "Import Statement"
    empty_icon = "building-bank"
    empty_text = "A statement of the bank becomes payments: you see first whose money each line is."


class BankImportAdd(FormPage):
    permission = ADD
    title = "Import Bank Statement"
    parents = (("Bank Statements", "/billing/bank/"),)
    form_class = UploadForm
    submit_label = "Preview"
    submit_icon = "eye"
    success_url_name = "billing:bank_import_list"

    def find(self) -> None:
        return None

    def act(self, obj: None, form: Tabs, actor: Any) -> BankImport:
        file = form.cleaned_data["file"]
        return importing.receive(file.read(), file.name, clock.now(), actor=actor)

    def done(self, obj: None, result: BankImport) -> str:
        if result.table and result.columns is None:
            return f"{result} is read. Its columns are not clear: choose them."
        return f"{result} is read. Nothing is posted until you confirm."

    def came_from(self) -> str:
        """On to the preview, wherever the dialog was opened."""
        return ""

    def success_url(self, obj: None, result: BankImport) -> str:
        if result.table and result.columns is None:
            return reverse("billing:bank_import_columns", args=[result.pk])
        return result.get_absolute_url()


class BankImportDetail(ListPage):
    """The lines of a statement."""

    table_class = BankLineTable
    permission = VIEW
    confidential = "who paid, how much, and what they wrote on the payment"
    template_name = "billing/bank_import.html"
    search_fields = ("reference",)
    search_help = "Reference"
    states = (
        State("all", "All"),
        State("new", "To be posted", Q(state=BankLineState.NEW)),
        State("posted", "Posted", Q(state=BankLineState.POSTED)),
        State("not", "Not posted", ~Q(state__in=[BankLineState.NEW, BankLineState.POSTED])),
    )
    bulk_actions = (
        BulkAction("Leave out", "billing:bank_import_leave_out", "x", ADD),
        BulkAction("Take in", "billing:bank_import_take_in", "plus", ADD),
        BulkAction("Pay-out", "billing:bank_import_pay_out", "building-bank", ADD),
    )
    empty_text = "No money came in with this statement."

    @cached_property
    def one(self) -> BankImport:
        return get_object_or_404(ROWS, pk=self.kwargs["pk"])

    def get_queryset(self) -> QuerySet[BankLine]:
        return BankLine.objects.filter(bank_import=self.one).select_related("payment__payer", "bank_import")

    def sums(self, rows: QuerySet[BankLine], *, narrowed: bool) -> dict[str, Decimal]:
        found: dict[str, Decimal] = rows.order_by().aggregate(amount=Sum("amount", default=ZERO))
        return found

    def bulk(self) -> list[tuple[BulkAction, str]]:
        return super().bulk() if self.one.state == BankImportState.PREVIEWED else []

    def crumbs(self) -> list[tuple[str, str]]:
        return [("Bank Statements", reverse("billing:bank_import_list"))]

    def context(self, **extra: Any) -> dict[str, Any]:
        self.title = str(self.one)
        return super().context(
            one=self.one,
            busy=self.one.state in BUSY,
            progress=progress(self.one),
            facts=facts(self.one),
            subtitle=self.one.get_state_display(),
            **extra,
        )

    def buttons(self) -> list[Button]:
        one = self.one

        def to(name: str) -> str:
            return reverse(f"billing:bank_import_{name}", args=[one.pk])

        found = []
        if one.state == BankImportState.PREVIEWED:
            if one.table:
                found.append(Button("Columns", to("columns"), "columns", "secondary", ADD, modal=True))
            found.append(Button("Discard", to("discard"), "trash", "secondary", ADD, modal=True))
            found.append(Button("Post", to("post"), "check", "primary", ADD, modal=True))
        if one.state == BankImportState.POSTED:
            back = "billing.payments.take_back"
            found.append(Button("Undo", to("undo"), "arrow-back-up", "danger", back, modal=True))
        return found


class BankImportProgress(ObjectPage):
    """The bar that asks for itself again; when the work is done the page is loaded anew."""

    queryset = ROWS
    permission = VIEW

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        one = self.get_object()
        response: HttpResponse = self.answer("ui/progress.html", **progress(one))
        if one.state not in BUSY:
            response["HX-Refresh"] = "true"
        return response


class BankImportColumns(FormPage):
    queryset = ROWS
    permission = ADD
    title = "Columns"
    submit_label = "Preview"
    submit_icon = "eye"

    def own_tabs(self) -> list[Tab]:
        self.title = f"Columns of {self.object}"
        return [Tab("main", "Columns", ColumnsForm)]

    def form_kwargs(self) -> dict[str, Any]:
        table = loads(self.object.table) if self.object.table else []
        return {"table": table, "chosen": importing.columns_of(self.object)}

    def act(self, obj: BankImport, form: Tabs, actor: Any) -> BankImport:
        return importing.choose_columns(obj, form.cleaned_data["columns"])

    def done(self, obj: BankImport, result: BankImport) -> str:
        return f"{result} is read with these columns."

    def came_from(self) -> str:
        return ""


class BankImportAct(ActionPage):
    """What the verbs of a statement share: they lead back to it."""

    queryset = ROWS

    def came_from(self) -> str:
        return ""

    def obstacles(self, obj: BankImport) -> list[str]:
        return [] if obj.state == BankImportState.PREVIEWED else [f"It is {obj.get_state_display().lower()}."]


class BankImportPost(BankImportAct):
    permission = ADD
    title = "Post bank statement"
    submit_label = "Post"
    submit_icon = "check"

    def obstacles(self, obj: BankImport) -> list[str]:
        nothing = [] if importing.waiting_to_post(obj) else ["There is nothing to post in it."]
        return super().obstacles(obj) or nothing

    def consequences(self, obj: BankImport) -> list[str]:
        new = obj.lines.filter(state=BankLineState.NEW)
        rows = new.filter(payout_of="").aggregate(count=Count("pk"), total=Sum("amount"))
        certain = importing.certain_lines(obj, clock.now())
        return [
            *_pay_outs(new, "booked"),
            f"{rows['count']} payments of {format_money(rows['total'] or ZERO)} are recorded.",
            f"{certain} name their customer, who is credited and sent a receipt.",
            f"{rows['count'] - certain} wait under Unallocated.",
            "You can undo all of it afterwards.",
        ]

    def act(self, obj: BankImport, form: Any, actor: Any) -> BankImport:
        return importing.post(obj, clock.now(), actor=actor)

    def done(self, obj: BankImport, result: BankImport) -> str:
        return f"{result} is being posted."


class BankImportDiscard(BankImportAct):
    permission = ADD
    title = "Discard bank statement"
    submit_label = "Discard"
    submit_icon = "trash"
    success_url_name = "billing:bank_import_list"

    def consequences(self, obj: BankImport) -> list[str]:
        return ["The preview is forgotten; nothing of it was posted.", "The file can be uploaded again."]

    def act(self, obj: BankImport, form: Any, actor: Any) -> str:
        importing.discard(obj, clock.now(), actor=actor)
        return str(obj)

    def done(self, obj: BankImport, result: str) -> str:
        return f"{result} is discarded."


class BankImportUndo(BankImportAct):
    permission = "billing.payments.take_back"
    title = "Undo bank statement"
    submit_label = "Undo"
    submit_icon = "arrow-back-up"
    danger = True

    def obstacles(self, obj: BankImport) -> list[str]:
        return [] if obj.state == BankImportState.POSTED else [f"It is {obj.get_state_display().lower()}."]

    def consequences(self, obj: BankImport) -> list[str]:
        rows = obj.lines.filter(state=BankLineState.POSTED, payment__taken_back_on=None)
        booked, rows = rows.exclude(payout_of=""), rows.filter(payout_of="")
        total = rows.aggregate(total=Sum("amount"))["total"] or ZERO
        return [
            *_pay_outs(booked, "taken back"),
            f"{rows.count()} payments of {format_money(total)} are taken back; what they had paid is owed again.",
            "Payments that were taken back since stay so. Nobody is mailed.",
            "The lines may be imported again.",
        ]

    def act(self, obj: BankImport, form: Any, actor: Any) -> BankImport:
        return importing.undo(obj, clock.now(), actor=actor)

    def done(self, obj: BankImport, result: BankImport) -> str:
        return f"{result} is being taken back."


class BankLineLeaveOut(BulkPage):
    """Some lines are not payments of customers, or were recorded by hand."""

    queryset = BankLine.objects.select_related("bank_import")
    permission = ADD
    title = "Leave out"
    submit_label = "Leave out"
    submit_icon = "x"
    success_url_name = "billing:bank_import_list"
    out = True

    def find(self) -> Any:
        """Those of them that are still there: a preview may be discarded while people read."""
        try:
            return super().find()
        except Http404:
            return []

    def obstacles(self, obj: list[BankLine]) -> list[str]:
        return [] if obj else ["None of these lines is there any more."]

    def consequences(self, obj: list[BankLine]) -> list[str]:
        return ["These lines are not posted." if self.out else "These lines are posted with the others."]

    def act(self, obj: BankLine, form: Any, actor: Any) -> None:
        importing.leave_out(obj, out=self.out)

    def success_url(self, obj: list[BankLine], result: Any) -> str:
        return obj[0].bank_import.get_absolute_url() if obj else super().success_url(obj, result)


class BankLinePayOut(BankLineLeaveOut):
    """What a provider pays out is no customer's money: that was recorded when it came."""

    title = "Book as pay-out"
    submit_label = "Book"
    submit_icon = "check"
    form_class = PayOutForm

    def form_kwargs(self) -> dict[str, Any]:
        one = self.object[0] if self.object else None
        if one is None:
            return {}
        asked = one.payout_of or payouts.guess(one.reference) or GATEWAY_CLEARING
        return {"initial": {"payout_of": asked, "fee": one.payout_fee or None}}

    def consequences(self, obj: list[BankLine]) -> list[str]:
        amount = format_money(sum((one.amount for one in obj), ZERO))
        return [
            f"{amount} comes into the bank from the clearing account, which is less by that and the fee.",
            f"The fee goes to {BANK_CHARGES_NAME}. Nobody is credited: the payments were recorded when they were made.",
            "Nothing is posted before the statement is.",
        ]

    def act(self, obj: BankLine, form: PayOutForm, actor: Any) -> None:
        fee = form.cleaned_data["fee"] or ZERO
        if fee and len(self.object) > 1:
            raise DomainError("The fee is of one pay-out: tick that line alone.")
        importing.book_as(obj, form.cleaned_data["payout_of"], fee)


class BankLineTakeIn(BankLineLeaveOut):
    title = "Take in"
    submit_label = "Take in"
    submit_icon = "plus"
    out = False


def _pay_outs(rows: QuerySet[BankLine], verb: str) -> list[str]:
    found = rows.exclude(payout_of="").aggregate(count=Count("pk"), total=Sum("amount"))
    return (
        [f"{found['count']} pay-outs of {format_money(found['total'])} are {verb}."] if found["count"] else []
    )


def facts(one: BankImport) -> list[tuple[str, str]]:
    """What is in the file, in words and numbers."""
    rows = one.lines.order_by().values_list("state").annotate(count=Count("pk"), total=Sum("amount"))
    found = {state: (count, total) for state, count, total in rows}
    told = [
        (label, f"{found[state][0]:,}, {format_money(found[state][1])}")
        for state, label in BankLineState.choices
        if state in found
    ]
    return [*told, ("Money that went out, left alone", f"{one.outgoing:,}")]


def progress(one: BankImport) -> dict[str, Any]:
    """The context of `ui/progress.html`."""
    total = one.lines.count()
    left = len(importing.waiting(one)) if one.state in BUSY else 0
    return {
        "url": reverse("billing:bank_import_progress", args=[one.pk]),
        "done": total - left,
        "total": total,
        "percent": int(100 * (total - left) / total) if total else 100,
        "label": one.get_state_display(),
        "poll": one.state in BUSY,
    }
