"""The trial balance and the lines of an account as tables."""

from decimal import Decimal
from typing import Any

from django.urls import reverse

from billing.trial.figures import Totals
from ispbilling.core.money import format_money
from ispbilling.core.tables import NUMBER, Column, DateColumn, LinkColumn, MoneyColumn, Table, url_or_none

FOOT: dict[str, Any] = {**NUMBER, "tf": {"class": "text-end num fw-bold text-nowrap"}}


class TotalColumn(MoneyColumn):
    """An amount, and at the foot the sum of all accounts."""

    def __init__(self, of: str, heading: str) -> None:
        super().__init__(
            verbose_name=heading,
            accessor=of,
            attrs=FOOT,
            footer=lambda table: format_money(getattr(table.totals, of)) if table.totals else "",
        )


class SideColumn(TotalColumn):
    """One side of a balance; the other side stays empty, as in every trial balance."""

    def render(self, value: Decimal) -> Any:
        return super().render(value) if value else ""


class TrialTable(Table):
    """One row per account; a click shows the lines behind it."""

    #: Of all accounts; the page sets it, and `days` in the addresses of the rows.
    totals: Totals | None = None
    days: str = ""

    code = LinkColumn(
        accessor="account__code",
        verbose_name="Account",
        attrs={"td": {"class": "text-nowrap"}, "tf": {"class": "fw-bold"}},
        footer="Total",
    )
    name = Column(accessor="account__name", verbose_name="Name")
    opening = TotalColumn("opening", "Opening")
    debit = TotalColumn("debit", "Debit")
    credit = TotalColumn("credit", "Credit")
    closing_debit = SideColumn("closing_debit", "Balance Debit")
    closing_credit = SideColumn("closing_credit", "Balance Credit")

    class Meta(Table.Meta):
        pass

    def row_url(self, record: Any) -> str | None:
        return reverse("billing:trial_account", args=[record.pk]) + self.days


def paper(line: Any) -> str | None:
    """Where a line comes from: its document or payment, where it has one."""
    if line.posting.document_id:
        return url_or_none("billing:document_detail", line.posting.document_id)
    payment = getattr(line.posting, "of_payment", None)
    return url_or_none("billing:payment_detail", payment.payment_id) if payment else None


class LineTable(Table):
    """The lines of one account."""

    posted_on = DateColumn(verbose_name="Date")
    memo = LinkColumn(url=paper, accessor="posting__memo", verbose_name="What", orderable=False)
    customer = Column(accessor="customer", verbose_name="Payer", default="", orderable=False)
    debit = MoneyColumn(accessor="amount", verbose_name="Debit", orderable=False)
    credit = MoneyColumn(accessor="amount", verbose_name="Credit", orderable=False)
    posting = Column(accessor="posting_id", verbose_name="Posting", orderable=False)
    source = Column(accessor="posting__source_key", verbose_name="Source", orderable=False)

    default_columns = ("posted_on", "memo", "customer", "debit", "credit")
    wide_columns = ("posting", "source")

    class Meta(Table.Meta):
        pass

    def row_url(self, record: Any) -> str | None:
        return paper(record)

    def render_debit(self, value: Decimal) -> str:
        return format_money(value) if value > 0 else ""

    def value_debit(self, value: Decimal) -> Decimal | None:
        return value if value > 0 else None

    def render_credit(self, value: Decimal) -> str:
        return format_money(-value) if value < 0 else ""

    def value_credit(self, value: Decimal) -> Decimal | None:
        return -value if value < 0 else None
