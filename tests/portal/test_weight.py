"""The portal is for a cheap phone with little data: what a first visit costs over the wire."""

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from customers.models import Customer
from radius.models import DataAccount
from tests.builders import invoice
from tests.portal.conftest import text

LIMIT = 150_000
LINKED = re.compile(r'(?:href|src)="/static/([^"?]+)"')
PAGES = [
    "/portal/",
    "/portal/usage/",
    "/portal/invoices/",
    "/portal/payments/",
    "/portal/account/",
    "/account/2fa/",
]


def packed(content: bytes) -> int:
    return len(gzip.compress(content))


@pytest.mark.parametrize("address", ["/portal/login/", *PAGES])
def test_a_first_visit_is_light(as_alice: Client, alice: Customer, line: DataAccount, address: str) -> None:
    invoice(alice)
    client = Client() if "login" in address else as_alice
    page = client.get(address)
    files = set(LINKED.findall(page.content.decode()))
    assert "portal/portal.css" in files
    weight = packed(page.content) + sum(packed(Path(finders.find(name)).read_bytes()) for name in files)
    assert weight < LIMIT / 10  # far below what was promised; a library would be seen at once


@pytest.mark.parametrize("address", PAGES)
def test_nothing_needs_a_looser_content_policy(as_alice: Client, line: DataAccount, address: str) -> None:
    page = as_alice.get(address)
    assert not re.search(r'<script|<style| style=| on\w+="', text(page))
    assert "unsafe-inline" not in page["Content-Security-Policy"]
