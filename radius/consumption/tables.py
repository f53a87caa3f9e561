"""Usage as tables."""

from typing import Any, ClassVar

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from customers.models import Customer
from ispbilling.core.money import format_money
from ispbilling.core.parts import Button
from ispbilling.core.tables import (
    CLIP,
    NUMBER,
    ActionsColumn,
    Column,
    CountColumn,
    LinkColumn,
    MoneyColumn,
    OctetsColumn,
    Table,
    badge,
    url_or_none,
)
from ispbilling.core.units import counted, format_octets
from radius.accounts.models import DataAccount
from radius.accounts.states import RadiusStatus
from radius.accounts.tables import CustomerColumn, StatusColumn
from radius.consumption import limits
from radius.usage.totals import Total

TOTAL: dict[str, Any] = {**NUMBER, "tf": {"class": "text-end num fw-bold text-nowrap"}}
NOWRAP: dict[str, Any] = {"td": {"class": "text-nowrap"}}


def usage_url(customer: int, **query: Any) -> str:
    """The usage page of a customer: `month` or `year`, and `account` for one line."""
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return reverse("radius:usage_detail", args=[customer]) + (f"?{asked}" if asked else "")


class _Octets(OctetsColumn):
    """Octets that a function of the row gives; empty for None."""

    def __init__(self, octets: Any, **extra: Any) -> None:
        super().__init__(**{"empty_values": (), "orderable": False, **extra})
        self.octets = octets

    def render(self, record: Any) -> Any:
        found = self.octets(record)
        return "" if found is None else super().render(found)

    def value(self, record: Any) -> int | None:
        found: int | None = self.octets(record)
        return found


class CapColumn(_Octets):
    """What the package, or the bundle of that month, gave for the month."""

    def __init__(self, **extra: Any) -> None:
        super().__init__(lambda account: account.limit_monthly, verbose_name="Cap", attrs=NUMBER, **extra)

    def render(self, record: Any) -> Any:
        if record.prepaid:
            return "Prepaid"
        return "Uncapped" if record.limit_monthly is None else super().render(record)


def _bought(account: Any) -> int | None:
    """Top-ups and what rolled over; nothing for none (NAV-8)."""
    return (account.limit_topup + account.limit_rollover) or None


class PercentColumn(Column):
    """How much of cap and top-ups is used; marked when all of it is, empty when uncapped."""

    def __init__(self, **extra: Any) -> None:
        defaults = {"empty_values": (), "orderable": False, "verbose_name": "%", "attrs": NUMBER}
        super().__init__(**{**defaults, **extra})

    def render(self, record: DataAccount) -> Any:
        share = self.value(record)
        if share is None:
            return ""
        return badge(f"{share:,} %", "attention") if share >= 100 else f"{share} %"

    def value(self, record: DataAccount) -> int | None:
        limit = limits.of(record)
        return limit.percent if limit else None


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


class UsageColumn(OctetsColumn):
    """What a line used, leading to what it is made of."""

    def render(self, value: int, record: DataAccount, table: Any) -> SafeString:
        url = f"{reverse('radius:usage_explained', args=[record.pk])}?month={table.month.start:%Y-%m}"
        return format_html('<a href="{}">{}</a>', url, super().render(value))


class UsageTable(Table):
    """The Total Usage List (USE-2): one row per data account, and the total of all rows that match."""

    #: None where it is still to be added up.
    total: Total | None = None
    month: Any = None

    month_day = Column(empty_values=(), orderable=False, verbose_name="Month", footer="Total", attrs=NOWRAP)
    code = CustomerColumn(accessor="customer__code", verbose_name="Accounting Code")
    username = LinkColumn(footer=lambda table: counted(table.paginator.count, "account"), attrs=CLIP)
    customer = Column(accessor="customer__name", verbose_name="Customer")
    package = Column(accessor="package__title", verbose_name="Package")
    cap = CapColumn()
    topup = _Octets(_bought, verbose_name="Topup", attrs=NUMBER)
    used = UsageColumn(verbose_name="Usage", attrs=TOTAL, footer=total_octets)
    percent = PercentColumn()
    high_site = Column(accessor="customer__high_site", verbose_name="Highsite", default="")
    price = MoneyColumn(
        verbose_name="Monthly Cost",
        orderable=False,
        attrs=TOTAL,
        footer=lambda table: format_money(table.total.cost) if table.total else "",
    )
    radius_status = StatusColumn(attrs={"td": {"class": "cell-wrap"}})
    group = Column(accessor="customer__group", verbose_name="Customer Group")
    actions = ActionsColumn(lambda account: [])  # those of a row know the month: `row_actions`

    default_columns = (
        "month_day", "code", "username", "customer", "package", "cap", "topup", "used", "percent", "high_site",
        "price", "radius_status",
    )  # fmt: skip
    wide_columns = ("month_day", "code", "package", "cap", "topup", "high_site", "price", "group")

    class Meta(Table.Meta):
        model = DataAccount
        fields = ()
        attrs: ClassVar[dict[str, Any]] = {"class": f"{Table.Meta.attrs['class']} list-dense"}

    def render_month_day(self) -> str:
        return str(self.month.start)

    def value_month_day(self) -> Any:
        return self.month.start

    def row_url(self, record: DataAccount) -> str:
        return usage_url(record.customer_id, month=f"{self.month.start:%Y-%m}", account=record.pk)

    def render_actions(self, record: DataAccount) -> SafeString:
        return ActionsColumn(self.row_actions).render(record, self)

    def row_actions(self, account: DataAccount) -> list[Button]:
        """Usage, the profile, and its edit dialog: the shortcut from usage to the customer (S0 4)."""
        found = [Button("Usage", self.row_url(account), "chart-bar")]
        if profile := url_or_none("customers:customer_detail", account.customer_id):
            found.append(Button("Customer", profile, "user", "dark", "customers.view"))
        if edit := url_or_none("customers:customer_edit", account.customer_id):
            found.append(Button("Edit customer", edit, "pencil", permission="customers.edit", modal=True))
        return found

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
    high_site = Column(verbose_name="Highsite", default="")

    class Meta(Table.Meta):
        model = Customer
        fields = ()

    def render_month_day(self) -> str:
        return str(self.month.start)

    def value_month_day(self) -> Any:
        return self.month.start

    def row_url(self, record: Customer) -> str:
        return usage_url(record.pk, month=f"{self.month.start:%Y-%m}")
