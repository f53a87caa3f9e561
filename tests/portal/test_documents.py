"""Invoices: one's own, all of them, nobody else's."""

import io
from datetime import date, timedelta

import pytest
from django.test import Client
from pypdf import PdfReader

from customers.models import Customer
from tests.builders import invoice
from tests.portal.conftest import text


@pytest.mark.feature("POR-2")
def test_it_lists_ones_own_invoices_newest_first(as_alice: Client, alice: Customer, bob: Customer) -> None:
    old, new = invoice(alice, on=date(2026, 10, 1)), invoice(alice)
    other = invoice(bob)
    page = text(as_alice.get("/portal/invoices/"))
    assert page.index(new.reference) < page.index(old.reference)
    assert other.reference not in page


def test_it_pages_a_long_list(as_alice: Client, alice: Customer) -> None:
    for n in range(13):
        invoice(alice, on=date(2026, 1, 1) + timedelta(days=n))
    assert "Page 1 of 2" in text(as_alice.get("/portal/invoices/"))
    assert len(as_alice.get("/portal/invoices/?page=2").context["documents"]) == 1


def test_it_shows_an_invoice(as_alice: Client, alice: Customer) -> None:
    page = text(as_alice.get(f"/portal/invoices/{invoice(alice).pk}/"))
    assert "Installation" in page
    assert "R 115.00" in page


@pytest.mark.parametrize("end", ["", "pdf/"])
def test_it_does_not_know_anothers_invoice(as_alice: Client, bob: Customer, end: str) -> None:
    theirs = invoice(bob)
    page = as_alice.get(f"/portal/invoices/{theirs.pk}/{end}")
    assert page.status_code == 404
    assert theirs.reference not in text(page)


def test_it_gives_the_pdf(as_alice: Client, alice: Customer) -> None:
    document = invoice(alice)
    answer = as_alice.get(f"/portal/invoices/{document.pk}/pdf/")
    assert answer["Content-Type"] == "application/pdf"
    assert document.reference in PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()
