"""The outbox and the switches as tables."""

from typing import Any

from django.urls import reverse

from ispbilling.core.parts import Button
from ispbilling.core.tables import (
    ActionsColumn,
    ChoiceColumn,
    Column,
    DateTimeColumn,
    LinkColumn,
    NumberColumn,
    Table,
    badge,
    url_or_none,
)
from notifications.kinds import KINDS
from notifications.models import Channel, Message, MessageState

MEANINGS: dict[str, str] = {
    MessageState.QUEUED: "info",
    MessageState.FAILED: "attention",
    MessageState.SENT: "working",
    MessageState.GIVEN_UP: "stopped",
}


def actions(message: Message) -> list[Button]:
    if message.state not in (MessageState.FAILED, MessageState.GIVEN_UP):
        return []
    retry = reverse("notifications:message_retry", args=[message.pk])
    return [Button("Retry", retry, "refresh", permission="messages.send", modal=True)]


def customer_url(message: Message) -> str | None:
    """The customer's profile, where that page exists."""
    return url_or_none("customers:customer_detail", message.customer_id) if message.customer_id else None


class MessageTable(Table):
    """Every message, newest first, with what became of it."""

    created_at = DateTimeColumn(verbose_name="When")
    subject = LinkColumn(text=str, verbose_name="Message")
    kind = Column()
    customer = LinkColumn(
        url=customer_url, text=lambda message: str(message.customer or ""), order_by="customer__code"
    )
    to_address = Column(verbose_name="To", default="–")
    channel = Column()
    state = ChoiceColumn(MEANINGS)
    attempts = NumberColumn()
    error = Column(orderable=False)
    sent_at = DateTimeColumn(verbose_name="Sent")
    actions = ActionsColumn(actions)

    default_columns = ("created_at", "subject", "customer", "to_address", "channel", "state", "error")

    class Meta(Table.Meta):
        model = Message
        fields = ()

    def render_kind(self, value: str) -> str:
        return KINDS[value].label if value in KINDS else value

    def row_url(self, record: Message) -> str:
        return reverse("notifications:message_detail", args=[record.pk])


ICONS = {Channel.EMAIL: "mail", Channel.SMS: "message"}


def switch_actions(row: dict[str, Any]) -> list[Button]:
    """One switch per channel; what cannot be switched off has none."""
    found = []
    for channel, label, on, fixed in row["channels"]:
        if not fixed:
            url = reverse("notifications:rule_switch", args=[row["name"], channel])
            word = f"Switch {label} {'off' if on else 'on'}"
            icon = ICONS[channel] + ("-off" if on else "")
            found.append(Button(word, url, icon, permission="settings.edit", modal=True))
    return found


class RuleTable(Table):
    """Every kind of message and the channels it goes out by."""

    label = Column(verbose_name="Message", orderable=False)
    told = Column(verbose_name="Sent", orderable=False)
    email = Column(verbose_name="E-mail", orderable=False)
    sms = Column(verbose_name="SMS", orderable=False)
    actions = ActionsColumn(switch_actions)

    class Meta(Table.Meta):
        pass

    def row_url(self, record: dict[str, Any]) -> None:
        return None

    def render_email(self, value: bool) -> Any:
        return badge("On" if value else "Off", "working" if value else "off")

    render_sms = render_email
