"""What asks for money says how: the reference, and a QR code that leads to where it is paid."""

from datetime import date

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from billing.documents import credit
from billing.documents.rendering import pay_at, render_pdf, told
from billing.models import BillingSettings, Document
from customers.accounts import editing
from customers.models import Customer
from ispbilling.core.clock import day_start, now
from ispbilling.core.payment_links import qr_svg
from tests import builders
from tests.billing.test_pages import SETTINGS
from tests.billing.test_rendering import text_of

pytestmark = pytest.mark.django_db
LINK = "https://pay.example/AbC?id={document}&ref={reference}&amount={cents}"


def fresh(document: Document) -> Document:
    return Document.objects.get(pk=document.pk)


def test_without_a_link_it_leads_to_the_document_in_the_portal(
    alice: Customer, settings: LazySettings
) -> None:
    settings.BASE_URL = "https://isp.example"
    made = fresh(builders.invoice(alice))
    assert pay_at(made) == f"https://isp.example/portal/invoices/{made.pk}/"
    assert told(made, made.issuer)["qr"] == qr_svg(pay_at(made))


def test_the_providers_own_link_has_reference_and_amount(alice: Customer) -> None:
    BillingSettings.objects.update(payment_link=LINK)
    made = fresh(builders.invoice(alice))
    assert pay_at(made) == f"https://pay.example/AbC?id={made.reference}&ref=ALI001&amount=11500"


def test_the_code_on_paper_stays_whatever_is_set_later(alice: Customer, settings: LazySettings) -> None:
    BillingSettings.objects.update(payment_link=LINK)
    made = fresh(builders.invoice(alice))
    paper = render_pdf(made)
    BillingSettings.objects.update(payment_link="https://other.example/")
    settings.BASE_URL = "https://moved.example"
    editing.edit(alice, {"code": "NEW001"}, now(), actor=None)
    assert render_pdf(fresh(made)) == paper


def test_only_what_asks_for_money_carries_one(alice: Customer) -> None:
    invoice, day = builders.invoice(alice), date(2026, 11, 2)
    assert "Scan to pay" in text_of(render_pdf(invoice))
    note = credit.credit(invoice, day, day_start(day), actor=None, reason="wrong")
    debit, less = builders.adjustment(alice, "20.00"), builders.adjustment(alice, "-20.00")
    assert [bool(told(fresh(one), one.issuer)["qr"]) for one in (note, debit, less)] == [False, True, False]
    assert "Scan to pay" not in text_of(render_pdf(note))


def test_a_link_that_cannot_be_filled_in_is_an_error_of_the_field(as_manager: Client) -> None:
    url = reverse("billing:settings_edit")
    answer = as_manager.post(url, SETTINGS | {"payment_link": "https://pay.example/{who}"})
    assert "is not known" in answer.content.decode()
    as_manager.post(url, SETTINGS | {"payment_link": f" {LINK} "})
    assert BillingSettings.get().payment_link == LINK
