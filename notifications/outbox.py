"""What people do with messages: try again."""

from datetime import datetime

from django.db import transaction

from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from notifications.gathering import primary_contacts
from notifications.models import Channel, Message, MessageState
from notifications.wake import wake


def address_now(message: Message) -> str:
    """Where the message would go if it were tried again: where it was meant to go, or if that address is
    missing or was refused, what the customer's primary contact has now."""
    contact = (
        primary_contacts([message.customer_id]).get(message.customer_id) if message.customer_id else None
    )
    present = (contact.email if message.channel == Channel.EMAIL else contact.mobile) if contact else ""
    if message.to_address and (message.state != MessageState.GIVEN_UP or message.links):
        return message.to_address
    return present or message.to_address


def retry(message: Message, now: datetime, *, actor: User) -> Message:
    """Queue a message again that failed or was given up.

    Raises DomainError when it is sent or waiting its first turn, or when there is no address to send it to.
    """
    with transaction.atomic():
        locked = Message.objects.select_for_update(of=("self",), no_key=True).get(pk=message.pk)
        if locked.state not in (MessageState.FAILED, MessageState.GIVEN_UP):
            raise DomainError("It was sent meanwhile, or is about to be; reload the page.")
        address = address_now(locked)
        if not address:
            raise DomainError("There is still no address: add one to the customer's primary contact first.")
        locked.to_address = address
        locked.state, locked.attempts, locked.next_attempt_at = MessageState.QUEUED, 0, now
        locked.save(update_fields=["to_address", "state", "attempts", "next_attempt_at"])
        events.record("message.retried", locked, actor=actor, about=locked.customer, at=now, to=address)
        transaction.on_commit(lambda: wake("deliver"), robust=True)
    return locked
