"""A PayFast on loopback: its pay page, its notifications over real sockets, and its answer whether it sent them.

Signs by its own code, written from the documentation, so that a mistake of ours is not made twice.
"""

import hashlib
import html
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote_plus
from urllib.request import Request, urlopen

from tests.builders import MERCHANT

_PAGE = """<!doctype html><html lang="en"><head><title>PayFast</title></head><body>
<h1>{item}: R {amount}</h1>{note}
<form method="post" action="/pay"><input type="hidden" name="id" value="{id}"><button>Complete Payment</button></form>
<a href="{cancel}">Cancel</a></body></html>"""
_ITN = (
    "m_payment_id", "pf_payment_id", "payment_status", "item_name", "item_description", "amount_gross", "amount_fee",
    "amount_net", "custom_str1", "custom_str2", "custom_int1", "custom_int2", "name_first", "name_last",
    "email_address", "merchant_id",
)  # fmt: skip


def encoded(fields: Any) -> str:
    return "&".join(f"{name}={quote_plus(value)}" for name, value in fields)


def signed(fields: dict[str, str], passphrase: str = MERCHANT["passphrase"]) -> str:
    """The body of a request with its signature."""
    text = encoded(fields.items())
    secret = f"{text}&passphrase={quote_plus(passphrase)}".encode()
    return f"{text}&signature={hashlib.md5(secret, usedforsecurity=False).hexdigest()}"


class FakePayFast:
    """`begun` are the forms that came, by its number of the payment; `sent` the bodies it says are its own.

    With `holding` nothing is told when somebody pays; `tell` does it later, as often and in the order one likes.
    `answers` is what it says when it is asked: None is the truth.
    """

    def __init__(self) -> None:
        self.begun: dict[str, dict[str, str]] = {}
        self.sent: set[str] = set()
        self.asked: list[str] = []
        self.holding = False
        self.answers: str | None = None
        self.url = ""

    def begin(self, fields: list[tuple[str, str]]) -> str:
        """Its page for a form; a wrong signature is told as the real one does."""
        given = dict(fields)
        unsigned = {name: value.strip() for name, value in fields if name != "signature" and value.strip()}
        if signed(unsigned).rpartition("=")[2] != given.get("signature"):
            return "<h1>signature : Generated signature does not match submitted signature</h1>"
        number = str(1000 + len(self.begun))
        self.begun[number] = given
        note = "".join(
            f"<p>{html.escape(given.get(name, ''))}</p>" for name in ("name_first", "email_address")
        )
        return _PAGE.format(
            item=html.escape(given["item_name"]),
            amount=given["amount"],
            note=note,
            id=number,
            cancel=given["cancel_url"],
        )

    def itn(self, number: str = "1000", status: str = "COMPLETE", **values: str) -> dict[str, str]:
        """The fields of a notification about a payment that was begun here, or about none."""
        form = self.begun.get(number, {})
        gross = values.get("amount_gross", form.get("amount", "115.00"))
        told = {
            "m_payment_id": form.get("m_payment_id", ""),
            "pf_payment_id": number,
            "payment_status": status,
            "item_name": form.get("item_name", "Test"),
            "amount_gross": gross,
            "amount_fee": "-2.80",
            "amount_net": f"{float(gross) - 2.8:.2f}",
            "name_first": "Test",
            "name_last": "User 01",
            "email_address": "sbtu01@payfast.co.za",
            "merchant_id": MERCHANT["merchant_id"],
            **values,
        }
        return {name: told.pop(name, "") for name in _ITN} | told

    def body(self, fields: dict[str, str], passphrase: str = MERCHANT["passphrase"]) -> str:
        """A notification as it is sent; this PayFast will say that it sent it."""
        self.sent.add(encoded(fields.items()))
        return signed(fields, passphrase)

    def tell(self, number: str, status: str = "COMPLETE", **values: str) -> int:
        """Send it to where the form said, and return what was answered."""
        body = self.body(self.itn(number, status, **values)).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        with urlopen(Request(self.begun[number]["notify_url"], body, headers), timeout=20) as answer:  # noqa: S310
            return int(answer.status)

    def validate(self, body: str) -> str:
        self.asked.append(body)
        return self.answers or ("VALID" if body in self.sent else "INVALID")


def _handler(fake: FakePayFast) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # noqa: N802 - the library's name
            self.send_response(204)  # a browser asks for the picture of the site
            self.end_headers()

        def do_POST(self) -> None:  # noqa: N802 - the library's name
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if self.path == "/eng/query/validate":
                self.answer(fake.validate(body))
            elif self.path == "/eng/process":
                self.answer(fake.begin(parse_qsl(body, keep_blank_values=True)), "text/html; charset=utf-8")
            else:
                number = dict(parse_qsl(body))["id"]
                if not fake.holding:
                    fake.tell(number)
                self.send_response(302)
                self.send_header("Location", fake.begun[number]["return_url"])
                self.send_header("Content-Length", "0")
                self.end_headers()

        def answer(self, text: str, kind: str = "text/plain") -> None:
            octets = text.encode()
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(octets)))
            self.end_headers()
            self.wfile.write(octets)

        def log_message(self, *args: Any) -> None:
            """Nothing on the console."""

    return Handler


@contextmanager
def running(settings: Any) -> Iterator[FakePayFast]:
    """A PayFast that our settings lead to."""
    fake = FakePayFast()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(fake))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    settings.PAYFAST_BASE, settings.PAYFAST_SOURCES = fake.url, ["127.0.0.1"]
    yield fake
    server.shutdown()
    server.server_close()
