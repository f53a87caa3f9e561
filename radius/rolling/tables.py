"""Transfers and consents as tables."""

from typing import Any

from django.urls import reverse

from ispbilling.core.parts import Button
from ispbilling.core.tables import (
    ActionsColumn,
    BlankFalseColumn,
    ChoiceColumn,
    Column,
    DateTimeColumn,
    LinkColumn,
    OctetsColumn,
    Table,
)
from radius.rolling.models import DataTransfer, OutOfBundleConsent

EDIT = "radius.accounts.edit"
TRANSFER = "radius.bundles.transfer"
CONSENT = "radius.bundles.consent"


def undo_button(row: DataTransfer) -> list[Button]:
    if row.undone_at is not None:
        return []
    url = reverse("radius:transfer_undo", args=[row.pk])
    return [Button("Take back", url, "arrow-back-up", permission=TRANSFER, modal=True)]


class TransferTable(Table):
    """Who gave whom how much."""

    at = DateTimeColumn(verbose_name="Time")
    giver = LinkColumn(
        accessor="from_bundle__data_account",
        url=lambda row: row.from_bundle.data_account.get_absolute_url(),
        verbose_name="From",
        order_by="from_bundle__data_account__username",
    )
    receiver = LinkColumn(
        accessor="to_bundle__data_account",
        url=lambda row: row.to_bundle.data_account.get_absolute_url(),
        verbose_name="To",
        order_by="to_bundle__data_account__username",
    )
    bundle = Column(accessor="from_bundle__title", verbose_name="Bundle")
    octets = OctetsColumn(verbose_name="Data")
    used = OctetsColumn(accessor="to_bundle__drawn_octets", verbose_name="Used of it")
    door = ChoiceColumn(verbose_name="Where")
    by = Column(verbose_name="By", default="System")
    note = Column(default="")
    undone_at = DateTimeColumn(verbose_name="Taken back", default="")
    actions = ActionsColumn(undo_button)
    wide_columns = ("door", "note", "used")

    class Meta(Table.Meta):
        model = DataTransfer
        fields = ()

    def row_url(self, record: Any) -> None:
        return None

    def row_off(self, record: DataTransfer) -> bool:
        return record.undone_at is not None


class ConsentTable(Table):
    """Every consent and withdrawal, the newest first."""

    at = DateTimeColumn(verbose_name="Time")
    line = LinkColumn(
        accessor="data_account",
        url=lambda row: row.data_account.get_absolute_url(),
        verbose_name="Data Account",
        order_by="data_account__username",
    )
    customer = LinkColumn(
        accessor="data_account__customer",
        url=lambda row: row.data_account.customer.get_absolute_url(),
        order_by="data_account__customer__name",
    )
    given = BlankFalseColumn(verbose_name="Consents")
    door = ChoiceColumn(verbose_name="Where")
    by = Column(verbose_name="By", default="System")
    words = Column(verbose_name="What was agreed", orderable=False)
    wide_columns = ("door", "words")

    class Meta(Table.Meta):
        model = OutOfBundleConsent
        fields = ()

    def row_url(self, record: Any) -> None:
        return None
