"""The lists of the groups' pages."""

from typing import Any
from urllib.parse import urlencode

import django_tables2 as tables
from django.urls import reverse
from django.utils.safestring import SafeString

from groups.models import BillingGroup, Category, CustomerGroup, HighSite, Label
from ispbilling.core.models import Event
from ispbilling.core.parts import Button
from ispbilling.core.tables import (
    ActionsColumn,
    BlankFalseColumn,
    CountColumn,
    DateTimeColumn,
    LinkColumn,
    NumberColumn,
    Table,
    badge,
    tag,
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


def _actions(noun: str) -> ActionsColumn:
    def buttons(record: Any) -> list[Button]:
        edit, delete = (reverse(f"groups:{noun}_{verb}", args=[record.pk]) for verb in ("edit", "delete"))
        return [
            Button("Edit", edit, "pencil", permission="groups.edit", modal=True),
            Button("Delete", delete, "trash", permission="groups.delete", modal=True),
        ]

    return ActionsColumn(buttons)


class ColourColumn(tables.Column):
    """The colour by name, as the mark will look."""

    def render(self, value: str, record: Any) -> SafeString:
        return tag(value, record.colour)

    def value(self, value: str) -> str:
        return str(value)


class BillingGroupTable(Table):
    title = LinkColumn(verbose_name="Billing Group")
    debit_day = NumberColumn(verbose_name="Debit Day", default="")
    num_customers = CountColumn(verbose_name="Num Customers")
    actions = _actions("billing_group")

    class Meta(Table.Meta):
        model = BillingGroup
        fields = ()

    def row_url(self, record: BillingGroup) -> str | None:
        return members_url("billing_group", record)


class CategoryTable(Table):
    title = LinkColumn(verbose_name="Category")
    colour = ColourColumn()
    num_customers = CountColumn(verbose_name="Num Customers")
    actions = _actions("category")

    class Meta(Table.Meta):
        model = Category
        fields = ()

    def row_url(self, record: Category) -> str | None:
        return members_url("categories", record)


class LabelTable(Table):
    title = LinkColumn(verbose_name="Label")
    colour = ColourColumn()
    num_customers = CountColumn(verbose_name="Num Customers")
    actions = _actions("label")

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
    num_nases = CountColumn(verbose_name="Num NASes")
    actions = _actions("high_site")

    class Meta(Table.Meta):
        model = HighSite
        fields = ()

    def row_url(self, record: HighSite) -> str | None:
        return members_url("high_site", record)


class RemovalTable(Table):
    """Deletions that can be taken back."""

    at = DateTimeColumn(verbose_name="Deleted")
    kind = tables.Column(verbose_name="What")
    label = tables.Column(verbose_name="Title")
    members = CountColumn(accessor="data__moved", verbose_name="Had It", orderable=False)
    target = tables.Column(accessor="data__target", verbose_name="Got Instead", default="", orderable=False)
    actor = tables.Column(verbose_name="By", default="System", orderable=False)
    actions = ActionsColumn(
        lambda event: [
            Button("Restore", reverse("groups:removal_undo", args=[event.pk]), "restore", modal=True)
        ]
    )

    class Meta(Table.Meta):
        model = Event
        fields = ()

    def row_url(self, record: Event) -> str | None:
        return None

    def render_kind(self, value: str) -> str:
        return value.removesuffix(".deleted").replace("_", " ").capitalize()

    def render_members(self, value: dict[str, list[int]]) -> str:
        count = self.value_members(value)
        return f"{count:,}" if count else ""

    def value_members(self, value: dict[str, list[int]]) -> int:
        return sum(map(len, value.values()))
