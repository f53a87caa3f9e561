"""The customer list (LST-3)."""

from decimal import Decimal
from typing import Any

import django_tables2 as tables
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from customers.accounts import listing
from customers.accounts.models import Customer
from ispbilling.core import clock
from ispbilling.core.parts import Button
from ispbilling.core.tables import (
    ActionsColumn,
    BadgesColumn,
    CountColumn,
    DateColumn,
    LinkColumn,
    MoneyColumn,
    Table,
    badge,
)

NOWRAP = {"th": {"class": "text-end"}, "td": {"class": "text-end num text-nowrap"}}
DIGITS = {"td": {"class": "num text-nowrap"}}
WHOLE = {"td": {"class": "text-nowrap"}}


def email(customer: Any) -> str:
    """The address of the primary contact."""
    contact = listing.primary(customer)
    return contact.email if contact else ""


MAIL = {"td": {"class": "cell-clip", "title": lambda record: email(record)}}
Rows = QuerySet[Customer]


def row_buttons(customer: Any) -> list[Button]:
    """Profile (the black one, NAV-11), edit, and delete or undelete (LST-8)."""

    def url(name: str) -> str:
        return reverse(f"customers:{name}", args=[customer.pk])

    profile = Button("Profile", url("customer_detail"), "user", "dark")
    edit = Button(
        "Edit", url("customer_edit") + "?from=list", "pencil", permission="customers.edit", modal=True
    )
    if any(word == "Deleted" for word, _ in listing.status(customer)):
        undelete = Button(
            "Undelete", url("customer_undelete"), "restore", permission="customers.delete", modal=True
        )
        return [profile, edit, undelete]
    delete = Button("Delete", url("customer_delete"), "trash", permission="customers.delete", modal=True)
    return [profile, edit, delete]


class CustomerTable(Table):
    group = tables.Column(verbose_name="Customer Group", order_by="group__title")
    billing_group = tables.Column(verbose_name="Billing Group", order_by="billing_group__title", default="")
    code = LinkColumn(verbose_name="Account Code", attrs=WHOLE)
    type = tables.Column(verbose_name="Type")
    name = tables.Column(verbose_name="Name")
    data_accounts = CountColumn(verbose_name="Data Accounts", accessor="line_count")
    phone = tables.Column(verbose_name="Phone", empty_values=(), attrs=DIGITS)
    email = tables.Column(verbose_name="Email", empty_values=(), attrs=MAIL)
    status = tables.Column(verbose_name="Status", empty_values=())
    categories = BadgesColumn(verbose_name="Categories")
    labels = BadgesColumn(verbose_name="Labels")
    contact_name = tables.Column(verbose_name="Contact Name", default="")
    mobile = tables.Column(verbose_name="Mobile", empty_values=(), attrs=DIGITS)
    physical_address = tables.Column(verbose_name="Address", default="")
    high_site = tables.Column(verbose_name="High Site", order_by="high_site__name", default="")
    master = tables.Column(
        verbose_name="Master Account", accessor="master__code", order_by="master__code", default=""
    )
    reseller = tables.Column(accessor="reseller__code", order_by="reseller__code", default="")
    external_id = tables.Column(verbose_name="External ID", default="")
    vat_number = tables.Column(verbose_name="VAT Number", default="")
    created_at = DateColumn(verbose_name="Added")
    balance = MoneyColumn(verbose_name="Balance", attrs=NOWRAP, accessor="pk")
    actions = ActionsColumn(row_buttons)

    default_columns = (
        "group",
        "billing_group",
        "code",
        "type",
        "name",
        "data_accounts",
        "phone",
        "email",
        "status",
        "categories",
        "balance",
    )
    wide_columns = (
        "group",
        "billing_group",
        "type",
        "data_accounts",
        "categories",
        "labels",
        "contact_name",
        "external_id",
        "high_site",
        "vat_number",
    )

    class Meta(Table.Meta):
        model = Customer
        fields = ()

    def row_off(self, record: Any) -> bool:
        return any(word != "Suspended" for word, _ in listing.status(record))

    def render_balance(self, record: Any, column: MoneyColumn) -> SafeString:
        return column.render(listing.balance(record))

    def value_balance(self, record: Any) -> Decimal:
        return listing.balance(record)

    def order_balance(self, rows: Rows, is_descending: bool) -> tuple[Rows, bool]:
        return listing.by_balance(rows, descending=is_descending), True

    def order_data_accounts(self, rows: Rows, is_descending: bool) -> tuple[Rows, bool]:
        return listing.by_lines(rows, descending=is_descending), True

    def order_phone(self, rows: Rows, is_descending: bool) -> tuple[Rows, bool]:
        return listing.by_contact(rows, "phone", descending=is_descending), True

    def order_email(self, rows: Rows, is_descending: bool) -> tuple[Rows, bool]:
        return listing.by_contact(rows, "email", descending=is_descending), True

    def order_mobile(self, rows: Rows, is_descending: bool) -> tuple[Rows, bool]:
        return listing.by_contact(rows, "mobile", descending=is_descending), True

    def order_status(self, rows: Rows, is_descending: bool) -> tuple[Rows, bool]:
        return listing.by_status(rows, clock.now(), descending=is_descending), True

    def render_phone(self, record: Any) -> str:
        contact = listing.primary(record)
        return record.phone or (contact.mobile if contact else "")

    def render_mobile(self, record: Any) -> str:
        contact = listing.primary(record)
        return contact.mobile if contact else ""

    def render_email(self, record: Any) -> str:
        return email(record)

    def render_status(self, record: Any) -> SafeString:
        words = [("VIP", "info")] if record.effective_vip else []
        return format_html_join(" ", "{}", ((badge(*word),) for word in words + listing.status(record)))

    def value_status(self, record: Any) -> str:
        words = ["VIP"] if record.effective_vip else []
        return ", ".join(words + [word for word, _ in listing.status(record)])
