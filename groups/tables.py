"""The lists of the groups' pages."""

from typing import Any
from urllib.parse import urlencode

import django_tables2 as tables
from django.urls import reverse

from groups.models import BillingGroup, Category, CustomerGroup, HighSite, Label
from ispbilling.core.parts import Button
from ispbilling.core.tables import (
    ActionsColumn,
    BlankFalseColumn,
    CountColumn,
    LinkColumn,
    NumberColumn,
    Table,
    badge,
    url_or_none,
)


def members_url(parameter: str, record: Any) -> str | None:
    """The customer list narrowed to the members, where this installation has that page."""
    url = url_or_none("customers:customer_list")
    return f"{url}?{urlencode({parameter: record.pk})}" if url else None


def group_actions(group: CustomerGroup) -> list[Button]:
    """Edit, switch and delete; what happens to the members is decided by the app that knows them."""

    def act(label: str, name: str, icon: str, permission: str) -> list[Button]:
        url = url_or_none(f"customers:{name}", group.pk)
        return [Button(label, url, icon, permission=permission, modal=True)] if url else []

    if group.deleted_at is not None:
        return act("Restore", "group_restore", "restore", "groups.delete")
    switch = (
        act("Disable", "group_disable", "player-pause", "groups.edit")
        if group.enabled
        else act("Enable", "group_enable", "player-play", "groups.edit")
    )
    edit = Button(
        "Edit", reverse("groups:group_edit", args=[group.pk]), "pencil", permission="groups.edit", modal=True
    )
    return [edit, *switch, *act("Delete", "group_delete", "trash", "groups.delete")]


class GroupTable(Table):
    """The columns of the guide (GRP-4); what is no or none stays blank (NAV-8)."""

    title = LinkColumn(verbose_name="Group Title")
    description = tables.Column(verbose_name="Group Description", default="")
    vip = BlankFalseColumn(verbose_name="VIP Customers")
    auto_data_rollover = BlankFalseColumn(verbose_name="Auto Data Rollover")
    suspensions_disabled = BlankFalseColumn(verbose_name="Suspensions Disabled")
    sync_to_accounting = BlankFalseColumn(verbose_name="Sync to Accounting System")
    due_days = NumberColumn(verbose_name="Days till Invoices Due", default="")
    num_customers = CountColumn(verbose_name="Num Customers")
    enabled = tables.Column(verbose_name="Status")
    actions = ActionsColumn(group_actions)

    default_columns = (
        "title",
        "description",
        "vip",
        "auto_data_rollover",
        "suspensions_disabled",
        "sync_to_accounting",
        "num_customers",
        "enabled",
    )

    class Meta(Table.Meta):
        model = CustomerGroup
        fields = ()

    def row_url(self, record: CustomerGroup) -> str | None:
        return members_url("group", record) if record.deleted_at is None else None

    def row_off(self, record: CustomerGroup) -> bool:
        return not record.enabled or record.deleted_at is not None

    def render_enabled(self, record: CustomerGroup) -> str:
        if record.deleted_at is not None:
            return badge("Deleted", "off")
        return badge("Enabled", "working") if record.enabled else badge("Disabled", "stopped")

    def value_enabled(self, record: CustomerGroup) -> str:
        return "Deleted" if record.deleted_at else "Enabled" if record.enabled else "Disabled"


def _edit(name: str) -> ActionsColumn:
    return ActionsColumn(
        lambda record: [
            Button(
                "Edit",
                reverse(f"groups:{name}", args=[record.pk]),
                "pencil",
                permission="groups.edit",
                modal=True,
            )
        ]
    )


class BillingGroupTable(Table):
    title = LinkColumn(verbose_name="Billing Group")
    debit_day = NumberColumn(verbose_name="Debit Day", default="")
    num_customers = CountColumn(verbose_name="Num Customers")
    actions = _edit("billing_group_edit")

    class Meta(Table.Meta):
        model = BillingGroup
        fields = ()

    def row_url(self, record: BillingGroup) -> str | None:
        return members_url("billing_group", record)


class CategoryTable(Table):
    title = LinkColumn(verbose_name="Category")
    colour = tables.Column()
    num_customers = CountColumn(verbose_name="Num Customers")
    actions = _edit("category_edit")

    class Meta(Table.Meta):
        model = Category
        fields = ()

    def row_url(self, record: Category) -> str | None:
        return members_url("categories", record)


class LabelTable(Table):
    title = LinkColumn(verbose_name="Label")
    colour = tables.Column()
    num_customers = CountColumn(verbose_name="Num Customers")
    actions = _edit("label_edit")

    class Meta(Table.Meta):
        model = Label
        fields = ()

    def row_url(self, record: Label) -> str | None:
        return members_url("labels", record)


class HighSiteTable(Table):
    name = LinkColumn(verbose_name="High Site")
    latitude = NumberColumn(default="")
    longitude = NumberColumn(default="")
    num_customers = CountColumn(verbose_name="Num Customers")
    actions = _edit("high_site_edit")

    class Meta(Table.Meta):
        model = HighSite
        fields = ()

    def row_url(self, record: HighSite) -> str | None:
        return members_url("high_site", record)
