"""PayFast (South Africa): a form to its page, and its Instant Transaction Notification (ITN) afterwards.

https://developers.payfast.co.za/docs: "Create your checkout form", "Create security signature", "Confirm payment".
The signature is the MD5 of the fields in the order they are sent, URL-encoded as PHP does, with the passphrase last;
without a passphrase anybody could make one, so we insist on it. PayFast delivers an ITN until it is answered 200.
"""

import hmac
import socket
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from hashlib import md5
from ipaddress import ip_address, ip_network
from urllib.parse import parse_qsl, quote_plus
from uuid import UUID

import requests
from django.conf import settings
from django.core.cache import cache

from billing.gateways.interface import Ask, Form, Kind, Post, Told, Unavailable, Unreadable
from billing.gateways.models import GatewayAccount
from ispbilling.core.money import CENT, cents

LIVE, SANDBOX = "https://www.payfast.co.za", "https://sandbox.payfast.co.za"
CURRENCY = "ZAR"
TIMEOUT = 15
#: An ITN has about thirty fields and two kilobytes.
MOST_OCTETS, MOST_FIELDS = 16_384, 80
#: Of these PayFast's documentation names the first four; a subscription, which we do not use, has others.
KINDS = {
    "COMPLETE": Kind.PAID,
    "PENDING": Kind.PENDING,
    "CANCELLED": Kind.CANCELLED,
    "FAILED": Kind.FAILED,
    "ON HOLD": Kind.PENDING,
    "REFUNDED": Kind.RETURNED,
    "CHARGEBACK": Kind.RETURNED,
}
#: What is stored of an ITN: neither names, e-mail addresses and tokens nor the signature.
KEPT = (
    "m_payment_id", "pf_payment_id", "payment_status", "amount_gross", "amount_fee", "amount_net", "currency",
    "merchant_id",
)  # fmt: skip
_LONGEST = 100
_RESOLVED = 600


def encode(value: str) -> str:
    """As PHP's urlencode does: everything but letters, digits and `-_.`, a blank as a plus."""
    return quote_plus(value).replace("~", "%7E")


def joined(fields: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{name}={encode(value)}" for name, value in fields)


def signature(fields: Sequence[tuple[str, str]], passphrase: str) -> str:
    """The signature over fields in the order in which they are sent. Pure."""
    secret = [("passphrase", passphrase.strip())] if passphrase.strip() else []
    return md5(joined([*fields, *secret]).encode(), usedforsecurity=False).hexdigest()


class PayFast:
    """One merchant's account at PayFast. PAYFAST_BASE leads its calls to another host: a loopback server."""

    name, label = "payfast", "PayFast"
    least = Decimal("5.00")

    def __init__(self, account: GatewayAccount) -> None:
        self.account = account

    @property
    def origin(self) -> str:
        return str(settings.PAYFAST_BASE).rstrip("/") or (SANDBOX if self.sandbox else LIVE)

    @property
    def sandbox(self) -> bool:
        return self.account.sandbox

    def begin(self, ask: Ask) -> Form:
        """Fields in the order of the documentation, which is that of the signature; an empty one is not sent."""
        told = (
            ("merchant_id", self.account.merchant_id),
            ("merchant_key", str(self.account.merchant_key)),
            ("return_url", ask.return_url),
            ("cancel_url", ask.cancel_url),
            ("notify_url", ask.notify_url),
            ("name_first", _line(ask.name)),
            ("email_address", _line(ask.email)),
            ("m_payment_id", str(ask.token)),
            ("amount", f"{ask.amount:.2f}"),
            ("item_name", _line(ask.item)),
        )
        fields = tuple((name, value.strip()) for name, value in told if value.strip())
        return Form(
            f"{self.origin}/eng/process",
            (*fields, ("signature", signature(fields, str(self.account.passphrase)))),
        )

    def read(self, post: Post) -> Told:
        fields = dict(_fields(post.body))
        status = fields.get("payment_status", "").strip().upper()
        external_id = fields.get("pf_payment_id", "").strip()
        if not status or not external_id or "signature" not in fields:
            raise Unreadable(
                "It is no notification of PayFast: payment_status, pf_payment_id or signature is missing."
            )
        fee = _amount(fields.get("amount_fee", ""))
        return Told(
            kind=KINDS.get(status, Kind.OTHER),
            external_id=external_id[:60],
            status=status[:30],
            token=_token(fields.get("m_payment_id", "")),
            amount=_amount(fields.get("amount_gross", "")),
            fee=abs(fee) if fee is not None else None,
            item=fields.get("item_name", "")[:_LONGEST],
            fields={name: fields[name][:_LONGEST] for name in KEPT if fields.get(name)},
        )

    def check(self, post: Post, told: Told) -> dict[str, bool]:
        fields = _fields(post.body)
        given = dict(fields)
        signed = [pair for pair in fields if pair[0] != "signature"]
        expected = signature(signed, str(self.account.passphrase))
        passphrase = bool(str(self.account.passphrase).strip())
        return {
            "signature": passphrase and hmac.compare_digest(given["signature"].encode(), expected.encode()),
            "source": is_source(post.source),
            "merchant": bool(self.account.merchant_id)
            and given.get("merchant_id") == self.account.merchant_id,
            "currency": given.get("currency", CURRENCY).upper() == CURRENCY,
        }

    def confirm(self, post: Post) -> bool:
        """Post what came back to PayFast, which answers VALID or INVALID."""
        told = joined(pair for pair in _fields(post.body) if pair[0] != "signature")
        try:
            answer = requests.post(
                f"{self.origin}/eng/query/validate",
                data=told.encode(),
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise Unavailable(f"PayFast could not be asked: {type(error).__name__}") from error
        said = answer.text.strip()
        if answer.status_code != 200 or said not in ("VALID", "INVALID"):
            raise Unavailable(
                f"PayFast was asked and answered {answer.status_code}, neither VALID nor INVALID."
            )
        return said == "VALID"


def is_source(address: str) -> bool:
    """Whether PAYFAST_SOURCES, its networks or the addresses of its host names, hold the address."""
    try:
        asked = ip_address(address.split("%")[0])
    except ValueError:
        return False
    asked = getattr(asked, "ipv4_mapped", None) or asked
    names = []
    for source in settings.PAYFAST_SOURCES:
        try:
            if asked in ip_network(source, strict=False):
                return True
        except ValueError:
            names.append(source)
    return any(str(asked) in _addresses(name) for name in names)


def _addresses(name: str) -> list[str]:
    """What a host name resolves to, asked again after ten minutes; nothing while nobody knows it."""
    key = f"payfast-source:{name}"
    known: list[str] | None = cache.get(key)
    if known is None:
        try:
            known = sorted({str(found[4][0]) for found in socket.getaddrinfo(name, None)})
        except (OSError, UnicodeError):
            known = []
        cache.set(key, known, _RESOLVED)
    return known


def _fields(body: bytes) -> list[tuple[str, str]]:
    """The fields of a body in order. Raises Unreadable."""
    if len(body) > MOST_OCTETS:
        raise Unreadable("It is too long.")
    try:
        found = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise Unreadable("It is no form.") from error
    if len({name for name, _ in found}) != len(found):
        raise Unreadable("A field is there twice.")
    if any("\0" in value for pair in found for value in pair):
        raise Unreadable("It holds the character NUL.")
    return found


def _amount(text: str) -> Decimal | None:
    """An amount in whole cents, None for anything else."""
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        return None
    return cents(amount) if amount.is_finite() and abs(amount) < 10**12 and amount % CENT == 0 else None


def _token(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None


def _line(text: str) -> str:
    """One line of at most a hundred letters, which is what PayFast takes."""
    return " ".join(text.split())[:_LONGEST]
