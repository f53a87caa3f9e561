"""The age analysis and the open items of one payer as tables."""

from typing import Any

from django.urls import reverse

from billing.ageing.buckets import Ages
from billing.allocating.tables import StateColumn
from ispbilling.core.money import format_money
from ispbilling.core.parts import Button
from ispbilling.core.tables import (
    NUMBER,
    ActionsColumn,
    BadgesColumn,
    Column,
    DateColumn,
    LinkColumn,
    MoneyColumn,
    Table,
    url_or_none,
)
from ispbilling.core.units import counted

TOTAL: dict[str, Any] = {**NUMBER, "tf": {"class": "text-end num fw-bold text-nowrap"}}


class AgeColumn(MoneyColumn):
    """The amount of one bucket, and at the foot that of all payers that match."""

    def __init__(self, heading: str, of: str, **extra: Any) -> None:
        super().__init__(
            verbose_name=heading,
            accessor=f"ages__{of}",
            attrs=TOTAL,
            footer=lambda table: format_money(getattr(table.totals, of)) if table.totals else "",
            **extra,
        )


def actions(row: Any) -> list[Button]:
    """What it consists of, and whom to call."""
    found = [Button("Open items", row.url, "list-details")]
    statement = reverse("billing:statement_detail", args=[row.pk])
    found.append(Button("Statement", statement, "file-text", permission="billing.statements.view"))
    if profile := url_or_none("customers:customer_detail", row.pk):
        found.append(Button("Profile", profile, "user", "dark", "customers.view"))
    return found


def contact(row: Any) -> Any:
    people = row.customer.primary_contacts
    return people[0] if people else None


class AgeTable(Table):
    """One row per payer; a click shows what the amounts consist of."""

    #: Of all rows that match; the page sets it.
    totals: Ages | None = None

    code = LinkColumn(
        accessor="customer__code",
        verbose_name="Account Code",
        attrs={"td": {"class": "text-nowrap"}, "tf": {"class": "fw-bold text-nowrap"}},
        footer=lambda table: counted(table.paginator.count, "payer"),
    )
    name = Column(accessor="customer__name", verbose_name="Customer")
    contact = Column(accessor="customer", verbose_name="Contact Name", default="")
    phone = Column(accessor="customer", verbose_name="Number", default="")
    email = Column(accessor="customer", verbose_name="E-mail", default="")
    group = Column(accessor="customer__group__title", verbose_name="Group")
    current = AgeColumn("Current", "current")
    days30 = AgeColumn("30 Days", "days30")
    days60 = AgeColumn("60 Days", "days60")
    days90 = AgeColumn("90 Days", "days90")
    days120 = AgeColumn("120+ Days", "days120")
    credit = AgeColumn("Unallocated Credit", "credit")
    overdue = AgeColumn("Past Due", "overdue")
    balance = AgeColumn("Balance", "balance")
    actions = ActionsColumn(actions)

    default_columns = (
        "code", "name", "phone", "current", "days30", "days60", "days90", "days120", "credit", "balance",
    )  # fmt: skip
    wide_columns = ("contact", "email", "group")

    class Meta(Table.Meta):
        pass

    def render_contact(self, record: Any) -> str:
        return record.customer.contact_name or (contact(record).name if contact(record) else "")

    def render_phone(self, record: Any) -> str:
        return record.customer.phone or (contact(record).mobile if contact(record) else "")

    def render_email(self, record: Any) -> str:
        return contact(record).email if contact(record) else ""


def item_actions(row: Any) -> list[Button]:
    if not row.may_be_pinned:
        return []
    url = reverse("billing:allocation_edit", args=[row.item.key])
    return [Button("Allocate", url, "arrows-exchange", permission="billing.allocations.edit", modal=True)]


class ItemTable(Table):
    """What a payer was charged and paid, what settles what, and what is open."""

    what = LinkColumn(url=lambda row: row.url, verbose_name="What", attrs={"td": {"class": "text-nowrap"}})
    served = Column(verbose_name="Service To", default="")
    posted_on = DateColumn(accessor="item__posted_on", verbose_name="Date")
    due_on = DateColumn(verbose_name="Due", default="")
    state = StateColumn(verbose_name="State")
    bucket = Column(verbose_name="Age", default="")
    amount = MoneyColumn(accessor="item__amount", verbose_name="Amount")
    open = MoneyColumn(verbose_name="Open")
    others = BadgesColumn(verbose_name="Settled With")
    actions = ActionsColumn(item_actions)

    default_columns = ("what", "posted_on", "due_on", "state", "bucket", "amount", "open", "others")
    wide_columns = ("served", "bucket")

    class Meta(Table.Meta):
        pass

    def row_url(self, record: Any) -> str | None:
        return record.url
