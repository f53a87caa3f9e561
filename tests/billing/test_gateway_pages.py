"""Online payments for staff: who waits without an answer, what gateways told, recording by hand, the account there."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.gateways.models import Checkout, Outcome
from billing.models import GatewayAccount, Payment
from customers.models import Customer
from ispbilling.core.clock import local_day, now
from ispbilling.core.models import Event
from tests import builders

LISTED = "/billing/online/"
SETTINGS = "/billing/online/settings/payfast/"


def words_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def words(client: Client, url: str) -> str:
    return words_of(client.get(url))


def test_who_waits_without_an_answer_stands_out_and_is_recorded_by_hand(
    as_manager: Client, alice: Customer
) -> None:
    waiting = builders.checkout(alice, at=now() - timedelta(hours=1))
    builders.checkout(builders.customer())
    page = words(as_manager, f"{reverse('billing:checkout_list')}?state=unanswered")
    assert page.count("No answer</span>") == 1
    assert "ALI001" in page
    assert "R 0.00 of what was paid lies with gateways" in page
    assert "has not told what became of it" in words(as_manager, waiting.get_absolute_url())
    url = reverse("billing:checkout_settle", args=[waiting.pk])
    told = {"external_id": "558 900", "on": str(local_day(now())), "reason": "seen on their dashboard"}
    assert "Letters and digits" in words_of(as_manager.post(url, told))
    as_manager.post(url, told | {"external_id": "558900"})
    payment = Payment.objects.get()
    assert (payment.payer, payment.into_account) == (alice, "gateway_clearing")
    assert "It is paid already" in words(as_manager, url)
    assert "R 115.00 of what was paid lies with gateways" in words(as_manager, LISTED)
    detail = words(as_manager, payment.get_absolute_url())
    assert "Payment gateway clearing" in detail
    assert waiting.get_absolute_url() in detail
    assert "Online payment recorded by hand" in words(as_manager, waiting.get_absolute_url())


def test_what_gateways_told_is_listed_with_why_it_was_refused(as_manager: Client, alice: Customer) -> None:
    checkout = builders.checkout(alice)
    refused = builders.delivery(
        checkout, Outcome.REFUSED, reason="The signature is wrong.", checks={"signature": False, "source": True},
        fields={"pf_payment_id": "77"},
    )  # fmt: skip
    listed = reverse("billing:delivery_list")
    assert "1</span> refused not shown" in words(as_manager, listed)
    assert "The signature is wrong." in words(as_manager, f"{listed}?state=refused")
    page = words(as_manager, refused.get_absolute_url())
    assert "source; wrong: signature" in page
    assert "pf_payment_id = 77" in page
    assert "The signature is wrong." in words(as_manager, checkout.get_absolute_url())


def test_an_account_is_on_only_with_its_secrets_which_nobody_sees_again(as_manager: Client) -> None:
    told = {"enabled": "on", "merchant_id": "10000100", "merchant_key": "", "passphrase": ""}
    assert "give the merchant ID, the merchant key and the passphrase" in words_of(
        as_manager.post(SETTINGS, told)
    )
    assert not GatewayAccount.objects.get().enabled
    as_manager.post(SETTINGS, told | {"merchant_key": "46f0cd694581a", "passphrase": "jt7NOE43FZPn"})
    page = words(as_manager, SETTINGS)
    assert "46f0cd694581a" not in page
    assert "jt7NOE43FZPn" not in page
    assert "Pay now" not in words(as_manager, LISTED)
    as_manager.post(SETTINGS, told | {"sandbox": "on"})
    assert "whoever pays now pays nothing" in words(as_manager, LISTED)
    account = GatewayAccount.objects.get()
    assert (account.enabled, account.sandbox, str(account.passphrase)) == (True, True, "jt7NOE43FZPn")
    changes = Event.objects.filter(kind="gateway.configured").values_list("data", flat=True)
    assert "jt7NOE43FZPn" not in str(list(changes))
    assert as_manager.get("/billing/online/settings/nobody/").status_code == 404


@pytest.mark.django_db
def test_nothing_yet_says_what_belongs_here(as_manager: Client) -> None:
    assert "Who pays online in the portal" in words(as_manager, reverse("billing:checkout_list"))
    assert not Checkout.objects.exists()
