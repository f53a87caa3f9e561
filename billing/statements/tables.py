"""The entries of a statement, and the statements that were mailed."""

from typing import Any

from billing.statements.figures import Entry
from billing.statements.models import StatementMailing, StatementRecipient
from ispbilling.core.tables import (
    BadgesColumn,
    Column,
    CountColumn,
    DateColumn,
    DateTimeColumn,
    LinkColumn,
    MoneyColumn,
    NumberColumn,
    Table,
)


class EntryTable(Table):
    """What happened, in the order it happened; it is read from top to bottom and not sorted."""

    on = DateColumn(verbose_name="Date", orderable=False, attrs={"td": {"class": "text-nowrap"}})
    what = LinkColumn(url=lambda entry: entry.url, verbose_name="What", orderable=False)
    served = Column(verbose_name="Service To", default="", orderable=False)
    settles = BadgesColumn(verbose_name="Settles")
    charged = MoneyColumn(verbose_name="Charged", default="", orderable=False)
    credited = MoneyColumn(verbose_name="Paid or Credited", default="", orderable=False)
    balance = MoneyColumn(verbose_name="Balance", orderable=False)

    wide_columns = ("served", "settles")

    class Meta(Table.Meta):
        pass

    def row_url(self, record: Entry) -> str | None:
        return record.url


class StillOpenTable(Table):
    """What of the closing balance is open."""

    what = LinkColumn(url=lambda row: row.url, verbose_name="What", orderable=False)
    posted_on = DateColumn(accessor="item__posted_on", verbose_name="Date", orderable=False)
    due_on = DateColumn(verbose_name="Due", default="", orderable=False)
    amount = MoneyColumn(accessor="item__amount", verbose_name="Amount", orderable=False)
    open = MoneyColumn(verbose_name="Open", orderable=False)

    class Meta(Table.Meta):
        pass

    def row_url(self, record: Any) -> str | None:
        return record.url


class MailingTable(Table):
    """Every time statements were sent to many. Rows need `to`, `told` and `unreachable`."""

    until = LinkColumn(verbose_name="To")
    since = DateColumn(verbose_name="From")
    who = Column(verbose_name="For")
    narrowed = Column(verbose_name="Groups", default="All")
    to = NumberColumn(verbose_name="Customers")
    told = CountColumn(verbose_name="Sent")
    unreachable = CountColumn(verbose_name="Without Address")
    drafted_at = DateTimeColumn(verbose_name="Made")
    sent_at = DateTimeColumn(verbose_name="Sent On", default="Draft")
    sent_by = Column(verbose_name="By", default="")

    wide_columns = ("narrowed", "unreachable", "drafted_at")

    class Meta(Table.Meta):
        model = StatementMailing
        fields = ()


class RecipientTable(Table):
    """To whom one mailing goes."""

    payer = LinkColumn(accessor="payer__code", verbose_name="Account Code")
    name = Column(accessor="payer__name", verbose_name="Customer")
    balance = MoneyColumn(verbose_name="Balance")
    overdue = MoneyColumn(verbose_name="Past Due")
    reachable = Column(verbose_name="E-mail")
    told_at = DateTimeColumn(verbose_name="Sent", default="")

    class Meta(Table.Meta):
        model = StatementRecipient
        fields = ()

    def render_reachable(self, value: bool) -> str:
        return "Yes" if value else "No address"

    def row_off(self, record: Any) -> bool:
        return not record.reachable
