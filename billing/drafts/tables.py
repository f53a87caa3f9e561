"""Draft invoices as a table."""

from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.urls import reverse

from billing.drafts import writing
from billing.drafts.models import InvoiceDraft
from billing.recurring.models import BillingSettings
from billing.recurring.terms import vat_rate
from ispbilling.core import clock
from ispbilling.core.money import ZERO
from ispbilling.core.parts import Button
from ispbilling.core.tables import (
    ActionsColumn,
    Column,
    DateColumn,
    DateTimeColumn,
    LinkColumn,
    MoneyColumn,
    Table,
)


def actions(draft: InvoiceDraft) -> list[Button]:
    """What can be done with a draft that is not issued."""

    def of(label: str, name: str, icon: str, permission: str, look: str = "secondary") -> Button:
        url = reverse(f"billing:{name}", args=[draft.pk])
        return Button(label, url, icon, look, permission, modal=name != "draft_edit")

    return [
        of("Issue", "draft_issue", "send", "billing.documents.issue", "primary"),
        of("Edit", "draft_edit", "pencil", "billing.documents.draft"),
        of("Clone", "draft_clone", "copy", "billing.documents.draft"),
        of("Delete", "draft_delete", "trash", "billing.documents.draft", "danger"),
    ]


class DraftTable(Table):
    """Drafts that wait to be issued. Rows need their lines prefetched."""

    draft = LinkColumn(accessor="pk", text=str, verbose_name="Draft")
    customer = Column(accessor="customer__code", verbose_name="Account Code")
    name = Column(accessor="customer__name", verbose_name="Customer")
    issue_on = DateColumn(verbose_name="Invoice Date", default="When issued")
    total = MoneyColumn(verbose_name="Total", empty_values=(), orderable=False)
    created_at = DateTimeColumn(verbose_name="Written")
    created_by = Column(verbose_name="By", default="System")
    actions = ActionsColumn(actions)

    default_columns = ("draft", "customer", "name", "issue_on", "total", "created_by")
    wide_columns = ("created_by",)

    class Meta(Table.Meta):
        model = InvoiceDraft
        fields = ()

    @cached_property
    def _known(self) -> dict[str, Any]:
        """The settings, today, and the VAT rates asked for so far."""
        today = clock.local_day(clock.now())
        return {"settings": BillingSettings.get(), "today": today, "rates": {}}

    def _total(self, draft: InvoiceDraft) -> Decimal:
        rates: dict[date, Decimal] = self._known["rates"]
        on = draft.issue_on or self._known["today"]
        if on not in rates:
            rates[on] = vat_rate(on)
        items = writing.priced(writing.lines_of(draft), rates[on], self._known["settings"])
        return sum((item.total for item in items), ZERO)

    def render_total(self, record: InvoiceDraft, column: Any) -> Any:
        return MoneyColumn.render(column, self._total(record))

    def value_total(self, record: InvoiceDraft) -> Decimal:
        return self._total(record)
