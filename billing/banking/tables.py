"""Bank statements and their lines as tables."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.html import format_html

from billing.banking import payouts
from billing.banking.models import BankImport, BankImportState, BankLine, BankLineState
from billing.payments import proposing
from billing.payments.models import Payment
from billing.payments.proposing import Clue, Proposal
from ispbilling.core import clock
from ispbilling.core.money import format_money
from ispbilling.core.tables import (
    ChoiceColumn,
    Column,
    CountColumn,
    DateColumn,
    DateTimeColumn,
    LinkColumn,
    MoneyColumn,
    SumColumn,
    Table,
)


class BankImportTable(Table):
    """The files. Rows need `lines_count`, `posted` and `total` (what was posted)."""

    name = LinkColumn(verbose_name="File")
    created_at = DateTimeColumn(verbose_name="Uploaded")
    created_by = Column(verbose_name="By", default="")
    lines_count = CountColumn(verbose_name="Payments in it")
    posted = CountColumn(verbose_name="Posted")
    total = MoneyColumn(verbose_name="Amount posted")
    state = ChoiceColumn(
        {
            BankImportState.PREVIEWED: "attention",
            BankImportState.POSTING: "info",
            BankImportState.POSTED: "working",
            BankImportState.UNDOING: "info",
            BankImportState.UNDONE: "off",
        },
        verbose_name="State",
    )

    wide_columns = ("created_by", "lines_count")

    class Meta(Table.Meta):
        model = BankImport
        fields = ()

    def row_off(self, record: Any) -> bool:
        return record.state == BankImportState.UNDONE


class BankLineTable(Table):
    """The money in a statement: what will happen to each line, or what did."""

    number = Column(verbose_name="Row", footer="Sum", attrs={"tf": {"class": "fw-bold"}})
    booked_on = DateColumn(verbose_name="Date", attrs={"td": {"class": "text-nowrap"}})
    reference = Column(verbose_name="Reference", default="")
    amount = SumColumn(verbose_name="Amount")
    state = ChoiceColumn(
        {
            BankLineState.NEW: "info",
            BankLineState.POSTED: "working",
            BankLineState.REFUSED: "stopped",
        },
        verbose_name="State",
    )
    becomes = Column(empty_values=(), orderable=False, verbose_name="Payment")

    class Meta(Table.Meta):
        model = BankLine
        fields = ()

    def row_url(self, record: Any) -> str | None:
        return record.payment.get_absolute_url() if record.payment else None

    def row_off(self, record: Any) -> bool:
        return record.state in (BankLineState.KNOWN, BankLineState.LEFT_OUT, BankLineState.UNDONE)

    def render_becomes(self, record: BankLine) -> Any:
        if self._looks_like_pay_out(record):
            return format_html(
                '<div>{} <span class="text-warning">It looks like a pay-out: <a href="{}?pk={}" data-modal>book it as'
                " one</a>, or the money counts twice.</span></div>",
                self.value_becomes(record),
                reverse("billing:bank_import_pay_out"),
                record.pk,
            )
        twin = self._twins().get(record.pk) if record.state == BankLineState.NEW else None
        if twin is None:
            return self.value_becomes(record)
        return format_html(
            '<div>{} <span class="text-warning">Of this day and amount there is <a href="{}">{}</a>: leave it out if it'
            " is the same.</span></div>",
            self.value_becomes(record),
            twin.get_absolute_url(),
            twin,
        )

    def _looks_like_pay_out(self, record: BankLine) -> bool:
        previewed = record.bank_import.state == BankImportState.PREVIEWED
        waits = record.state == BankLineState.NEW and not record.payout_of
        return previewed and waits and bool(payouts.guess(record.reference))

    def value_becomes(self, record: BankLine) -> str:
        if record.payout_of and record.state in (BankLineState.NEW, BankLineState.POSTED):
            fee = f", fee {format_money(record.payout_fee)}" if record.payout_fee else ""
            return f"Pay-out of {payouts.CLEARINGS[record.payout_of]}{fee}"
        if record.payment is not None:
            return f"{record.payment}: {record.payment.payer or 'unallocated'}"
        if record.state == BankLineState.REFUSED:
            return record.refusal
        if record.state != BankLineState.NEW:
            return ""
        certain = proposing.certain(self._proposals().get(record.pk, ()))
        return f"{certain.customer}, by {certain.why}" if certain else "Unallocated"

    def _shown(self) -> list[BankLine]:
        """The lines on the page that will become payments."""
        rows = [row.record for row in (self.page.object_list if hasattr(self, "page") else self.rows)]
        return [one for one in rows if one.state == BankLineState.NEW and not one.payout_of]

    def _proposals(self) -> dict[int, list[Proposal]]:
        if not hasattr(self, "_known"):
            clues: Sequence[Clue] = [Clue(one.pk, one.reference, one.amount) for one in self._shown()]
            self._known = proposing.propose(clues, clock.now())
        return self._known

    def _twins(self) -> dict[int, Payment]:
        """Payments that look like a line and came from elsewhere."""
        if not hasattr(self, "_alike"):
            shown = self._shown()
            rows = Payment.objects.filter(
                received_on__in={one.booked_on for one in shown},
                amount__in={one.amount for one in shown},
                taken_back_on=None,
            )
            found = {(one.received_on, one.amount): one for one in rows}
            self._alike = {
                one.pk: found[one.booked_on, one.amount]
                for one in shown
                if (one.booked_on, one.amount) in found
            }
        return self._alike
