"""SMS through Twilio. TWILIO_API_BASE sends the calls to another host: a regional edge, or a loopback
server."""

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from requests import RequestException
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from notifications.channels.base import Outgoing, Transport
from notifications.errors import DeliveryError

TIMEOUT = 15
#: https://www.twilio.com/docs/api/errors: the number is invalid, cannot get SMS, or has said STOP.
HOPELESS = frozenset({21211, 21214, 21217, 21219, 21401, 21407, 21421, 21601, 21610, 21612, 21614})
#: GSM 03.38 basic set and its extension table (each of the latter takes two of the 160 places).
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("^{}\\[~]|€\f")


def segments(text: str) -> int:
    """How many SMS the text takes: 160 places of GSM 03.38 or 70 of UCS-2; 153 or 67 each when joined."""
    if all(letter in BASIC or letter in EXTENDED for letter in text):
        length, single, joined = len(text) + sum(letter in EXTENDED for letter in text), 160, 153
    else:
        length, single, joined = len(text.encode("utf-16-be")) // 2, 70, 67
    return 1 if length <= single else -(-length // joined)


class RebasedHttpClient(TwilioHttpClient):
    """Twilio's client with scheme and host of every call replaced; the path stays Twilio's."""

    def __init__(self, base: str, **options: Any) -> None:
        super().__init__(**options)
        self.scheme, self.netloc = urlsplit(base)[:2]

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        parts = urlsplit(url)._replace(scheme=self.scheme, netloc=self.netloc)
        return super().request(method, urlunsplit(parts), *args, **kwargs)


class Sms(Transport):
    """One Twilio client for a batch. Twilio has no idempotency key for messages: a crash between sending and
    marking may send one SMS twice."""

    def __init__(self) -> None:
        base = settings.TWILIO_API_BASE
        options = {"timeout": TIMEOUT, "pool_connections": True}
        http = RebasedHttpClient(base, **options) if base else TwilioHttpClient(**options)
        self.client = (
            Client(settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, http_client=http)
            if settings.TWILIO_ACCOUNT_SID and settings.TWILIO_AUTH_TOKEN
            else None
        )

    def send(self, message: Outgoing) -> str:
        if self.client is None:
            raise DeliveryError("No SMS provider is set up (TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN).")
        try:
            sent = self.client.messages.create(
                to=_international(message.to), from_=settings.TWILIO_FROM, body=message.text
            )
        except TwilioRestException as error:
            raise DeliveryError(f"{error.code}: {error.msg}", permanent=error.code in HOPELESS) from error
        except (TwilioException, RequestException) as error:
            raise DeliveryError(f"{type(error).__name__}: {error}") from error
        return str(sent.sid)


def _international(number: str) -> str:
    """The number without the blanks, dots and brackets people write; what else is wrong Twilio tells."""
    return "".join(letter for letter in number if letter.isdigit() or letter == "+")
