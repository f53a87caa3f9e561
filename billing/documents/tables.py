"""Documents and their lines as tables."""

from decimal import Decimal
from typing import Any

from django.urls import reverse

from billing.allocating.standing import Standing, Standings
from billing.allocating.tables import StateColumn
from billing.documents.models import Document, DocumentKind, DocumentLine
from ispbilling.core import clock
from ispbilling.core.parts import Button
from ispbilling.core.tables import (
    ActionsColumn,
    ChoiceColumn,
    Column,
    DateColumn,
    LinkColumn,
    MoneyColumn,
    NumberColumn,
    SumColumn,
    Table,
)


def actions(document: Document) -> list[Button]:
    """The paper, and the way back."""
    pdf = reverse("billing:document_pdf", args=[document.pk])
    return [Button("PDF", pdf, "file-type-pdf", new_window=True), *take_back_button(document)]


def take_back_button(document: Document) -> list[Button]:
    """The way back, where there is one."""
    if document.credited or document.corrects_id is not None:  # type: ignore[attr-defined]
        return []
    if document.kind == DocumentKind.INVOICE:
        label, name, permission = "Credit Note", "document_credit", "billing.documents.credit"
    else:
        label, name, permission = "Take Back", "document_take_back", "billing.documents.adjust"
    url = reverse(f"billing:{name}", args=[document.pk])
    return [Button(label, url, "receipt-refund", "danger", permission, modal=True)]


def plain(number: Decimal) -> str:
    """`1`, `0.5`, `15`: as the paper has it, without the zeros of the column."""
    return f"{number.normalize():f}"


class DocumentTable(Table):
    """Everything issued. Rows need `credited` (whether a credit note took the invoice back)."""

    #: Whether they are paid; a page sets it for its rows, else it is found for all when the first is asked for.
    standings: Standings | None = None

    reference = LinkColumn(
        verbose_name="Reference",
        attrs={"td": {"class": "text-nowrap"}, "tf": {"class": "fw-bold"}},
        footer="Sum",
    )
    kind = ChoiceColumn(
        {"invoice": "info", "credit_note": "attention", "write_off": "stopped"}, verbose_name="Kind"
    )
    customer = Column(accessor="customer__code", verbose_name="Account Code")
    name = Column(accessor="party__name", verbose_name="Customer")
    issued_on = DateColumn(verbose_name="Date", attrs={"td": {"class": "text-nowrap"}})
    due_on = DateColumn(verbose_name="Due")
    overdue_from = DateColumn(verbose_name="Overdue From", default="")
    net = SumColumn(verbose_name="Net")
    vat = SumColumn(verbose_name="VAT")
    total = SumColumn(verbose_name="Total")
    state = StateColumn(empty_values=(), orderable=False, verbose_name="State")
    open = MoneyColumn(empty_values=(), orderable=False, verbose_name="Open")
    corrects = Column(accessor="corrects__reference", verbose_name="Corrects", default="")
    reason = Column(verbose_name="Reason", default="")
    run = Column(verbose_name="Run", default="")
    actions = ActionsColumn(actions)

    default_columns = ("reference", "kind", "customer", "name", "issued_on", "due_on", "total", "state")
    wide_columns = ("kind", "customer", "due_on")

    class Meta(Table.Meta):
        model = Document
        fields = ()

    def row_off(self, record: Any) -> bool:
        return bool(record.credited)

    def standing(self, record: Any) -> Standing | None:
        if self.standings is None:
            self.standings = Standings(clock.local_day(clock.now()))
        return self.standings.of(record, credited=record.credited)

    def render_state(self, record: Any, column: Any) -> Any:
        found = self.standing(record)
        return column.render(found.state) if found else ""

    def value_state(self, record: Any) -> str:
        found = self.standing(record)
        return found.state.label if found else ""

    def render_open(self, record: Any, column: Any) -> Any:
        found = self.standing(record)
        return column.render(found.open) if found else ""

    def value_open(self, record: Any) -> Decimal | None:
        found = self.standing(record)
        return found.open if found else None


class DocumentLineTable(Table):
    """The lines of one document."""

    description = Column(orderable=False)
    quantity = NumberColumn(orderable=False)
    price = MoneyColumn(orderable=False)
    discount = NumberColumn(orderable=False, verbose_name="Discount %")
    vat_rate = NumberColumn(orderable=False, verbose_name="VAT %")
    net = MoneyColumn(orderable=False)
    vat = MoneyColumn(orderable=False, verbose_name="VAT")
    total = MoneyColumn(orderable=False)

    def render_quantity(self, value: Decimal) -> str:
        return plain(value)

    def render_discount(self, value: Decimal) -> str:
        return plain(value) if value else ""

    def render_vat_rate(self, value: Decimal) -> str:
        return plain(value)

    class Meta(Table.Meta):
        model = DocumentLine
        fields = ()

    def row_url(self, record: Any) -> None:
        return None


class LatestTable(DocumentTable):
    """The last documents on a customer's profile."""

    class Meta(DocumentTable.Meta):
        exclude = (
            "customer",
            "name",
            "due_on",
            "overdue_from",
            "net",
            "vat",
            "corrects",
            "reason",
            "run",
            "actions",
            "kind",
            "open",
        )
        orderable = False
