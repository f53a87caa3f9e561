"""Checkouts and deliveries as tables."""

from typing import Any

from django.utils.html import format_html

from billing.gateways import accounts, checkouts
from billing.gateways.models import Checkout, CheckoutState, GatewayDelivery, Outcome
from ispbilling.core import clock
from ispbilling.core.tables import (
    ChoiceColumn,
    Column,
    DateTimeColumn,
    LinkColumn,
    MoneyColumn,
    Table,
    badge,
)

STATES = {
    CheckoutState.OPEN: "info",
    CheckoutState.PAID: "working",
    CheckoutState.CANCELLED: "off",
    CheckoutState.FAILED: "stopped",
    CheckoutState.EXPIRED: "off",
}
OUTCOMES = {
    Outcome.POSTED: "working",
    Outcome.SUSPENSE: "attention",
    Outcome.RETURNED: "attention",
    Outcome.NOTED: "info",
    Outcome.REPEATED: "off",
    Outcome.REFUSED: "stopped",
    Outcome.LATER: "attention",
}


def state_words(checkout: Checkout) -> tuple[str, str]:
    """What the state is called, and its meaning: who waits for too long is told so."""
    if checkouts.is_unanswered(checkout, clock.now()):
        return "No answer", "attention"
    return checkout.get_state_display(), STATES[CheckoutState(checkout.state)]


class CheckoutTable(Table):
    """Who went to pay online."""

    created_at = DateTimeColumn(verbose_name="Started")
    payer = LinkColumn(
        text=lambda record: record.payer.code, order_by=("payer__code",), verbose_name="Account Code"
    )
    name = Column(accessor="payer__name", verbose_name="Customer")
    document = Column(accessor="document__reference", verbose_name="For", default="")
    amount = MoneyColumn(verbose_name="Amount")
    gateway = Column(verbose_name="Gateway")
    state = Column(verbose_name="State")
    receipt = Column(accessor="payment__receipt", verbose_name="Receipt", default="")
    finished_at = DateTimeColumn(verbose_name="Finished", default="")

    default_columns = ("created_at", "payer", "name", "document", "amount", "gateway", "state", "receipt")
    wide_columns = ("gateway", "document")

    class Meta(Table.Meta):
        model = Checkout
        fields = ()

    def row_off(self, record: Any) -> bool:
        return record.state in (CheckoutState.CANCELLED, CheckoutState.EXPIRED)

    def render_gateway(self, record: Checkout) -> Any:
        label = accounts.label(record.gateway)
        return format_html("{} {}", label, badge("Sandbox", "attention")) if record.sandbox else label

    def value_gateway(self, record: Checkout) -> str:
        return accounts.label(record.gateway) + (" (sandbox)" if record.sandbox else "")

    def render_state(self, record: Checkout) -> Any:
        return badge(*state_words(record))

    def value_state(self, record: Checkout) -> str:
        return state_words(record)[0]


class DeliveryTable(Table):
    """Every request that said to come from a gateway."""

    received_at = DateTimeColumn(verbose_name="Received")
    external_id = LinkColumn(text=lambda record: record.external_id or "none", verbose_name="Payment there")
    status = Column(verbose_name="It says", default="")
    amount = MoneyColumn(verbose_name="Amount", default="")
    fee = MoneyColumn(verbose_name="Fee", default="")
    payer = Column(accessor="checkout__payer", verbose_name="Customer", default="", orderable=False)
    outcome = ChoiceColumn(OUTCOMES, verbose_name="Outcome")
    reason = Column(verbose_name="Why", default="")
    source = Column(verbose_name="From")
    gateway = Column(verbose_name="Gateway")

    default_columns = ("received_at", "external_id", "status", "amount", "payer", "outcome", "reason")
    wide_columns = ("source",)

    class Meta(Table.Meta):
        model = GatewayDelivery
        fields = ()

    def row_off(self, record: Any) -> bool:
        return record.outcome == Outcome.REPEATED
