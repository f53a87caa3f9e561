"""Payments as tables: all of them, those nobody was credited with, and a customer's last ones."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join

from billing.payments import proposing
from billing.payments.models import Payment, PaymentState
from billing.payments.proposing import Proposal
from ispbilling.core import clock
from ispbilling.core.parts import Button
from ispbilling.core.tables import (
    ActionsColumn,
    ChoiceColumn,
    Column,
    DateColumn,
    LinkColumn,
    SumColumn,
    Table,
)

MEANINGS = {
    PaymentState.CREDITED.label: "working",
    PaymentState.UNALLOCATED.label: "attention",
    PaymentState.TAKEN_BACK.label: "off",
}


def actions(payment: Payment) -> list[Button]:
    """The paper, and the next thing to do with it."""
    found = [
        Button("Receipt", reverse("billing:payment_pdf", args=[payment.pk]), "file-type-pdf", new_window=True)
    ]
    if payment.state == PaymentState.UNALLOCATED:
        found.append(assign(payment))
    return found


def assign(payment: Payment) -> Button:
    url = reverse("billing:payment_assign", args=[payment.pk])
    return Button("Assign", url, "user-check", "primary", "billing.payments.add", modal=True)


class PaymentTable(Table):
    """Money received."""

    receipt = LinkColumn(
        verbose_name="Receipt",
        attrs={"td": {"class": "text-nowrap"}, "tf": {"class": "fw-bold"}},
        footer="Sum",
    )
    received_on = DateColumn(verbose_name="Received", attrs={"td": {"class": "text-nowrap"}})
    code = Column(accessor="payer__code", verbose_name="Account Code", default="")
    name = Column(accessor="payer__name", verbose_name="Customer", default="")
    method = Column(verbose_name="Method")
    reference = Column(verbose_name="Reference", default="")
    note = Column(verbose_name="Note", default="")
    amount = SumColumn(verbose_name="Amount")
    state = ChoiceColumn(MEANINGS, accessor="state__label", verbose_name="State", orderable=False)
    taken_back_on = DateColumn(verbose_name="Taken back", default="")
    actions = ActionsColumn(actions)

    default_columns = ("receipt", "received_on", "code", "name", "method", "reference", "amount", "state")
    wide_columns = ("code", "method")

    class Meta(Table.Meta):
        model = Payment
        fields = ()

    def row_off(self, record: Any) -> bool:
        return record.state == PaymentState.TAKEN_BACK


class UnallocatedTable(Table):
    """Money in suspense with who it may be of."""

    receipt = LinkColumn(
        verbose_name="Receipt",
        attrs={"td": {"class": "text-nowrap"}, "tf": {"class": "fw-bold"}},
        footer="Sum",
    )
    received_on = DateColumn(verbose_name="Received", attrs={"td": {"class": "text-nowrap"}})
    method = Column(verbose_name="Method")
    reference = Column(verbose_name="Reference", default="")
    note = Column(verbose_name="Note", default="")
    amount = SumColumn(verbose_name="Amount")
    proposed = Column(empty_values=(), orderable=False, verbose_name="May be of")
    actions = ActionsColumn(actions)

    default_columns = ("receipt", "received_on", "method", "reference", "amount", "proposed")
    wide_columns = ("method",)

    class Meta(Table.Meta):
        model = Payment
        fields = ()

    def render_proposed(self, record: Payment) -> Any:
        url = reverse("billing:payment_assign", args=[record.pk])
        found = format_html_join(
            "",
            '<div><a href="{}?customer={}" data-modal>{}</a> <span class="text-secondary">{}</span></div>',
            ((url, one.customer.code, str(one.customer), one.why) for one in self._of(record)),
        )
        if not found:
            return format_html('<span class="text-secondary">{}</span>', "No clue in the reference")
        # One below the other on a phone, too, where a cell lays out its children side by side.
        return format_html("<div>{}</div>", found)

    def value_proposed(self, record: Payment) -> str:
        return "; ".join(map(str, self._of(record)))

    def _of(self, record: Payment) -> Sequence[Proposal]:
        """Asked once for all rows that are shown, or exported."""
        if not hasattr(self, "_proposals"):
            shown = self.page.object_list if hasattr(self, "page") else self.rows
            self._proposals = proposing.of_payments([row.record for row in shown], clock.now())
        return self._proposals.get(record.pk, ())


class LatestPaymentsTable(PaymentTable):
    """The last payments on a customer's profile."""

    class Meta(PaymentTable.Meta):
        exclude = ("code", "name", "reference", "note", "taken_back_on", "actions", "method")
        orderable = False
