"""Answered log-ins as a table."""

from typing import Any

from ispbilling.core.tables import Column, DateTimeColumn, LinkColumn, Table
from radius.accounts.tables import CustomerColumn
from radius.nas.tables import NasColumn
from radius.server.explaining import explained
from radius.server.models import AuthAttempt


class RejectTable(Table):
    """Who was refused or let in, when and why."""

    at = DateTimeColumn(verbose_name="Time", linkify=True)
    username = LinkColumn()
    code = Column(verbose_name="Reason", empty_values=())
    account_code = CustomerColumn(accessor="data_account__customer__code", verbose_name="Accounting Code")
    customer = Column(accessor="data_account__customer__name", verbose_name="Customer")
    nas = NasColumn()
    calling_station_id = Column(verbose_name="Device (MAC)")
    method = Column(verbose_name="Password")
    nas_port = Column(verbose_name="NAS Port")
    reject_code = Column(accessor="code", verbose_name="Reject Code")

    default_columns = ("at", "username", "code", "account_code", "customer", "nas", "calling_station_id")

    class Meta(Table.Meta):
        model = AuthAttempt
        fields = ()

    def render_code(self, value: str) -> Any:
        return explained(value)

    def value_code(self, value: str) -> str:
        return explained(value)
