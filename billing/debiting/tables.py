"""Debit orders as tables: batches, collections, who is left out, mandates, result files and their lines."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing.debiting.models import (
    BatchState,
    DebitBatch,
    DebitRow,
    DebitSkip,
    LineState,
    Mandate,
    MandateState,
    Outcome,
    ResultImport,
    ResultLine,
    ResultState,
    RowState,
)
from billing.payments.models import Payment
from ispbilling.core.parts import Button
from ispbilling.core.tables import (
    ActionsColumn,
    ChoiceColumn,
    Column,
    CountColumn,
    DateColumn,
    DateTimeColumn,
    LinkColumn,
    MoneyColumn,
    Table,
    url_or_none,
)

BATCHES = {
    BatchState.DRAFT: "attention",
    BatchState.APPROVED: "info",
    BatchState.SENT: "info",
    BatchState.DONE: "working",
    BatchState.CANCELLED: "off",
}
ROWS = {
    RowState.DRAFT: "attention",
    RowState.SENT: "info",
    RowState.ACCEPTED: "working",
    RowState.REJECTED: "stopped",
    RowState.RETURNED: "stopped",
    RowState.CANCELLED: "off",
}
MANDATES = {
    MandateState.ACTIVE: "working",
    MandateState.PAUSED: "attention",
    MandateState.CANCELLED: "off",
}
NOWRAP = {"td": {"class": "text-nowrap"}}


class BatchTable(Table):
    """The batches. Rows need `rows_count`, `asked`, `paid` and `unpaid` (sums)."""

    name = LinkColumn(accessor="pk", text=str, verbose_name="Batch", attrs=NOWRAP)
    action_on = DateColumn(verbose_name="Action Day", attrs=NOWRAP)
    billing_group = Column(verbose_name="Billing Group", default="Everybody")
    service = Column(verbose_name="Service")
    state = ChoiceColumn(BATCHES, verbose_name="State")
    rows_count = CountColumn(verbose_name="Collections")
    asked = MoneyColumn(verbose_name="Total")
    paid = MoneyColumn(verbose_name="Accepted")
    unpaid = MoneyColumn(verbose_name="Unpaid")
    created_at = DateTimeColumn(verbose_name="Prepared")
    created_by = Column(verbose_name="By", default="")
    approved_by = Column(verbose_name="Approved By", default="")

    default_columns = (
        "name", "action_on", "billing_group", "state", "rows_count", "asked", "paid", "unpaid",
    )  # fmt: skip
    wide_columns = ("billing_group", "rows_count")

    class Meta(Table.Meta):
        model = DebitBatch
        fields = ()

    def row_off(self, record: Any) -> bool:
        return record.state == BatchState.CANCELLED


def linked(row: Any) -> SafeString:
    """A row by its name, as a link beside the main one of a list."""
    return format_html('<a href="{}">{}</a>', row.get_absolute_url(), row)


def actions(row: DebitRow) -> list[Button]:
    """What can be done with one collection now."""

    def to(label: str, act: str, icon: str, look: str, permission: str) -> Button:
        url = f"{reverse(f'billing:debit_row_{act}')}?{urlencode({'pk': row.pk})}"
        return Button(label, url, icon, look, permission, modal=True)

    results, prepare = "billing.debits.results", "billing.debits.prepare"
    waits = row.batch.state in (BatchState.DRAFT, BatchState.APPROVED)
    if row.state == RowState.DRAFT:
        return [to("Take out", "take_out", "x", "secondary", prepare)]
    if row.state == RowState.CANCELLED and waits:
        return [to("Put back", "put_back", "plus", "secondary", prepare)]
    if row.state == RowState.SENT:
        return [
            to("Accepted", "accept", "check", "primary", results),
            to("Rejected", "reject", "ban", "danger", results),
        ]
    if row.state == RowState.ACCEPTED:
        return [to("Returned", "return", "arrow-back-up", "danger", "billing.payments.take_back")]
    if row.state == RowState.REJECTED:
        return [to("Waiting after all", "reopen", "refresh", "secondary", results)]
    return []


class RowTable(Table):
    """Collections."""

    reference = Column(accessor="pk", verbose_name="Reference", attrs=NOWRAP)
    batch = Column(verbose_name="Batch", attrs=NOWRAP, order_by="batch_id")
    action_on = DateColumn(accessor="batch__action_on", verbose_name="Action Day", attrs=NOWRAP)
    payer = LinkColumn(
        url=lambda row: url_or_none("customers:customer_detail", row.payer_id),
        accessor="payer__code",
        verbose_name="Account Code",
    )
    name = Column(accessor="payer__name", verbose_name="Customer")
    mandate = Column(verbose_name="Mandate", order_by="mandate__reference")
    account = Column(accessor="mandate__account", verbose_name="Account", orderable=False)
    due = MoneyColumn(verbose_name="Due")
    amount = MoneyColumn(verbose_name="Amount")
    state = ChoiceColumn(ROWS, verbose_name="State")
    why = Column(empty_values=(), orderable=False, verbose_name="Remark")
    decided_on = DateColumn(verbose_name="Result", default="")
    payment = Column(verbose_name="Payment", default="", attrs=NOWRAP, order_by="payment_id")
    actions = ActionsColumn(actions)

    default_columns = (
        "reference", "batch", "action_on", "payer", "name", "amount", "state", "why", "payment",
    )  # fmt: skip
    wide_columns = ("reference", "action_on")

    class Meta(Table.Meta):
        model = DebitRow
        fields = ()

    def row_url(self, record: Any) -> str | None:
        return None

    def row_off(self, record: Any) -> bool:
        return record.state == RowState.CANCELLED

    def render_reference(self, record: DebitRow) -> str:
        return record.reference

    value_reference = render_reference

    def render_batch(self, value: DebitBatch) -> SafeString:
        return linked(value)

    def render_mandate(self, value: Mandate) -> SafeString:
        return linked(value)

    def render_payment(self, value: Payment) -> SafeString:
        return linked(value)

    def value_batch(self, value: Any) -> str:
        return str(value)

    value_mandate = value_payment = value_batch

    def render_why(self, record: DebitRow) -> str:
        back = record.payment is not None and record.payment.taken_back_on is not None
        by_hand = "Payment taken back by hand" if back and record.state == RowState.ACCEPTED else ""
        return " ".join(filter(None, [record.code, record.reason or by_hand or record.note]))

    value_why = render_why


class BatchRowTable(RowTable):
    """The collections of one batch."""

    default_columns = ("payer", "name", "account", "due", "amount", "state", "why", "payment")
    wide_columns = ("account", "due")

    class Meta(RowTable.Meta):
        exclude = ("batch", "action_on")


class LatestRowsTable(RowTable):
    """The last collections on a customer's profile."""

    class Meta(RowTable.Meta):
        exclude = (
            "reference", "payer", "name", "mandate", "account", "due", "decided_on", "payment", "actions",
        )  # fmt: skip
        orderable = False


class ProfileRowsTable(LatestRowsTable):
    """The same where there is little room."""

    class Meta(LatestRowsTable.Meta):
        exclude = (*LatestRowsTable.Meta.exclude, "batch")

    def row_url(self, record: Any) -> str | None:
        url: str = record.batch.get_absolute_url()
        return url


class SkipTable(Table):
    """Who is left out of a batch, and why."""

    payer = LinkColumn(
        url=lambda row: url_or_none("customers:customer_detail", row.payer_id),
        accessor="payer__code",
        verbose_name="Account Code",
    )
    name = Column(accessor="payer__name", verbose_name="Customer")
    due = MoneyColumn(verbose_name="Due")
    reason = Column(verbose_name="Reason")

    class Meta(Table.Meta):
        model = DebitSkip
        fields = ()

    def row_url(self, record: Any) -> str | None:
        return url_or_none("customers:customer_detail", record.payer_id)


class MandateTable(Table):
    """Mandates, account numbers masked."""

    reference = LinkColumn(verbose_name="Reference", attrs=NOWRAP)
    customer = Column(accessor="customer__code", verbose_name="Account Code")
    name = Column(accessor="customer__name", verbose_name="Customer")
    holder = Column(verbose_name="Account Holder")
    account = Column(verbose_name="Account", order_by=("bank", "ending"))
    billing_group = Column(accessor="customer__billing_group", verbose_name="Billing Group", default="")
    maximum = MoneyColumn(verbose_name="Most", default="")
    signed_on = DateColumn(verbose_name="Signed")
    valid_until = DateColumn(verbose_name="Valid Until", default="")
    state = ChoiceColumn(MANDATES, verbose_name="State")
    reason = Column(verbose_name="Reason", default="")

    default_columns = (
        "reference",
        "customer",
        "name",
        "account",
        "billing_group",
        "maximum",
        "state",
        "reason",
    )
    wide_columns = ("customer", "billing_group")

    class Meta(Table.Meta):
        model = Mandate
        fields = ()

    def row_off(self, record: Any) -> bool:
        return record.state == MandateState.CANCELLED


class ResultTable(Table):
    """Result files. Rows need `lines_count` and `recorded`."""

    name = LinkColumn(verbose_name="File")
    created_at = DateTimeColumn(verbose_name="Uploaded")
    created_by = Column(verbose_name="By", default="")
    lines_count = CountColumn(verbose_name="Results in it")
    recorded = CountColumn(verbose_name="Recorded")
    state = ChoiceColumn(
        {
            ResultState.PREVIEWED: "attention",
            ResultState.POSTING: "info",
            ResultState.POSTED: "working",
        },
        verbose_name="State",
    )

    wide_columns = ("created_by",)

    class Meta(Table.Meta):
        model = ResultImport
        fields = ()


class ResultLineTable(Table):
    """What a file says of each collection, and what becomes of it."""

    number = Column(verbose_name="Line")
    told_on = DateColumn(verbose_name="Date", attrs=NOWRAP)
    outcome = ChoiceColumn({Outcome.PAID: "working", Outcome.UNPAID: "stopped"}, verbose_name="Says")
    why = Column(empty_values=(), orderable=False, verbose_name="Reason")
    amount = MoneyColumn(verbose_name="Amount")
    reference = Column(verbose_name="Reference", default="")
    payer = LinkColumn(
        url=lambda line: line.row.batch.get_absolute_url() if line.row else None,
        empty_values=(),
        text=lambda line: f"{line.row.payer}, {line.row.batch}" if line.row else "",
        orderable=False,
        verbose_name="Collection",
    )
    state = ChoiceColumn(
        {
            LineState.NEW: "info",
            LineState.POSTED: "working",
            LineState.UNKNOWN: "attention",
            LineState.DIFFERENT: "attention",
            LineState.REFUSED: "stopped",
        },
        verbose_name="State",
    )
    remark = Column(verbose_name="Remark", default="")

    default_columns = ("told_on", "outcome", "why", "amount", "reference", "payer", "state", "remark")

    class Meta(Table.Meta):
        model = ResultLine
        fields = ()

    def row_url(self, record: Any) -> str | None:
        return record.row.batch.get_absolute_url() if record.row else None

    def row_off(self, record: Any) -> bool:
        return record.state == LineState.KNOWN

    def render_why(self, record: ResultLine) -> str:
        return " ".join(filter(None, [record.code, record.reason]))

    value_why = render_why
