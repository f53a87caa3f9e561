"""Top-up sales, automatic top-ups and switches as tables."""

from typing import Any

from django.urls import reverse

from billing.data_sales.models import AutoTopup, PrepaidSwitch, SaleState, SwitchState, TopupSale
from ispbilling.core.parts import Button
from ispbilling.core.tables import (
    ActionsColumn,
    ChoiceColumn,
    Column,
    DateColumn,
    DateTimeColumn,
    LinkColumn,
    MoneyColumn,
    OctetsColumn,
    SumColumn,
    Table,
    badge,
)

SELL = "billing.data_sales.sell"
UNDO = "billing.data_sales.undo"
SWITCH = "billing.data_sales.switch"
WORDS = {"Sold": "working", "Paid": "working", "Waiting for payment": "info", "Failed": "attention"}


def sale_actions(sale: TopupSale) -> list[Button]:
    if sale.state != SaleState.SOLD:
        return []
    url = reverse("billing:topup_sale_undo", args=[sale.pk])
    return [Button("Undo", url, "arrow-back-up", "danger", UNDO, modal=True)]


def auto_actions(row: AutoTopup) -> list[Button]:
    found = [
        Button(
            "Edit" if row.active else "Switch On",
            reverse("billing:auto_topup_edit", args=[row.pk]),
            "pencil",
            permission=SELL,
            modal=True,
        )
    ]
    if row.active:
        off = reverse("billing:auto_topup_off", args=[row.pk])
        found.append(Button("Switch Off", off, "player-stop", "danger", SELL, modal=True))
    return found


def switch_actions(row: PrepaidSwitch) -> list[Button]:
    if row.state != SwitchState.SCHEDULED:
        return []
    url = reverse("billing:prepaid_switch_cancel", args=[row.pk])
    return [Button("Cancel", url, "x", "danger", SWITCH, modal=True)]


class _OfLines(Table):
    code = LinkColumn(
        text=lambda record: record.data_account.customer.code,
        url=lambda record: record.data_account.customer.get_absolute_url(),
        order_by=("data_account__customer__code",),
        verbose_name="Account Code",
        empty_values=(),
    )
    name = Column(accessor="data_account__customer__name", verbose_name="Customer")
    line = Column(accessor="data_account__username", verbose_name="Data Account")

    class Meta(Table.Meta):
        pass


class LatestSalesTable(Table):
    """A customer's or a line's last top-ups."""

    asked_at = DateTimeColumn(verbose_name="When")
    title = Column(verbose_name="Top-up")
    total = MoneyColumn(verbose_name="Price")
    state = Column(verbose_name="State", accessor="status", orderable=False)

    class Meta(Table.Meta):
        model = TopupSale
        fields = ()

    def render_state(self, value: str) -> Any:
        return badge(value, WORDS.get(value, "off"))

    def row_off(self, record: TopupSale) -> bool:
        return record.state == SaleState.UNDONE


class SaleTable(_OfLines):
    """What was sold on top of packages."""

    asked_at = DateTimeColumn(verbose_name="When", footer="Sum")
    title = Column(verbose_name="Top-up")
    octets = OctetsColumn(verbose_name="Data")
    way = Column(verbose_name="Sold by")
    total = SumColumn(verbose_name="Price")
    document = Column(accessor="document__reference", verbose_name="Invoice", default="")
    asked_by = Column(verbose_name="By", default="")
    state = Column(verbose_name="State", accessor="status", order_by="state")
    actions = ActionsColumn(sale_actions)

    default_columns = (
        "asked_at",
        "code",
        "name",
        "line",
        "title",
        "octets",
        "way",
        "total",
        "document",
        "state",
    )
    wide_columns = ("document", "way")

    class Meta(Table.Meta):
        model = TopupSale
        fields = ()
        sequence = ("asked_at", "code", "name", "line", "...")

    def render_state(self, value: str) -> Any:
        return badge(value, WORDS.get(value, "off"))

    def value_state(self, value: str) -> str:
        return value

    def row_off(self, record: TopupSale) -> bool:
        return record.state == SaleState.UNDONE


class AutoTable(_OfLines):
    """Lines that buy by themselves."""

    topup_type = Column(verbose_name="Buys")
    when_left_octets = OctetsColumn(verbose_name="When Less Is Left")
    limit = MoneyColumn(verbose_name="Limit a Month")
    bought = MoneyColumn(verbose_name="Bought This Month")
    state = Column(accessor="active", verbose_name="State")
    stopped_reason = Column(verbose_name="Why", default="")
    actions = ActionsColumn(auto_actions)

    class Meta(Table.Meta):
        model = AutoTopup
        fields = ()

    def render_state(self, value: bool, record: Any) -> Any:
        if value:
            return badge("On", "working") if record.consent else badge("Consent withdrawn", "off")
        return badge("Stopped", "attention") if record.stopped_reason else badge("Off", "off")

    def value_state(self, value: bool) -> str:
        return "On" if value else "Off"

    def row_off(self, record: AutoTopup) -> bool:
        return not record.active


class SwitchTable(_OfLines):
    """Lines that became prepaid or monthly again, or will."""

    effective_on = DateColumn(verbose_name="From", attrs={"td": {"class": "text-nowrap"}})
    becomes = Column(accessor="words", verbose_name="Becomes", orderable=False)
    state = ChoiceColumn(
        {
            SwitchState.SCHEDULED: "info",
            SwitchState.APPLIED: "working",
            SwitchState.CANCELLED: "off",
            SwitchState.FAILED: "attention",
        },
        verbose_name="State",
    )
    credited = MoneyColumn(verbose_name="Credited")
    leftover = Column(verbose_name="Data Kept", default="", orderable=False)
    comment = Column(verbose_name="Comment", default="")
    reason = Column(verbose_name="Reason", default="")
    created_by = Column(verbose_name="By", default="")
    actions = ActionsColumn(switch_actions)

    default_columns = (
        "effective_on",
        "code",
        "name",
        "line",
        "becomes",
        "state",
        "credited",
        "leftover",
        "comment",
    )

    class Meta(Table.Meta):
        model = PrepaidSwitch
        fields = ()
        sequence = ("effective_on", "code", "name", "line", "...")

    def row_off(self, record: PrepaidSwitch) -> bool:
        return record.state == SwitchState.CANCELLED
