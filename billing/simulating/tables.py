"""What the simulator found, as tables."""

from typing import Any

from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from ispbilling.core.money import format_money
from ispbilling.core.tables import Column, DateColumn, LinkColumn, MoneyColumn, Table, url_or_none


class ForecastTable(Table):
    """Invoices to come; rows are `billing.simulating.simulator.Forecast`."""

    period = Column(verbose_name="Period")
    issue_on = DateColumn(verbose_name="Invoice Date")
    due_on = DateColumn(accessor="bill__due_on", verbose_name="Due")
    bill = Column(verbose_name="What and why")
    total = MoneyColumn(verbose_name="Amount")

    wide_columns = ("bill",)

    class Meta(Table.Meta):
        orderable = False

    def render_bill(self, value: Any, record: Any) -> SafeString:
        told = [(charge.description, format_money(charge.price.total)) for charge in value.charges]
        if record.left_out:
            told.append((f"No invoice: {record.left_out}", ""))
        return format_html_join(
            "", '<div>{} <span class="text-secondary text-nowrap num">{}</span></div>', told
        )

    def row_off(self, record: Any) -> bool:
        return bool(record.left_out)


class EffectTable(Table):
    """Whom a change concerns; rows are dicts of customer, before, after and difference."""

    code = LinkColumn(
        url=lambda row: url_or_none("customers:customer_detail", row["customer"].pk),
        accessor="customer__code",
        verbose_name="Account Code",
    )
    name = Column(accessor="customer__name", verbose_name="Customer")
    before = MoneyColumn(verbose_name="As it is")
    after = MoneyColumn(verbose_name="With the change")
    difference = MoneyColumn()

    class Meta(Table.Meta):
        orderable = False
