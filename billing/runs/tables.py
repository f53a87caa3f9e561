"""Runs, and what a run plans for each customer, as tables."""

from decimal import Decimal
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from billing.runs.models import Run, RunPlan, RunState
from ispbilling.core.money import format_money
from ispbilling.core.tables import (
    NUMBER,
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

STATES = {
    RunState.DRAFT: "attention",
    RunState.EMPTY: "off",
    RunState.PREVIEWED: "info",
    RunState.APPROVED: "attention",
    RunState.ISSUING: "attention",
    RunState.ISSUED: "working",
    RunState.PARTLY_FAILED: "attention",
    RunState.UNDOING: "attention",
    RunState.UNDONE: "off",
}


class RunTable(Table):
    """All runs, the latest month first."""

    period = LinkColumn(accessor="period_start", text=str, verbose_name="Period")
    billing_group = Column(verbose_name="Billing Group", default="Everybody")
    state = ChoiceColumn(STATES, verbose_name="State")
    issue_on = DateColumn(verbose_name="Invoice Date")
    planned = CountColumn(verbose_name="Customers")
    planned_total = MoneyColumn(verbose_name="Amount")
    created_at = DateTimeColumn(verbose_name="Prepared")
    created_by = Column(verbose_name="By", default="The system")
    approved_by = Column(verbose_name="Approved By", default="")
    issued_at = DateTimeColumn(verbose_name="Issued", default="")

    default_columns = (
        "period",
        "billing_group",
        "state",
        "issue_on",
        "planned",
        "planned_total",
        "created_by",
    )

    class Meta(Table.Meta):
        model = Run
        fields = ()

    def row_off(self, record: Any) -> bool:
        return record.state == RunState.UNDONE


class PlanTable(Table):
    """One row per customer of a run: amount, why, against last time, and what came of it.

    Rows need `reference`, `document_id`, `left_out` and `before` (see `billing.runs.views.RunDetail`).
    """

    customer = LinkColumn(
        url=lambda row: url_or_none("customers:customer_detail", row.customer_id),
        accessor="customer__code",
        verbose_name="Account Code",
    )
    name = Column(accessor="customer__name", verbose_name="Customer")
    lines = Column(orderable=False, verbose_name="What and why")
    total = MoneyColumn(verbose_name="Amount")
    before = MoneyColumn(verbose_name="Last Run", default="")
    change = Column(empty_values=(), orderable=False, verbose_name="Difference", attrs=NUMBER)
    outcome = Column(empty_values=(), orderable=False, verbose_name="Outcome")

    wide_columns = ("lines", "before")

    class Meta(Table.Meta):
        model = RunPlan
        fields = ()

    def row_url(self, record: Any) -> str | None:
        return url_or_none("billing:document_detail", record.document_id) if record.document_id else None

    def row_off(self, record: Any) -> bool:
        return bool(record.left_out)

    def render_lines(self, value: list[dict[str, Any]]) -> SafeString:
        lines = format_html_join(
            "",
            '<div>{} <span class="text-secondary text-nowrap num">{}</span></div>',
            ((line["description"], format_money(Decimal(line["total"]))) for line in value),
        )
        return format_html("<div>{}</div>", lines)

    def value_lines(self, value: list[dict[str, Any]]) -> str:
        return "; ".join(f"{line['description']} {line['total']}" for line in value)

    def value_change(self, record: Any) -> Any:
        return "" if record.before is None else record.total - record.before

    def render_change(self, record: Any) -> str:
        if record.before is None:
            return "new"
        return format_money(record.total - record.before) if record.total != record.before else "same"

    def value_outcome(self, record: Any) -> str:
        return record.reference or record.left_out or ""

    def render_outcome(self, record: Any) -> SafeString | str:
        if record.document_id:
            url = url_or_none("billing:document_detail", record.document_id)
            return format_html('<a class="text-nowrap" href="{}">{}</a>', url, record.reference)
        return record.left_out or "to be issued"
