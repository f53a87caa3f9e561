"""Tables of one customer's contacts and gates."""

from typing import Any

import django_tables2 as tables

from customers.accounts.listing import MEANINGS
from customers.accounts.models import Contact, Gate
from ispbilling.core.tables import BlankFalseColumn, ChoiceColumn, DateTimeColumn, Table


class ContactTable(Table):
    name = tables.Column(verbose_name="Contact Name")
    mobile = tables.Column(verbose_name="Mobile No", accessor="mobiles", order_by="mobile", default="")
    email = tables.Column(verbose_name="Email", accessor="emails", order_by="email", default="")
    primary = BlankFalseColumn(verbose_name="Primary")
    fixed_columns = ()

    class Meta(Table.Meta):
        model = Contact
        fields = ()

    def render_mobile(self, value: list[str]) -> str:
        return ", ".join(value)

    def render_email(self, value: list[str]) -> str:
        return ", ".join(value)


class GateTable(Table):
    kind = ChoiceColumn(dict(MEANINGS), verbose_name="What")
    since = DateTimeColumn(verbose_name="Since")
    until = DateTimeColumn(verbose_name="Until", default="still")
    reason = tables.Column(verbose_name="Reason", default="")
    closed_by = tables.Column(verbose_name="By", default="System")
    opened_by = tables.Column(verbose_name="Opened By", default="")
    fixed_columns = ()

    class Meta(Table.Meta):
        model = Gate
        fields = ()

    def row_off(self, record: Any) -> bool:
        return record.until is not None
