"""Package changes as tables."""

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing.changes.previewing import Preview
from ispbilling.core import clock
from ispbilling.core.money import format_money
from ispbilling.core.parts import Button
from ispbilling.core.tables import (
    ActionsColumn,
    ChoiceColumn,
    Column,
    DateTimeColumn,
    LinkColumn,
    MoneyColumn,
    Table,
    url_or_none,
)
from ispbilling.core.units import format_octets
from radius.models import ChangeState, PackageChange

EDIT = "radius.accounts.edit"
NOWRAP = {"td": {"class": "text-nowrap"}}
STATES = {
    ChangeState.SCHEDULED: "info",
    ChangeState.APPLIED: "working",
    ChangeState.CANCELLED: "off",
    ChangeState.FAILED: "stopped",
    ChangeState.SUPERSEDED: "off",
    ChangeState.UNDONE: "off",
}


def actions(change: PackageChange) -> list[Button]:
    """The way back from where it stands."""

    def to(label: str, act: str, icon: str, look: str = "secondary") -> Button:
        url = reverse(f"billing:package_change_{act}", args=[change.pk])
        return Button(label, url, icon, look, EDIT, modal=True)

    if change.state == ChangeState.SCHEDULED:
        return [to("Cancel", "cancel", "x", "danger")]
    if change.state == ChangeState.APPLIED:
        return [to("Undo", "undo", "arrow-back-up")]
    if change.state == ChangeState.CANCELLED and change.activates_on > clock.local_day(clock.now()):
        return [to("Restore", "restore", "calendar-plus")]
    return []


def price_words(change: PackageChange) -> str:
    """What the line is to cost a month, as it was asked for."""
    if change.monthly_price is not None:
        return format_money(change.monthly_price)
    return "the package's" if change.package_price else "default"


class PackageChangeTable(Table):
    """All of it."""

    activates_on = LinkColumn(accessor="activates_on", verbose_name="Activation", attrs=NOWRAP)
    state = ChoiceColumn(STATES, verbose_name="Status")
    code = LinkColumn(
        url=lambda row: url_or_none("customers:customer_detail", row.data_account.customer_id),
        accessor="data_account__customer__code",
        verbose_name="Account Code",
    )
    customer = Column(accessor="data_account__customer__name", verbose_name="Customer")
    line = Column(accessor="data_account", linkify=True, verbose_name="RADIUS User")
    before = Column(verbose_name="From", orderable=False)
    to_package = Column(verbose_name="To")
    price = Column(empty_values=(), orderable=False, verbose_name="Monthly Price")
    topup_price = MoneyColumn(verbose_name="Top-up Price", default="")
    comment = Column(default="")
    reason = Column(default="")
    created_at = DateTimeColumn(verbose_name="Made")
    created_by = Column(verbose_name="By", default="")
    applied_at = DateTimeColumn(verbose_name="Applied", default="")
    closed_at = DateTimeColumn(verbose_name="Closed", default="")
    actions = ActionsColumn(actions)

    default_columns = (
        "activates_on", "state", "code", "customer", "line", "before", "to_package", "price", "comment", "created_by",
    )  # fmt: skip
    wide_columns = ("customer", "before", "price", "comment", "created_by")

    class Meta(Table.Meta):
        model = PackageChange
        fields = ()

    def render_price(self, record: PackageChange) -> str:
        return price_words(record)

    def value_price(self, record: PackageChange) -> str:
        return price_words(record)

    def row_off(self, record: PackageChange) -> bool:
        return record.state not in (ChangeState.SCHEDULED, ChangeState.APPLIED)


class LineChangesTable(PackageChangeTable):
    """A few of them, on the profile and on the page of a line."""

    change = Column(accessor="to_package", verbose_name="Change")

    class Meta(PackageChangeTable.Meta):
        exclude = (
            "code", "customer", "line", "before", "to_package", "price", "topup_price", "comment", "reason",
            "created_at", "created_by", "applied_at", "closed_at",
        )  # fmt: skip
        sequence = ("activates_on", "change", "state", "actions")
        orderable = False

    def render_change(self, record: PackageChange) -> SafeString:
        return format_html(
            "{} to {}<div class='text-secondary text-break'>{}</div>",
            record.before,
            record.to_package,
            record.data_account,
        )


class PreviewTable(Table):
    """What a line has before and after a change: rows are dicts of what, before and after."""

    what = Column(verbose_name="")
    before = Column()
    after = Column()

    class Meta(Table.Meta):
        orderable = False


class MoneyTable(Table):
    """Lines of invoices that a change brings: rows are `billing.recurring.charges.Charge`."""

    description = Column()
    total = MoneyColumn(accessor="price__total", verbose_name="Amount")

    class Meta(Table.Meta):
        orderable = False


def compared(preview: Preview) -> PreviewTable:
    """Speed, cap and price of a preview."""
    before, after = preview.before, preview.after
    used = "" if preview.used is None else f"; {format_octets(preview.used)} were used"

    def cap(octets: int | None) -> str:
        return "Uncapped" if octets is None else format_octets(octets)

    rows = [
        ("Speed", before.service.speed, after.service.speed),
        ("Cap a month", before.cap, after.cap),
        (f"Cap in {preview.month}", cap(preview.cap_before), cap(preview.cap_after) + used),
        ("Price a month", format_money(preview.price_before), format_money(preview.price_after)),
    ]
    return PreviewTable([{"what": what, "before": then, "after": now} for what, then, now in rows])
