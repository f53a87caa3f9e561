"""Blanks what was written to a person and where to; that it was stays. Called by `ispbilling.protection.erasing`."""

from customers.models import Customer
from ispbilling.core.events import ERASED
from notifications.models import Message, MessageState


def erase(customer: Customer) -> dict[str, int]:
    """Blank the messages; those still waiting are given up. Rows per kind."""
    rows = Message.objects.filter(customer=customer)
    rows.waiting().update(state=MessageState.GIVEN_UP, next_attempt_at=None)
    return {
        "messages": rows.update(
            to_address="", subject=ERASED, body_text=ERASED, body_html="", links={}, error="", provider_id=""
        )
    }
