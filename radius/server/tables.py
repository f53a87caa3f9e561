"""Rejected log-ins as a table."""

from typing import Any

from ispbilling.core.tables import Column, DateTimeColumn, LinkColumn, Table
from radius.accounts.tables import CustomerColumn
from radius.policy.codes import sentence
from radius.server.models import AuthAttempt


class RejectTable(Table):
    """Who was refused, when and why."""

    at = DateTimeColumn(verbose_name="Time", linkify=True)
    username = LinkColumn()
    code = Column(verbose_name="Reason")
    account_code = CustomerColumn(accessor="data_account__customer__code", verbose_name="Accounting Code")
    customer = Column(accessor="data_account__customer__name", verbose_name="Customer")
    nas = Column(
        linkify=lambda record: record.nas.get_absolute_url() if record.nas else None, verbose_name="NAS"
    )
    calling_station_id = Column(verbose_name="MAC")
    reject_code = Column(accessor="code", verbose_name="Reject Code")

    default_columns = ("at", "username", "code", "account_code", "customer", "nas", "calling_station_id")

    class Meta(Table.Meta):
        model = AuthAttempt
        fields = ()

    def render_code(self, value: str) -> Any:
        return sentence(value)

    def value_code(self, value: str) -> str:
        return sentence(value)
