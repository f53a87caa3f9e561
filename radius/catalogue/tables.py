"""Services and packages as tables."""

from typing import Any

from django.urls import reverse
from django.utils.html import format_html

from ispbilling.core.parts import Button
from ispbilling.core.tables import (
    NUMBER,
    ActionsColumn,
    ChoiceColumn,
    Column,
    CountColumn,
    DateColumn,
    LinkColumn,
    MoneyColumn,
    Table,
    badge,
)
from ispbilling.core.units import format_kbps, spoken_seconds
from radius.catalogue.models import Authentication, CapKind, Package, Service

EDIT = "radius.catalogue.edit"


class SpeedColumn(Column):
    """`20 Mb/s`; exported as kbit/s."""

    def __init__(self, **extra: Any) -> None:
        super().__init__(**{"attrs": NUMBER, **extra})

    def render(self, value: int) -> str:
        return format_kbps(value)

    def value(self, value: int) -> int:
        return value


class CapColumn(Column):
    """`150.0 GB` or `Uncapped`; exported as octets, empty when uncapped."""

    def __init__(self, **extra: Any) -> None:
        super().__init__(**{"attrs": NUMBER, "empty_values": (), "verbose_name": "Cap", **extra})

    def render(self, record: Any, bound_column: Any) -> Any:
        package = record if isinstance(record, Package) else record.package
        if package.cap_octets is None:
            return "Uncapped"
        return format_html('<span title="{} octets">{}</span>', f"{package.cap_octets:,}", package.cap)

    def value(self, value: int | None) -> int | None:
        return value


def service_actions(service: Service) -> list[Button]:
    return [
        Button("Edit", reverse("radius:service_edit", args=[service.pk]), "pencil", "secondary", EDIT, True),
        Button("Clone", reverse("radius:service_clone", args=[service.pk]), "copy", "secondary", EDIT, True),
        Button("Delete", reverse("radius:service_delete", args=[service.pk]), "trash", "danger", EDIT, True),
    ]


class ServiceTable(Table):
    """The speeds, with how many packages and lines use each."""

    code = LinkColumn(verbose_name="Service Code")
    title = Column()
    down_kbps = SpeedColumn(verbose_name="Speed Down")
    up_kbps = SpeedColumn(verbose_name="Speed Up")
    authentication = ChoiceColumn({Authentication.ACCEPT: "working", Authentication.REJECT: "stopped"})
    expires_on = DateColumn(verbose_name="Expiry Date", default="never")
    package_count = CountColumn(verbose_name="Packages")
    users = CountColumn(verbose_name="Users")
    actions = ActionsColumn(service_actions)

    class Meta(Table.Meta):
        model = Service
        fields = ()

    def row_off(self, record: Service) -> bool:
        return record.authentication == Authentication.REJECT


def package_actions(package: Package) -> list[Button]:
    switch = (
        Button(
            "Deactivate", reverse("radius:package_deactivate", args=[package.pk]), "ban", "danger", EDIT, True
        )
        if package.active
        else Button(
            "Activate",
            reverse("radius:package_activate", args=[package.pk]),
            "check",
            "secondary",
            EDIT,
            True,
        )
    )
    edit = Button(
        "Edit", reverse("radius:package_edit", args=[package.pk]), "pencil", "secondary", EDIT, True
    )
    clone = Button(
        "Clone", reverse("radius:package_clone", args=[package.pk]), "copy", "secondary", EDIT, True
    )
    delete = Button(
        "Delete", reverse("radius:package_delete", args=[package.pk]), "trash", "danger", EDIT, True
    )
    return [edit, clone, switch, delete]


class LengthColumn(Column):
    """A length of time that was set, in words; exported as seconds."""

    def __init__(self, **extra: Any) -> None:
        super().__init__(**{"attrs": NUMBER, **extra})

    def render(self, value: int) -> str:
        return spoken_seconds(value) if value else "never"

    def value(self, value: int) -> int:
        return value


class PackageTable(Table):
    """What is sold, with what it really gives (D-17)."""

    title = LinkColumn()
    service = Column(linkify=True)
    down_kbps = SpeedColumn(accessor="service__down_kbps", verbose_name="Speed Down")
    up_kbps = SpeedColumn(accessor="service__up_kbps", verbose_name="Speed Up")
    cap_octets = CapColumn()
    cap_kind = ChoiceColumn(
        {CapKind.HARD: "attention", CapKind.SOFT: "info", CapKind.UNCAPPED: "off"}, verbose_name="Kind of Cap"
    )
    service_once_capped = Column(linkify=True, verbose_name="Service Once Capped")
    topup_group = Column(linkify=True, verbose_name="Top-ups")
    price = MoneyColumn()
    accounts = CountColumn(verbose_name="Data Accounts")
    name_check = Column(
        accessor="label_differences", orderable=False, verbose_name="Name Check", empty_values=([],)
    )
    session_timeout = LengthColumn(verbose_name="Session Timeout")
    interim_interval = LengthColumn(verbose_name="Accounting Updates")
    framed_pool = Column(verbose_name="Address Pool")
    active = Column(verbose_name="State")
    actions = ActionsColumn(package_actions)

    default_columns = (
        "title", "service", "down_kbps", "up_kbps", "cap_octets", "cap_kind", "price", "accounts", "name_check",
        "active",
    )  # fmt: skip

    class Meta(Table.Meta):
        model = Package
        fields = ()

    def render_name_check(self, value: list[str]) -> Any:
        return format_html('<span title="{}">{}</span>', " ".join(value), badge("Name differs", "attention"))

    def value_name_check(self, value: list[str]) -> str:
        return " ".join(value)

    def render_active(self, value: bool) -> Any:
        return badge("Active", "working") if value else badge("Inactive", "off")

    def value_active(self, value: bool) -> str:
        return "Active" if value else "Inactive"

    def row_off(self, record: Package) -> bool:
        return not record.active
