"""Usage Email and Usage SMS (USE-5): staff send a customer what it used, in the words they were shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from customers.models import Customer
from ispbilling.core import events
from ispbilling.core.clock import Period
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, Provider, User
from notifications.compose import Words, compose
from notifications.gathering import primary_contacts
from notifications.kinds import KINDS
from notifications.links import portal_url
from notifications.models import Channel
from notifications.rules import switches
from radius.consumption import summary

SENT = "usage.sent"
#: A button that was pressed twice is meant once.
SAME = timedelta(seconds=30)
#: Lines of a customer that a mail lists; more are told of together.
LINES = 20
_KIND = KINDS["usage_report"]


@dataclass(frozen=True, slots=True)
class Report:
    """What would be sent: to whom, and the facts its words are made of."""

    customer: Customer
    channel: str
    to: str
    name: str
    facts: Mapping[str, str]

    @property
    def words(self) -> Words:
        """As it will read."""
        provider = Provider.get()
        common = {
            "provider": provider.name,
            "provider_phone": provider.phone,
            "portal": portal_url(),
            "name": self.name,
            "code": self.customer.code,
        }
        return compose(_KIND, self.channel, {**common, **self.facts})


def report(customer: Customer, month: Period, channel: str, now: datetime) -> Report:
    """The usage of a customer in a month, ready to be looked at."""
    lines = summary.summary(customer, month, now)
    told = [f"{line.account.username}: {line.words}" for line in lines[:LINES]]
    if len(lines) > LINES:
        told.append(f"and {len(lines) - LINES} more")
    contact = primary_contacts([customer.pk]).get(customer.pk)
    to = (contact.email if channel == Channel.EMAIL else contact.mobile) if contact else ""
    facts = {
        "month": str(month),
        "summary": summary.together(lines),
        "lines": "\n".join(told) or "There was no data account in service.",
    }
    return Report(customer, channel, to, contact.name if contact else customer.name, facts)


def obstacles(of: Report) -> list[str]:
    """Why it cannot be sent now, as sentences."""
    word = "cell number" if of.channel == Channel.SMS else "e-mail address"
    found = []
    if not of.to:
        found.append(f"There is no {word}: add one to the primary contact first.")
    if of.channel == Channel.SMS and not settings.TWILIO_ACCOUNT_SID:
        found.append("No SMS provider is set up (TWILIO_ACCOUNT_SID).")
    if not switches()[_KIND.name, of.channel]:
        found.append(f"{_KIND.label} by {Channel(of.channel).label} is switched off under What is sent.")
    return found


def send(of: Report, now: datetime, *, actor: User | None) -> None:
    """Queue it; the same within half a minute is one. Raises DomainError when something is in the way."""
    if refused := obstacles(of):
        raise DomainError(refused[0])
    told = {"channel": str(of.channel), **of.facts}
    with transaction.atomic():
        Customer.objects.select_for_update(no_key=True).get(pk=of.customer.pk)
        last = Event.objects.filter(kind=SENT, subject_id=of.customer.pk, at__gt=now - SAME).last()
        if last is not None and told.items() <= last.data.items():
            return
        events.record(SENT, of.customer, actor=actor, about=of.customer, at=now, **told)
