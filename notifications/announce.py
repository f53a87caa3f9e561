"""From events to messages: the courier that turns what happened into the outbox, each fact once.

Reads the events nobody has announced yet, writes their messages and marks them, all in one transaction per
chunk: an event is either announced with all its messages or not at all. Bulk is set-based: a month's invoices
take a handful of statements per thousand.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from ispbilling.core.models import Event, Provider
from ispbilling.core.plans import Plan, Step
from notifications.compose import compose
from notifications.gathering import Notice, gather
from notifications.kinds import BY_EVENT
from notifications.links import portal_url
from notifications.models import Channel, Message, MessageState
from notifications.rules import Switches, switches
from notifications.wake import wake

CHUNK = 1000


def announce(now: datetime) -> Plan:
    """Every event that has not been announced, and the message it leads to."""
    waiting = Event.objects.unannounced().order_by("pk").values_list("pk", "kind", "label")
    steps = [Step(pk, label, _action(kind), kind) for pk, kind, label in waiting]
    return Plan("announce", steps, _announce, chunk=CHUNK)


def _action(kind: str) -> str:
    known = BY_EVENT.get(kind)
    return f"send {known.label}" if known else "tell nobody"


def _announce(steps: Sequence[Step], now: datetime) -> int:
    """Write the messages of those events that are still unannounced, and mark them."""
    # Another worker's chunk is skipped, not waited for. No row of an append-only table is locked for update
    # of its key.
    events = list(
        Event.objects.unannounced()
        .filter(pk__in=[step.key for step in steps])
        .select_for_update(skip_locked=True, no_key=True)
        .order_by("pk")
    )
    notices = gather(events)
    if notices:
        Message.objects.bulk_create(_messages(notices, now), ignore_conflicts=True, batch_size=500)
        transaction.on_commit(lambda: wake("deliver"), robust=True)
    Event.objects.filter(pk__in=[event.pk for event in events]).update(announced_at=now)
    return len(events)


def _messages(notices: Sequence[Notice], now: datetime) -> list[Message]:
    on, provider = switches(), Provider.get()
    common = {
        "provider": provider.name,
        "provider_phone": provider.phone,
        "portal": portal_url(),
    }
    return [
        _message(notice, channel, copy, common, now)
        for notice in notices
        for channel in Channel.values
        if _wanted(notice, channel, on)
        for copy in range(1 + (len(notice.copies) if channel == Channel.EMAIL else 0))
    ]


def _wanted(notice: Notice, channel: str, on: Switches) -> bool:
    """E-mail is the channel of record: without an address it is written down as given up. A customer without
    a cell number simply gets no SMS (MSG-3)."""
    kind = BY_EVENT[notice.event.kind]
    if notice.only and channel != notice.only:
        return False
    return on[kind.name, channel] and (channel == Channel.EMAIL or bool(notice.addresses[channel]))


def _message(notice: Notice, channel: str, copy: int, common: dict[str, str], now: datetime) -> Message:
    """The message to the first address, or the numbered copy to a further one."""
    kind = BY_EVENT[notice.event.kind]
    words = compose(kind, channel, {**common, **notice.variables})
    address = notice.copies[copy - 1] if copy else notice.addresses[channel]
    return Message(
        dedupe_key=f"{notice.key}:{channel}" + (f":{copy}" if copy else ""),
        kind=kind.name,
        channel=channel,
        customer=notice.customer,
        event=notice.event,
        document_id=notice.document_id if channel == Channel.EMAIL else None,
        to_address=address,
        subject=words.subject,
        body_text=words.text,
        body_html=words.html,
        links=dict(notice.links),
        state=MessageState.QUEUED if address else MessageState.GIVEN_UP,
        next_attempt_at=now if address else None,
        error="" if address else "There is no e-mail address: add one to the primary contact, then Retry.",
        created_at=now,
    )
