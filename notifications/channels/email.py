"""E-mail through Django's mail backend (EMAIL_URL), one connection for a batch."""

import hashlib
from email.utils import formataddr, parseaddr
from smtplib import (
    SMTPAuthenticationError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from ispbilling.core.models import Provider
from notifications.channels.base import Outgoing, Transport
from notifications.errors import DeliveryError


class Email(Transport):
    """Sends from the provider's name. The Message-ID is the same in every attempt, so that a mail server that
    drops duplicates drops the one that a crash between sending and marking may cause."""

    def __init__(self) -> None:
        self.connection = get_connection()
        provider = Provider.get()
        _, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
        self.sender = formataddr((provider.name, address))
        self.domain = address.rpartition("@")[2] or "localhost"
        self.reply_to = [provider.email] if provider.email else []

    def send(self, message: Outgoing) -> str:
        message_id = f"<{hashlib.sha256(message.key.encode()).hexdigest()[:32]}@{self.domain}>"
        mail = EmailMultiAlternatives(
            message.subject,
            message.text,
            self.sender,
            [message.to],
            connection=self.connection,
            reply_to=self.reply_to,
            headers={"Message-ID": message_id, "Auto-Submitted": "auto-generated"},
        )
        if message.html:
            mail.attach_alternative(message.html, "text/html")
        for attachment in message.attachments:
            mail.attach(attachment.name, attachment.content, attachment.type)
        try:
            self.connection.open()  # keeps an open one
            mail.send()
        except (SMTPException, OSError, ValueError) as error:
            self.close()
            raise _refusal(error) from error
        return message_id

    def close(self) -> None:
        self.connection.close()


def _refusal(error: Exception) -> DeliveryError:
    """Permanent when the receiving side refused this address or this content for good (5yz, RFC 5321
    4.2.1)."""
    if isinstance(error, SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()))
        return DeliveryError(f"{code} {_text(text)}", permanent=code >= 500)
    if isinstance(error, SMTPSenderRefused | SMTPAuthenticationError):
        return DeliveryError(f"{error.smtp_code} {_text(error.smtp_error)}")
    if isinstance(error, SMTPResponseException):
        return DeliveryError(f"{error.smtp_code} {_text(error.smtp_error)}", permanent=error.smtp_code >= 500)
    # ValueError: an address or header that cannot be written (a line break in it).
    return DeliveryError(f"{type(error).__name__}: {error}", permanent=isinstance(error, ValueError))


def _text(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else answer
