"""A mail server and a Twilio on loopback: what we send is read back from the wire."""

import socket
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from pytest_httpserver import HTTPServer

FORBIDDEN = "gone@example.test"


class Mailbox:
    """Keeps what it gets; one address does not exist, and `busy` turns everybody away for now."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.busy = False

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address == FORBIDDEN:
            return "550 5.1.1 No such mailbox"
        if self.busy:
            return "451 4.3.0 Try later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        parsed: Any = message_from_bytes(envelope.content or b"", policy=policy.default)
        self.mails.append(parsed)
        return "250 OK"


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as probe:  # aiosmtpd cannot tell which port it was given
        port = probe.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = port
    settings.DEFAULT_FROM_EMAIL = "billing@isp.test"
    yield box
    server.stop()


@pytest.fixture
def twilio(settings: Any, httpserver: HTTPServer) -> HTTPServer:
    settings.TWILIO_ACCOUNT_SID = "AC" + "0" * 32
    settings.TWILIO_AUTH_TOKEN = "token"
    settings.TWILIO_FROM = "+27100000000"
    settings.TWILIO_API_BASE = httpserver.url_for("/")
    return httpserver
