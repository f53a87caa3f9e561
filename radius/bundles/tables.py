"""Bundles, and what was drawn from them, as tables."""

from typing import Any

from django.urls import reverse

from ispbilling.core import clock
from ispbilling.core.parts import Button
from ispbilling.core.tables import (
    ActionsColumn,
    Column,
    DateColumn,
    DateTimeColumn,
    LinkColumn,
    MoneyColumn,
    OctetsColumn,
    Table,
    badge,
)
from radius.accounts.tables import CustomerColumn
from radius.bundles.models import STATES, BundleKind, DataBundle

EDIT = "radius.accounts.edit"


def takeable(bundle: DataBundle) -> bool:
    """Whether there is anything of it to take back; the monthly cap comes with the package."""
    usable = bundle.state(clock.now()) in ("waiting", "later", "active")
    return usable and bundle.kind != BundleKind.MONTHLY


def actions(bundle: DataBundle) -> list[Button]:
    if not takeable(bundle):
        return []
    url = reverse("radius:bundle_void", args=[bundle.pk])
    return [Button("Take Back", url, "arrow-back-up", "danger", EDIT, True)]


class StateColumn(Column):
    """Whether data can be drawn from it now."""

    def __init__(self, **extra: Any) -> None:
        super().__init__(
            **{"empty_values": (), "orderable": False, "verbose_name": "State", "accessor": "pk", **extra}
        )

    def render(self, record: DataBundle) -> Any:
        return badge(*STATES[record.state(clock.now())])

    def value(self, record: DataBundle) -> str:
        return STATES[record.state(clock.now())][0]


class BundleTable(Table):
    """What lines hold, with how much of each is drawn."""

    title = LinkColumn(verbose_name="Bundle")
    data_account = Column(linkify=True, verbose_name="Username")
    code = CustomerColumn(accessor="data_account__customer__code", verbose_name="Accounting Code")
    customer = Column(accessor="data_account__customer__name", verbose_name="Customer")
    kind = Column()
    octets = OctetsColumn(verbose_name="Data")
    drawn_octets = OctetsColumn(verbose_name="Drawn")
    left_octets = OctetsColumn(verbose_name="Left", orderable=False)
    state = StateColumn()
    starts_at = DateTimeColumn(verbose_name="Starts", default="when used")
    expires_at = DateTimeColumn(verbose_name="Expires", default="never")
    price = MoneyColumn()
    created_at = DateTimeColumn(verbose_name="Granted")
    actions = ActionsColumn(actions)

    default_columns = (
        "title", "data_account", "code", "kind", "octets", "drawn_octets", "left_octets", "state", "expires_at",
    )  # fmt: skip

    class Meta(Table.Meta):
        model = DataBundle
        fields = ()

    def render_kind(self, value: str) -> str:
        return str(BundleKind(value).label) if value in BundleKind.values else value


class DrawTable(Table):
    """What was drawn on which day."""

    day = DateColumn()
    octets = OctetsColumn(verbose_name="Drawn")

    class Meta(Table.Meta):
        fields = ()
        orderable = False
