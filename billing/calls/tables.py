"""Calls, what waits among them, files of calls, numbers, models and rates as tables."""

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing.calls.models import (
    Call,
    CallImport,
    CallImportState,
    CallSettings,
    CallState,
    PhoneCostingModel,
    PhoneNumber,
    PhoneRate,
)
from billing.calls.numbers import clock, shown, spoken
from ispbilling.core.access import may
from ispbilling.core.money import CURRENCY
from ispbilling.core.parts import Button
from ispbilling.core.tables import (
    NUMBER,
    ActionsColumn,
    ChoiceColumn,
    Column,
    CountColumn,
    DateColumn,
    DateTimeColumn,
    LinkColumn,
    NumberColumn,
    SumColumn,
    Table,
    badge,
    url_or_none,
)

EDIT, RATES = "billing.calls.edit", "billing.settings.edit"


class PriceColumn(SumColumn):
    """An amount with the four decimals of prices; the sum at the foot has cents."""

    def render(self, value: Decimal) -> str:
        return f"{CURRENCY} {value:,.4f}"

    def value(self, value: Decimal) -> Decimal:
        return value


class IdentityColumn(Column):
    """A caller or called number, as people read it."""

    def __init__(self, **extra: Any) -> None:
        super().__init__(**{"attrs": {"td": {"class": "num text-nowrap"}}, **extra})

    def render(self, value: str, table: Any) -> str:
        return shown(value, table.country_code)

    def value(self, value: str, table: Any) -> str:
        return shown(value, table.country_code)


class LengthColumn(Column):
    """How long a call was; exported as seconds."""

    def __init__(self, **extra: Any) -> None:
        super().__init__(**{"attrs": NUMBER, **extra})

    def render(self, value: int) -> str:
        return clock(value)

    def value(self, value: int) -> int:
        return value


class TalkedColumn(LengthColumn):
    """The length of many calls."""

    def render(self, value: int) -> str:
        return spoken(value)


class CallsTable(Table):
    """What tables of calls share: the country code, read once."""

    @property
    def country_code(self) -> str:
        if not hasattr(self, "_code"):
            self._code = CallSettings.get().country_code
        return self._code


class CallTable(CallsTable):
    """Calls. Rows need their `number__customer` and `bill__document`."""

    started_at = DateTimeColumn(
        verbose_name="Started",
        footer="Sum",
        attrs={"td": {"class": "num text-nowrap"}, "tf": {"class": "fw-bold"}},
    )
    account = LinkColumn(
        url=lambda call: (
            url_or_none("customers:customer_detail", call.number.customer_id) if call.number else None
        ),
        accessor="number__customer__code",
        verbose_name="Account Code",
        default="",
    )
    customer = Column(accessor="number__customer__name", verbose_name="Customer", default="")
    caller = IdentityColumn(verbose_name="Caller")
    called = IdentityColumn(verbose_name="Called")
    destination = Column(verbose_name="Destination", default="")
    seconds = LengthColumn(verbose_name="Length")
    cost = PriceColumn(verbose_name="Carrier's Cost", default="")
    price = PriceColumn(verbose_name="Price before VAT", default="")
    state = Column(verbose_name="State", attrs={"td": {"class": "text-nowrap"}})
    reason = Column(verbose_name="Why Not", default="")
    document = LinkColumn(
        url=lambda call: url_or_none("billing:document_detail", call.bill.document_id) if call.bill else None,
        accessor="bill__document__reference",
        verbose_name="Invoice",
        default="",
    )
    imported_from = LinkColumn(
        url=lambda call: url_or_none("billing:call_import_detail", call.imported_from_id), verbose_name="File"
    )

    default_columns = (
        "started_at", "account", "caller", "called", "destination", "seconds", "price", "state", "document",
    )  # fmt: skip
    wide_columns = ("destination", "document")

    class Meta(Table.Meta):
        model = Call
        fields = ()

    def row_off(self, record: Any) -> bool:
        return record.state == CallState.LEFT_OUT

    def value_state(self, record: Call) -> str:
        return "Billed" if record.bill_id else record.get_state_display()

    def render_state(self, record: Call) -> SafeString:
        meaning = {CallState.RATED: "info", CallState.LEFT_OUT: "off"}.get(
            CallState(record.state), "attention"
        )
        return badge(self.value_state(record), "working" if record.bill_id else meaning)


class CallerTable(CallsTable):
    """Callers nobody knows: what to do about each. Rows are sums by caller."""

    caller = IdentityColumn(verbose_name="Caller")
    calls = CountColumn(verbose_name="Calls")
    talked = TalkedColumn(verbose_name="Talked")
    paid = PriceColumn(verbose_name="Carrier's Cost", default="")
    first = DateColumn(verbose_name="First", attrs={"td": {"class": "text-nowrap"}})
    last = DateColumn(verbose_name="Last", attrs={"td": {"class": "text-nowrap"}})
    remedy = Column(
        empty_values=(),
        orderable=False,
        verbose_name="What to do",
        exclude_from_export=True,
        accessor="caller",
    )

    wide_columns = ("first",)

    class Meta(Table.Meta):
        fields = ()

    def row_url(self, record: Any) -> str:
        return f"{reverse('billing:call_list')}?state=unknown&{urlencode({'caller': self._shown(record)})}"

    def render_remedy(self, record: Any) -> SafeString:
        if not may(self.request.user, EDIT):
            return format_html("Somebody who may edit numbers says whose it is")
        asked = urlencode({"number": self._shown(record)})
        leave_out = urlencode({"caller": record["caller"]})
        return format_html(
            '<div><a href="{}?{}" data-modal>Say whose it is</a>, or'
            ' <a href="{}?{}" data-modal>leave its calls out</a></div>',
            reverse("billing:phone_number_assign"), asked, reverse("billing:caller_leave_out"), leave_out,
        )  # fmt: skip

    def _shown(self, record: Any) -> str:
        return shown(record["caller"], self.country_code)


class UnratedTable(CallsTable):
    """Destinations without a rate, by model and the first digits. Rows are sums."""

    begins = IdentityColumn(verbose_name="Begins with")
    example = IdentityColumn(verbose_name="Such as")
    model_title = Column(
        verbose_name="Phone Costing Model", default="None", accessor="model_title", orderable=False
    )
    customers = CountColumn(verbose_name="Customers")
    calls = CountColumn(verbose_name="Calls")
    talked = TalkedColumn(verbose_name="Talked")
    last = DateColumn(verbose_name="Last", attrs={"td": {"class": "text-nowrap"}})
    remedy = Column(
        empty_values=(),
        orderable=False,
        verbose_name="What to do",
        exclude_from_export=True,
        accessor="begins",
    )

    wide_columns = ("example", "last")

    class Meta(Table.Meta):
        fields = ()

    def row_url(self, record: Any) -> str:
        return f"{reverse('billing:call_list')}?state=unrated&{urlencode({'called': record['begins']})}"

    def render_model_title(self, record: Any) -> str:
        return str(record["model_title"] or "None")

    def render_remedy(self, record: Any) -> SafeString:
        if not may(self.request.user, RATES):
            return format_html("Somebody who may edit rates adds one")
        if record["model"] is None:
            return format_html(
                '<div><a href="{}?tab=calls" data-modal>Choose a default model</a>, or give the customer one</div>',
                reverse("billing:settings_edit"),
            )
        if not record["begins"].isdigit():
            return format_html("It is no number: open its calls and leave them out")
        return format_html(
            '<a href="{}?{}" data-modal>Add a rate</a>',
            reverse("billing:phone_rate_add", args=[record["model"]]), urlencode({"prefix": record["begins"]}),
        )  # fmt: skip


class CallImportTable(Table):
    """Files of calls, and what came of them."""

    name = LinkColumn(verbose_name="File")
    created_at = DateTimeColumn(verbose_name="Uploaded")
    created_by = Column(verbose_name="By", default="")
    rows = CountColumn(verbose_name="Rows")
    added = CountColumn(verbose_name="Calls Added")
    known = CountColumn(verbose_name="Imported Before")
    unanswered = CountColumn(verbose_name="Not Answered")
    bad = CountColumn(verbose_name="Not Readable")
    state = ChoiceColumn(
        {
            CallImportState.PREVIEWED: "attention",
            CallImportState.READING: "info",
            CallImportState.READ: "working",
            CallImportState.UNDONE: "off",
        },
        verbose_name="State",
    )

    wide_columns = ("created_by", "unanswered")

    class Meta(Table.Meta):
        model = CallImport
        fields = ()

    def row_off(self, record: Any) -> bool:
        return record.state == CallImportState.UNDONE


def number_actions(number: PhoneNumber) -> list[Button]:
    delete = reverse("billing:phone_number_delete", args=[number.pk])
    return [Button("Delete", delete, "trash", "danger", EDIT, modal=True)]


class PhoneNumberTable(Table):
    """Who has which number."""

    label = LinkColumn(verbose_name="Number or Extension")
    account = LinkColumn(
        url=lambda number: url_or_none("customers:customer_detail", number.customer_id),
        accessor="customer__code",
        verbose_name="Account Code",
    )
    customer = Column(accessor="customer__name", verbose_name="Customer")
    description = Column(verbose_name="Description", default="")
    starts_on = DateColumn(verbose_name="First Day", attrs={"td": {"class": "text-nowrap"}})
    ends_on = DateColumn(verbose_name="Last Day", default="", attrs={"td": {"class": "text-nowrap"}})
    actions = ActionsColumn(number_actions)

    wide_columns = ("description", "starts_on")

    class Meta(Table.Meta):
        model = PhoneNumber
        fields = ()


def model_actions(model: PhoneCostingModel) -> list[Button]:
    delete = reverse("billing:phone_costing_delete", args=[model.pk])
    return [Button("Delete", delete, "trash", "danger", RATES, modal=True)]


class PhoneModelTable(Table):
    """Rows need `rated`, how many rates it has, `had`, how many customers, and `is_default`."""

    title = LinkColumn()
    markup = NumberColumn(verbose_name="Markup", default="By rates alone")
    rated = CountColumn(verbose_name="Rates")
    had = CountColumn(verbose_name="Customers")
    is_default = Column(verbose_name="Default", orderable=False, empty_values=())
    actions = ActionsColumn(model_actions)

    class Meta(Table.Meta):
        model = PhoneCostingModel
        fields = ()

    def render_markup(self, value: Decimal) -> str:
        return f"{value.normalize():f} %"

    def render_is_default(self, record: Any) -> str:
        return "Yes: for customers without one" if record.is_default else ""

    def value_is_default(self, record: Any) -> str:
        return "Yes" if record.is_default else ""


def rate_actions(rate: PhoneRate) -> list[Button]:
    delete = reverse("billing:phone_rate_delete", args=[rate.pk])
    return [Button("Delete", delete, "trash", "danger", RATES, modal=True)]


class PhoneRateTable(Table):
    """The rates of a model."""

    prefix = LinkColumn(
        url=lambda rate: reverse("billing:phone_rate_edit", args=[rate.pk]), verbose_name="Prefix"
    )
    destination = Column()
    per_minute = PriceColumn(verbose_name="Per Minute")
    connection_fee = PriceColumn(verbose_name="Connection Fee")
    increments = Column(
        empty_values=(), order_by=("first_seconds", "next_seconds"), verbose_name="Increments", accessor="pk"
    )
    minimum_charge = PriceColumn(verbose_name="Minimum")
    actions = ActionsColumn(rate_actions)

    wide_columns = ("connection_fee", "minimum_charge")

    class Meta(Table.Meta):
        model = PhoneRate
        fields = ()

    def row_url(self, record: Any) -> str:
        return reverse("billing:phone_rate_edit", args=[record.pk])

    def render_increments(self, record: PhoneRate) -> str:
        return f"{record.first_seconds} s, then {record.next_seconds} s"

    value_increments = render_increments
