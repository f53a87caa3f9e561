"""The ways out: one file per channel, one dictionary. A new channel is a file, a line here and a `Channel`
choice."""

from collections.abc import Mapping

from notifications.channels.base import Attachment, Outgoing, Transport
from notifications.channels.email import Email
from notifications.channels.sms import Sms
from notifications.models import Channel

TRANSPORTS: Mapping[str, type[Transport]] = {Channel.EMAIL: Email, Channel.SMS: Sms}

__all__ = ["TRANSPORTS", "Attachment", "Outgoing", "Transport"]
