"""Data accounts as a table."""

from typing import Any

from django.urls import reverse

from ispbilling.core.parts import Button
from ispbilling.core.tables import (
    ActionsColumn,
    Column,
    DateColumn,
    LinkColumn,
    MoneyColumn,
    Table,
    badge,
    url_or_none,
)
from radius.accounts.models import DataAccount
from radius.accounts.states import MEANINGS, RadiusStatus
from radius.catalogue.tables import CapColumn, SpeedColumn

EDIT = "radius.accounts.edit"


def actions(account: DataAccount) -> list[Button]:
    verb, icon, look = (
        ("unblock", "lock-open", "secondary") if account.blocked else ("block", "lock", "danger")
    )
    return [
        Button("Edit", _url("edit", account), "pencil", permission=EDIT, modal=True),
        Button(verb.title(), _url(verb, account), icon, look, EDIT, modal=True),
    ]


def _url(verb: str, account: DataAccount) -> str:
    return reverse(f"radius:data_account_{verb}", args=[account.pk])


class StatusColumn(Column):
    """The Radius Status (D-21) in its colour; needs `states.with_status`."""

    def __init__(self, **extra: Any) -> None:
        super().__init__(**{"accessor": "radius_status", "verbose_name": "Radius Status", **extra})

    def render(self, value: str) -> Any:
        return badge(RadiusStatus(value).label, MEANINGS[RadiusStatus(value)])

    def value(self, value: str) -> str:
        return str(RadiusStatus(value).label)


class CustomerColumn(Column):
    """The account code or name, leading to the customer's profile where that page exists."""

    def __init__(self, **extra: Any) -> None:
        super().__init__(**{"linkify": customer_url, **extra})


def customer_url(record: Any) -> str | None:
    """The profile of the customer a row belongs to."""
    account = record if isinstance(record, DataAccount) else record.data_account
    return url_or_none("customers:customer_detail", account.customer_id) if account else None


class DataAccountTable(Table):
    """The lines that authenticate."""

    username = LinkColumn()
    code = CustomerColumn(accessor="customer__code", verbose_name="Accounting Code")
    customer = Column(accessor="customer__name", verbose_name="Customer")
    medium = Column()
    package = Column(linkify=True)
    down_kbps = SpeedColumn(accessor="package__service__down_kbps", verbose_name="Speed Down")
    up_kbps = SpeedColumn(accessor="package__service__up_kbps", verbose_name="Speed Up")
    cap = CapColumn(accessor="package__cap_octets")
    price = MoneyColumn(verbose_name="Monthly Cost", orderable=False)
    radius_status = StatusColumn()
    framed_ip = Column(verbose_name="Static IP")
    mac_lock = Column()
    starts_on = DateColumn(verbose_name="First Day")
    ends_on = DateColumn(verbose_name="Last Day", default="open")
    actions = ActionsColumn(actions)

    default_columns = (
        "username",
        "code",
        "customer",
        "package",
        "down_kbps",
        "up_kbps",
        "cap",
        "price",
        "radius_status",
    )

    class Meta(Table.Meta):
        model = DataAccount
        fields = ()

    def row_off(self, record: DataAccount) -> bool:
        return record.radius_status in (RadiusStatus.CANCELLED, RadiusStatus.DISABLED)
