"""Who is told what: the catalogue's defaults, overridden by the switches staff set."""

from collections.abc import Mapping

from django.conf import settings
from django.db import transaction

from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from notifications.kinds import CATALOGUE, Kind
from notifications.models import Channel, Rule

Switches = Mapping[tuple[str, str], bool]


def switches() -> Switches:
    """Whether each kind goes out by each channel, as (kind, channel) -> on."""
    stored = {(rule.kind, rule.channel): rule.enabled for rule in Rule.objects.all()}
    return {
        (kind.name, channel): stored.get((kind.name, channel), kind.default(channel))
        for kind in CATALOGUE
        for channel in Channel.values
    }


def switch(kind: Kind, channel: str, enabled: bool, actor: User | None) -> None:
    """Turn a kind on or off for a channel.

    Raises DomainError for an essential mail, and for SMS while no provider is set up.
    """
    if kind.essential and channel == Channel.EMAIL and not enabled:
        raise DomainError(f"{kind.label} cannot be switched off: without it people cannot log in.")
    if enabled and channel == Channel.SMS and not settings.TWILIO_ACCOUNT_SID:
        raise DomainError(
            "No SMS provider is set up: set TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM."
        )
    with transaction.atomic():
        before = switches()[kind.name, channel]
        rule, _ = Rule.objects.update_or_create(
            kind=kind.name, channel=channel, defaults={"enabled": enabled}
        )
        if before != enabled:
            events.record(
                "notification_rule.edited", rule, actor=actor, changes={"enabled": [before, enabled]}
            )
