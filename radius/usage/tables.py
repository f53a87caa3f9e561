"""Usage and sessions as tables."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_tables2 import A

from customers.models import Customer
from ispbilling.core import clock
from ispbilling.core.money import format_money
from ispbilling.core.parts import Button
from ispbilling.core.tables import (
    CLIP,
    NUMBER,
    ActionsColumn,
    Column,
    CountColumn,
    DateTimeColumn,
    LinkColumn,
    MoneyColumn,
    OctetsColumn,
    Table,
    badge,
    url_or_none,
)
from ispbilling.core.units import counted, format_octets, format_seconds
from radius.accounts.models import DataAccount
from radius.accounts.states import RadiusStatus
from radius.accounts.tables import CustomerColumn, StatusColumn
from radius.catalogue.tables import CapColumn
from radius.nas.tables import NasColumn
from radius.usage.models import Session
from radius.usage.totals import Total, percent

TOTAL: dict[str, Any] = {**NUMBER, "tf": {"class": "text-end num fw-bold text-nowrap"}}
NOWRAP: dict[str, Any] = {"td": {"class": "text-nowrap"}}


class PercentColumn(Column):
    """How much of the cap is used; marked when all of it is, empty when uncapped."""

    def __init__(self, **extra: Any) -> None:
        defaults = {"empty_values": (), "orderable": False, "verbose_name": "%", "attrs": NUMBER}
        super().__init__(**{**defaults, **extra})

    def render(self, record: DataAccount) -> Any:
        share = percent(record.used, record.package.cap_octets)
        if share is None:
            return ""
        return badge(f"{share:,} %", "attention") if share >= 100 else f"{share} %"

    def value(self, record: DataAccount) -> int | None:
        return percent(record.used, record.package.cap_octets)


def usage_actions(account: DataAccount) -> list[Button]:
    profile = url_or_none("customers:customer_detail", account.customer_id)
    edit = url_or_none("customers:customer_edit", account.customer_id)
    found = [Button("Usage", account.get_absolute_url(), "chart-bar")]
    if profile:
        found.append(Button("Customer", profile, "user", "dark", "customers.view"))
    if edit:
        found.append(Button("Edit customer", edit, "pencil", permission="customers.edit", modal=True))
    return found


def total_octets(table: Any) -> str | SafeString:
    """What all rows that match used; a long list asks for it when it is there, or by a click."""
    if table.total:
        return format_octets(table.total.octets)
    query = table.request.GET.copy()
    query["total"] = "1"
    return format_html(
        '<a href="?{0}" hx-get="?{0}" hx-trigger="load" hx-target="closest tfoot" hx-select="tfoot"'
        ' hx-swap="outerHTML" hx-push-url="false" aria-live="polite">Adding up…</a>',
        query.urlencode(),
    )


class UsageTable(Table):
    """The Total Usage List (USE-2): one row per data account, and the total of all rows that match."""

    #: None where it is still to be added up.
    total: Total | None = None
    month: Any = None

    month_day = Column(empty_values=(), orderable=False, verbose_name="Month", footer="Total", attrs=NOWRAP)
    code = CustomerColumn(accessor="customer__code", verbose_name="Accounting Code")
    username = LinkColumn(footer=lambda table: counted(table.paginator.count, "account"))
    customer = Column(accessor="customer__name", verbose_name="Customer")
    package = Column(accessor="package__title", verbose_name="Package")
    cap = CapColumn(accessor="package__cap_octets")
    used = OctetsColumn(verbose_name="Usage", attrs=TOTAL, footer=total_octets)
    percent = PercentColumn()
    high_site = Column(accessor="customer__high_site", verbose_name="High Site", default="")
    price = MoneyColumn(
        verbose_name="Monthly Cost",
        orderable=False,
        attrs=TOTAL,
        footer=lambda table: format_money(table.total.cost) if table.total else "",
    )
    radius_status = StatusColumn()
    actions = ActionsColumn(usage_actions)

    wide_columns = ("month_day", "code", "package", "cap", "high_site", "price")

    class Meta(Table.Meta):
        model = DataAccount
        fields = ()

    def render_month_day(self) -> str:
        return str(self.month.start)

    def value_month_day(self) -> Any:
        return self.month.start

    def row_off(self, record: DataAccount) -> bool:
        return record.radius_status in (RadiusStatus.CANCELLED, RadiusStatus.DISABLED)


class CustomerUsageTable(Table):
    """The quick total per customer (USE-3)."""

    month: Any = None

    month_day = Column(empty_values=(), orderable=False, verbose_name="Month", attrs=NOWRAP)
    code = LinkColumn(verbose_name="Accounting Code")
    name = Column(verbose_name="Customer")
    lines = CountColumn(verbose_name="Data Accounts")
    used = OctetsColumn(verbose_name="Usage")
    cost = MoneyColumn(verbose_name="Monthly Cost")
    high_site = Column(verbose_name="High Site", default="")

    class Meta(Table.Meta):
        model = Customer
        fields = ()

    def render_month_day(self) -> str:
        return str(self.month.start)

    def value_month_day(self) -> Any:
        return self.month.start

    def row_url(self, record: Customer) -> str:
        query = f"?customer={record.code}&state={self.month.start:%Y-%m}"
        return reverse("radius:usage_list") + query


class DurationColumn(Column):
    """`2d 03:04:05`: until the stop, or until now while the session is open; exported as seconds."""

    def __init__(self, **extra: Any) -> None:
        defaults = {
            "accessor": A("started_at"),
            "verbose_name": "Duration",
            "attrs": NUMBER,
            "orderable": False,
        }
        super().__init__(**{**defaults, **extra})

    def render(self, record: Session) -> str:
        return format_seconds(self.value(record))

    def value(self, record: Session) -> int:
        end: datetime = record.stopped_at or clock.now()
        return max(0, int((end - record.started_at).total_seconds()))


def session_actions(session: Session) -> list[Button]:
    return [Button("Session", session.get_absolute_url(), "eye")]


class SessionTable(Table):
    """Sessions that are open now."""

    username = LinkColumn()
    code = CustomerColumn(accessor="data_account__customer__code", verbose_name="Accounting Code")
    customer = Column(accessor="data_account__customer__name", verbose_name="Customer", attrs=CLIP)
    nas = NasColumn()
    framed_ip = LinkColumn(verbose_name="IP Address")
    calling_station_id = Column(verbose_name="Device (MAC)")
    started_at = DateTimeColumn(verbose_name="Started")
    updated_at = DateTimeColumn(verbose_name="Last Update")
    duration = DurationColumn()
    download_octets = OctetsColumn(verbose_name="Download")
    upload_octets = OctetsColumn(verbose_name="Upload")
    nas_port = Column(verbose_name="Port")
    acct_session_id = Column(verbose_name="Session ID")

    default_columns = (
        "username", "code", "customer", "nas", "framed_ip", "calling_station_id", "started_at", "duration",
        "download_octets", "upload_octets",
    )  # fmt: skip

    class Meta(Table.Meta):
        model = Session
        fields = ()


class PreviousSessionTable(SessionTable):
    """Sessions that have ended, and why."""

    stopped_at = DateTimeColumn(verbose_name="Ended")
    terminate_cause = Column(verbose_name="Cause")

    default_columns = (
        "username", "code", "nas", "framed_ip", "started_at", "stopped_at", "duration", "download_octets",
        "upload_octets", "terminate_cause",
    )  # fmt: skip

    class Meta(SessionTable.Meta):
        sequence = (
            "username",
            "code",
            "customer",
            "nas",
            "framed_ip",
            "calling_station_id",
            "started_at",
            "stopped_at",
            "...",
        )
