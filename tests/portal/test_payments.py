"""Payments: one's own, with receipts; nobody else's."""

import io

from django.test import Client
from pypdf import PdfReader

from billing.payments import returning
from billing.payments.returning import Why
from customers.models import Customer
from ispbilling.core.clock import local_day, now
from tests.builders import payment
from tests.portal.conftest import text


def test_it_lists_ones_own_payments(as_alice: Client, alice: Customer, bob: Customer) -> None:
    assert "No payments yet" in text(as_alice.get("/portal/payments/"))
    mine, theirs, back = payment(alice), payment(bob), payment(alice, "7.00")
    returning.take_back(back, Why.RETURNED, local_day(now()), now(), actor=None, reason="no funds")
    page = text(as_alice.get("/portal/payments/"))
    assert mine.receipt in page
    assert theirs.receipt not in page
    assert "taken back on" in page
    assert "/portal/payments/" in text(as_alice.get("/portal/invoices/"))


def test_it_gives_the_receipt_and_not_anothers(as_alice: Client, alice: Customer, bob: Customer) -> None:
    answer = as_alice.get(f"/portal/payments/{payment(alice).pk}/pdf/")
    assert "REC-2026-000001" in PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()
    assert as_alice.get(f"/portal/payments/{payment(bob).pk}/pdf/").status_code == 404
