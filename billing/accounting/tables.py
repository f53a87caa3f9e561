"""The exports as a table."""

from typing import Any

from django.urls import reverse

from billing.accounting.models import ExportState
from ispbilling.core.tables import (
    ChoiceColumn,
    Column,
    CountColumn,
    DateColumn,
    DateTimeColumn,
    LinkColumn,
    MoneyColumn,
    Table,
)

MEANINGS = {
    ExportState.WAITING.value: "info",
    ExportState.READY.value: "working",
    ExportState.FAILED.value: "stopped",
    ExportState.UNDONE.value: "off",
}


class ExportTable(Table):
    """One row per export, the newest first."""

    number = LinkColumn(verbose_name="Export", text=str)
    since = DateColumn(verbose_name="From")
    until = DateColumn(verbose_name="To")
    state = ChoiceColumn(MEANINGS, verbose_name="State")
    postings = CountColumn(verbose_name="Postings")
    lines = CountColumn(verbose_name="Lines")
    debit = MoneyColumn(verbose_name="Debit = Credit")
    grouping = Column(verbose_name="Journals")
    asked_at = DateTimeColumn(verbose_name="Asked For")
    asked_by = Column(verbose_name="By", default="System")

    default_columns = ("number", "since", "until", "state", "postings", "debit", "asked_at")
    wide_columns = ("lines", "grouping", "asked_by")

    class Meta(Table.Meta):
        pass


class CertificateTable(Table):
    """An export account by account, beside the trial balance of its days."""

    #: The days of the export; the page sets them.
    days: str = ""

    code = LinkColumn(accessor="account__code", verbose_name="Account")
    name = Column(accessor="account__name", verbose_name="Name")
    debit = MoneyColumn(verbose_name="Debit")
    credit = MoneyColumn(verbose_name="Credit")
    net = MoneyColumn(verbose_name="Movement")
    in_file = MoneyColumn(verbose_name="In the File")
    ties = ChoiceColumn(
        {"Ties": "working", "Does not tie": "stopped"}, accessor="verdict", verbose_name="Ties"
    )
    trial = MoneyColumn(verbose_name="Trial Balance")
    elsewhere = MoneyColumn(verbose_name="In Other Exports")
    left = MoneyColumn(verbose_name="Not Exported")

    default_columns = (
        "code",
        "name",
        "debit",
        "credit",
        "net",
        "in_file",
        "ties",
        "trial",
        "elsewhere",
        "left",
    )

    class Meta(Table.Meta):
        pass

    def row_url(self, record: Any) -> str | None:
        return reverse("billing:trial_account", args=[record.account.pk]) + self.days
