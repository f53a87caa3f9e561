"""Who had it, as a table."""

from typing import Any

from django.db.models import Model

from ispbilling.core.tables import Column, DateColumn, DateTimeColumn, LinkColumn, Table
from radius.accounts.models import DataAccount
from radius.accounts.tables import CustomerColumn
from radius.nas.tables import NasColumn
from radius.usage.models import Session


def _prefixes(row: Any) -> str:
    return ", ".join(
        str(part) for part in (row.framed_ip, row.framed_ipv6_prefix, row.delegated_ipv6_prefix) if part
    )


class TraceTable(Table):
    """Sessions in the order in which they began; the database keeps the seconds."""

    customer = Column(
        accessor="data_account__customer__name", verbose_name="Customer", default="none of ours"
    )
    code = CustomerColumn(accessor="data_account__customer__code", verbose_name="Accounting Code")
    username = LinkColumn()
    nas = NasColumn(attrs={})
    addresses = Column(empty_values=(), verbose_name="Addresses")
    calling_station_id = Column(verbose_name="Device (MAC)")
    started_at = DateTimeColumn(verbose_name="From")
    stopped_at = DateTimeColumn(verbose_name="Until", default="still open")
    updated_at = DateTimeColumn(verbose_name="Last Heard")
    acct_session_id = Column(verbose_name="Session ID")

    class Meta(Table.Meta):
        model = Session
        fields = ()

    def render_addresses(self, record: Model) -> str:
        return _prefixes(record)


class StaticTable(Table):
    """Lines that have it for good."""

    customer = Column(accessor="customer__name", verbose_name="Customer")
    code = CustomerColumn(accessor="customer__code", verbose_name="Accounting Code")
    username = LinkColumn()
    addresses = Column(empty_values=(), verbose_name="Static Addresses")
    mac_lock = Column(verbose_name="MAC Lock")
    starts_on = DateColumn(verbose_name="First Day")
    ends_on = DateColumn(verbose_name="Last Day", default="open")

    class Meta(Table.Meta):
        model = DataAccount
        fields = ()

    def render_addresses(self, record: Model) -> str:
        return _prefixes(record)
