"""Top-up groups and types as tables."""

from typing import Any

from django.urls import reverse

from ispbilling.core.parts import Button
from ispbilling.core.tables import (
    ActionsColumn,
    Column,
    CountColumn,
    LinkColumn,
    MoneyColumn,
    OctetsColumn,
    Table,
    badge,
)
from radius.topups.models import TopupGroup, TopupType

EDIT = "radius.catalogue.edit"


def group_actions(group: TopupGroup) -> list[Button]:
    edit, delete = (reverse(f"radius:topup_group_{verb}", args=[group.pk]) for verb in ("edit", "delete"))
    return [
        Button("Edit", edit, "pencil", "secondary", EDIT, True),
        Button("Delete", delete, "trash", "danger", EDIT, True),
    ]


def type_actions(type_: TopupType) -> list[Button]:
    verbs = ("edit", "clone", "deactivate" if type_.active else "activate", "delete")
    edit, clone, switch, delete = (reverse(f"radius:topup_{verb}", args=[type_.pk]) for verb in verbs)
    return [
        Button("Edit", edit, "pencil", "secondary", EDIT, True),
        Button("Clone", clone, "copy", "secondary", EDIT, True),
        Button("Stop Selling", switch, "ban", "danger", EDIT, True)
        if type_.active
        else Button("Sell Again", switch, "check", "secondary", EDIT, True),
        Button("Delete", delete, "trash", "danger", EDIT, True),
    ]


class GroupTable(Table):
    """What is offered together, with how much is in it and who may buy it."""

    title = LinkColumn()
    num_types = CountColumn(verbose_name="Top-ups")
    num_packages = CountColumn(verbose_name="Packages")
    actions = ActionsColumn(group_actions)

    class Meta(Table.Meta):
        model = TopupGroup
        fields = ()


class TypeTable(Table):
    """What is sold on top of packages."""

    title = Column()
    group = Column(linkify=True)
    octets = OctetsColumn(verbose_name="Data")
    price = MoneyColumn()
    validity = Column(verbose_name="Valid", order_by="validity_days")
    promotional = Column(verbose_name="Promotional")
    in_portal = Column(verbose_name="In the Portal")
    active = Column(verbose_name="State")
    actions = ActionsColumn(type_actions)

    default_columns = ("title", "group", "octets", "price", "validity", "in_portal", "active")

    class Meta(Table.Meta):
        model = TopupType
        fields = ()

    def render_active(self, value: bool) -> Any:
        return badge("Sold", "working") if value else badge("Not sold", "off")

    def value_active(self, value: bool) -> str:
        return "Sold" if value else "Not sold"

    def render_promotional(self, value: bool) -> str:
        return "Yes" if value else "No"

    def render_in_portal(self, value: bool) -> str:
        return "Yes" if value else "Staff only"

    def row_off(self, record: TopupType) -> bool:
        return not record.active
