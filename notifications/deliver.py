"""Drains the outbox: claim, send, mark.

Each message is one transaction: its row is locked (SKIP LOCKED, so that several workers share the queue),
sent while locked, and marked. The only way to send twice is a crash after the server took the message and
before the COMMIT that marks it; the lock is then gone and the message is tried again. E-mail keeps its
Message-ID over the attempts so that receivers can drop the second; Twilio offers no such key.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from customers.models import CustomerRequest
from ispbilling.core.models import User
from ispbilling.core.plans import Plan, Step
from notifications.attachments import papers
from notifications.channels import TRANSPORTS, Outgoing, Transport
from notifications.errors import DeliveryError
from notifications.links import answer_url, set_password_url
from notifications.models import Message, MessageState

log = structlog.get_logger(__name__)

#: Most messages one run of the sweep takes: what is left is the next tick's, and other workers'.
BATCH = 1000
#: Minutes to wait after the first, second ... failure; after the last the message is given up (about two
#: days).
BACK_OFF = (1, 5, 15, 60, 180, 360, 720, 1440)


def deliver(now: datetime) -> Plan:
    """The messages whose turn has come, oldest first."""
    due = Message.objects.waiting().filter(next_attempt_at__lte=now).order_by("next_attempt_at", "pk")
    steps = [
        Step(pk, f"{kind} to {to}", f"send by {channel}", f"attempt {attempts + 1}")
        for pk, kind, to, channel, attempts in due.values_list(
            "pk", "kind", "to_address", "channel", "attempts"
        )[:BATCH]
    ]
    return Plan("deliver", steps, _Delivery(len(steps)), chunk=1)


class _Delivery:
    """Sends the claimed messages over connections that are opened once and closed after the last step."""

    def __init__(self, steps: int) -> None:
        self.left = steps
        self.open: dict[str, Transport] = {}

    def __call__(self, steps: Sequence[Step], now: datetime) -> int:
        try:
            return sum(self.one(step.key, now) for step in steps)
        finally:
            self.left -= len(steps)
            if self.left <= 0:
                for transport in self.open.values():
                    transport.close()

    def one(self, pk: int, now: datetime) -> int:
        """Send one message unless another worker has it or has dealt with it."""
        message = (
            Message.objects.waiting()
            .filter(pk=pk, next_attempt_at__lte=now)
            .select_for_update(skip_locked=True, of=("self",), no_key=True)
            .first()
        )
        if message is None:
            return 0
        message.attempts += 1
        try:
            message.provider_id = self.transport(message.channel).send(outgoing(message, now))[:200]
        except DeliveryError as error:
            _failed(message, error, now)
        except Exception as error:  # noqa: BLE001 - one paper that cannot be rendered must not stand in the way
            log.exception("message_failed", message=message.pk, kind=message.kind)
            _failed(message, DeliveryError(f"{type(error).__name__}: {error}"), now)
        else:
            message.state, message.sent_at = MessageState.SENT, now
            message.next_attempt_at, message.error = None, ""
        message.save(
            update_fields=["attempts", "provider_id", "state", "sent_at", "next_attempt_at", "error"]
        )
        return 1

    def transport(self, channel: str) -> Transport:
        if channel not in self.open:
            self.open[channel] = TRANSPORTS[channel]()
        return self.open[channel]


def _failed(message: Message, error: DeliveryError, now: datetime) -> None:
    """Try again later, or give up."""
    message.error = str(error)[:300]
    if error.permanent or message.attempts > len(BACK_OFF):
        message.state, message.next_attempt_at = MessageState.GIVEN_UP, None
    else:
        message.state = MessageState.FAILED
        message.next_attempt_at = now + timedelta(minutes=BACK_OFF[message.attempts - 1])


def outgoing(message: Message, now: datetime) -> Outgoing:
    """The message as it leaves: one-time links made now, papers rendered now.

    Raises DeliveryError when what it has a link for is gone.
    """
    text, html = message.body_text, message.body_html
    for marker, target in message.links.items():
        link = _link(target, now)
        text, html = text.replace(marker, link), html.replace(marker, link)
    return Outgoing(
        key=message.dedupe_key,
        to=message.to_address,
        text=text,
        subject=message.subject,
        html=html,
        attachments=papers(message),
    )


def _link(target: int | str, now: datetime) -> str:
    """The link a marker stands for. Raises DeliveryError when it would be dead on arrival."""
    if isinstance(target, int):
        user = User.objects.filter(pk=target).first()
        if user is None:
            raise DeliveryError("The login it was for is gone.", permanent=True)
        return set_password_url(user)
    request = CustomerRequest.objects.filter(pk=int(target.removeprefix("request:"))).first()
    if request is None or not request.is_open(now):
        raise DeliveryError("The link was taken back, or it expired.", permanent=True)
    return answer_url(request)
