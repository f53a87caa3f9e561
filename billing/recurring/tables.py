"""Products, recurring lines and VAT rates as tables."""

from typing import Any

from django.urls import reverse

from billing.recurring.models import Product, RecurringLine, VatRate
from ispbilling.core import clock
from ispbilling.core.parts import Button
from ispbilling.core.tables import (
    ActionsColumn,
    BlankFalseColumn,
    Column,
    CountColumn,
    DateColumn,
    LinkColumn,
    MoneyColumn,
    NumberColumn,
    Table,
    url_or_none,
)
from radius.models import DataAccount


def actions(line: RecurringLine) -> list[Button]:
    """Edit, change from a day on, and end while it is open or reopen when it has a last day."""

    def act(label: str, name: str, icon: str, look: str = "") -> Button:
        url = reverse(f"billing:recurring_{name}", args=[line.pk])
        return Button(label, url, icon, look or "secondary", "billing.recurring.edit", modal=True)

    found = [act("Edit", "edit", "pencil"), act("Change from a day", "replace", "calendar-event")]
    if line.ends_on is None:
        return [*found, act("End", "end", "calendar-off", "danger")]
    return [*found, act("Reopen", "reopen", "calendar-plus")]


def add_line(account: DataAccount) -> Button:
    """The way to a recurring line for a data account, filled in from it."""
    url = f"{reverse('billing:recurring_add', args=[account.customer_id])}?data_account={account.pk}"
    return Button("Add recurring line", url, "plus", permission="billing.recurring.edit", modal=True)


class RecurringTable(Table):
    """What is charged again and again. Rows need `unit_price` (the price that applies)."""

    customer = LinkColumn(accessor="customer__code", verbose_name="Account Code")
    name = Column(accessor="customer__name", verbose_name="Customer")
    description = Column()
    product = Column(default="")
    data_account = Column(default="")
    quantity = NumberColumn()
    unit_price = MoneyColumn(verbose_name="Price")
    frequency = Column(verbose_name="Period")
    timing = Column(verbose_name="Charged")
    proration = Column(verbose_name="Part of a Period")
    gl_code = Column(verbose_name="GL Code", default="")
    discount = NumberColumn(verbose_name="Discount %")
    vat_exempt = BlankFalseColumn(verbose_name="VAT Exempt")
    starts_on = DateColumn(verbose_name="From")
    ends_on = DateColumn(verbose_name="To", default="")
    actions = ActionsColumn(actions)

    default_columns = (
        "customer",
        "name",
        "description",
        "data_account",
        "quantity",
        "unit_price",
        "frequency",
        "starts_on",
        "ends_on",
    )

    class Meta(Table.Meta):
        model = RecurringLine
        fields = ()

    def row_url(self, record: Any) -> str | None:
        return url_or_none("customers:customer_detail", record.customer_id)

    def row_off(self, record: Any) -> bool:
        return record.ends_on is not None and record.ends_on < clock.local_day(clock.now())


class CustomerLinesTable(RecurringTable):
    """The recurring lines of one customer, on the profile."""

    class Meta(RecurringTable.Meta):
        exclude = (
            "customer", "name", "product", "data_account", "quantity", "discount", "vat_exempt", "starts_on",
            "timing", "proration", "gl_code",
        )  # fmt: skip
        orderable = False

    def row_url(self, record: Any) -> None:
        return None

    def render_description(self, value: str, record: Any) -> str:
        return value if record.quantity == 1 else f"{record.quantity.normalize():f} x {value}"


class ProductTable(Table):
    """What can be sold. Rows need `lines`, how many open lines have it."""

    title = LinkColumn()
    price = MoneyColumn(default="The line's own")
    frequency = Column(verbose_name="Period")
    vat_exempt = BlankFalseColumn(verbose_name="VAT Exempt")
    gl_code = Column(verbose_name="GL Code", default="")
    income_account = Column(verbose_name="Income Account", default="")
    lines = CountColumn(verbose_name="Open Lines")
    active = BlankFalseColumn(verbose_name="Offered")

    class Meta(Table.Meta):
        model = Product
        fields = ()

    def row_off(self, record: Any) -> bool:
        return not record.active


class UnbilledTable(Table):
    """Data accounts that nobody is charged for, each with the way to change that."""

    customer = LinkColumn(
        url=lambda row: url_or_none("customers:customer_detail", row.customer_id),
        accessor="customer__code",
        verbose_name="Account Code",
    )
    name = Column(accessor="customer__name", verbose_name="Customer")
    username = Column(verbose_name="Data Account")
    package = Column()
    price = MoneyColumn(orderable=False, verbose_name="Price")
    starts_on = DateColumn(verbose_name="From")
    ends_on = DateColumn(verbose_name="To", default="")
    actions = ActionsColumn(lambda account: [add_line(account)])

    class Meta(Table.Meta):
        model = DataAccount
        fields = ()

    def row_url(self, record: Any) -> str | None:
        return url_or_none("radius:data_account_detail", record.pk)


class VatRateTable(Table):
    percent = NumberColumn(verbose_name="Percent")
    valid_from = DateColumn(verbose_name="Valid From")

    class Meta(Table.Meta):
        model = VatRate
        fields = ()
