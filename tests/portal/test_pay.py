"""Paying online in the portal: how much, off to the gateway, and back; by a link of a mail without logging in."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.gateways import links
from billing.gateways.models import Checkout, CheckoutState
from customers.accounts import gates
from customers.models import Customer, GateKind
from ispbilling.core.clock import now
from notifications import sweeps
from notifications.models import Message
from tests import builders
from tests.portal.conftest import text

PAY = "/portal/pay/"


@pytest.fixture
def owed(alice: Customer) -> Any:
    builders.gateway()
    return builders.invoice(alice)


def begin(client: Client, **values: str) -> Any:
    page = client.get(PAY)
    token = page.context["form"].fields["token"].initial
    return client.post(PAY, {"token": token, "what": "all", **values})


def test_pay_now_is_there_while_a_gateway_is_on(as_alice: Client, alice: Customer) -> None:
    invoice = builders.invoice(alice)
    places = ["/portal/", "/portal/invoices/", f"/portal/invoices/{invoice.pk}/", "/portal/statement/"]
    assert not any("Pay now" in text(as_alice.get(place)) for place in places)
    assert "switched off at the moment" in text(as_alice.get(PAY))
    builders.gateway()
    assert all("Pay now" in text(as_alice.get(place)) for place in places)


@pytest.mark.feature("W-8")
def test_a_customer_chooses_an_amount_and_is_led_to_the_gateway(
    as_alice: Client, alice: Customer, owed: Any
) -> None:
    later = builders.invoice(alice)
    page = text(as_alice.get(f"{PAY}?invoice={later.pk}"))
    assert f"Invoice {later.reference}: R 115.00" in page
    assert "Everything you owe: R 230.00" in page
    assert "What is due now" not in page, "it is all that is owed"
    answer = begin(as_alice)
    checkout = Checkout.objects.get()
    assert (checkout.payer, str(checkout.amount), checkout.state) == (alice, "230.00", CheckoutState.OPEN)
    assert answer["Location"] == f"{PAY}{checkout.token}/"
    confirm = as_alice.get(answer["Location"])
    assert 'action="https://www.payfast.co.za/eng/process"' in confirm.content.decode()
    assert 'name="amount" value="230.00"' in confirm.content.decode()
    assert builders.MERCHANT["passphrase"] not in confirm.content.decode()


def test_forms_may_be_sent_to_the_gateway_from_one_page_alone(as_alice: Client, owed: Any) -> None:
    confirm = as_alice.get(begin(as_alice)["Location"])
    assert "form-action 'self' https://www.payfast.co.za;" in confirm["Content-Security-Policy"] + ";"
    assert "payfast" not in as_alice.get(PAY)["Content-Security-Policy"]


@pytest.mark.parametrize("amount", ["1e3", "NaN", "-5", "1,000.00", "", "0", "4.99", "5.005"])
def test_an_amount_that_is_none_is_an_error_and_nothing_is_lost(
    as_alice: Client, owed: Any, amount: str
) -> None:
    answer = begin(as_alice, what="other", amount=amount)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "errors" in page or "PayFast takes R 5.00 or more." in page
    assert f'value="{amount}"' in page or not amount
    assert not Checkout.objects.exists()


def test_an_amount_beside_another_choice_is_asked_about(as_alice: Client, owed: Any) -> None:
    assert "Choose “Another amount” to pay this" in text(begin(as_alice, amount="50.00"))
    assert not Checkout.objects.exists()


def test_one_form_is_one_checkout_however_often_it_is_sent(as_alice: Client, owed: Any) -> None:
    values = {"token": "6a8b4f0e-3a50-4d3e-9a4e-3f4f0f0d8a11", "what": "other", "amount": "50.00"}
    first, second = (as_alice.post(PAY, values)["Location"] for _ in range(2))
    assert first == second
    assert Checkout.objects.count() == 1
    assert "sent before" in text(as_alice.post(PAY, values | {"amount": "60.00"}))


def test_back_from_the_gateway_it_waits_for_a_while(as_alice: Client, owed: Any) -> None:
    back = begin(as_alice)["Location"] + "back/"
    page = as_alice.get(back)
    assert "One moment, please" in text(page)
    assert page["Refresh"] == f"3; url={back}?n=1"
    page = as_alice.get(f"{back}?n=20")
    assert "If you have paid, do not pay again" in text(page)
    assert "Refresh" not in page


def test_who_comes_back_without_paying_can_try_again(as_alice: Client, owed: Any) -> None:
    checkout = Checkout.objects.get(token=begin(as_alice)["Location"].split("/")[-2])
    place = f"{PAY}{checkout.token}/"
    assert "You did not pay" in text(as_alice.get(place + "cancelled/"))
    checkout.refresh_from_db()
    assert checkout.state == CheckoutState.CANCELLED
    assert as_alice.get(place)["Location"] == place + "back/"
    again = as_alice.post(place + "again/")["Location"]
    assert Checkout.objects.get(state="open").amount == checkout.amount
    assert "Pay with PayFast" in text(as_alice.get(again))


def test_the_pages_of_a_checkout_tell_a_stranger_nothing_about_a_person(
    as_alice: Client, bob: Customer, owed: Any
) -> None:
    place = begin(as_alice)["Location"]
    stranger = Client()
    for address in (place + "back/", place + "cancelled/"):
        page = text(stranger.get(address))
        assert "R 115.00" in page
        assert "Alice" not in page
    assert stranger.get(f"{PAY}6a8b4f0e-3a50-4d3e-9a4e-3f4f0f0d8a11/").status_code == 404
    assert stranger.get(f"{PAY}nonsense/back/").status_code == 404
    theirs = builders.invoice(bob)
    assert as_alice.get(f"{PAY}?invoice={theirs.pk}").status_code == 404


def test_a_link_pays_what_is_open_of_its_invoice_and_nothing_else(owed: Any, alice: Customer) -> None:
    client, place = Client(), reverse("portal:pay_link", args=[links.token(owed)])
    page = text(client.get(place))
    assert f"For</dt><dd>{owed.reference}" in page.replace(" </dt>", "</dt>")
    assert "Alice" not in page
    answer = client.post(place, {"token": "6a8b4f0e-3a50-4d3e-9a4e-3f4f0f0d8a11"})
    checkout = Checkout.objects.get()
    assert (checkout.document, str(checkout.amount)) == (owed, "115.00")
    assert "Pay with PayFast" in text(client.get(answer["Location"]))
    builders.payment(alice, "115.00", on=owed.issued_on)
    assert f"{owed.reference} is paid" in text(client.get(place))
    assert client.get(place.replace("d", "p", 1)).status_code == 404
    everything = reverse("portal:pay_link", args=[links.token(alice)])
    assert "Nothing to pay" in text(client.get(everything))


@pytest.mark.parametrize("on", [True, False])
def test_the_mail_of_an_invoice_carries_the_link_while_a_gateway_is_on(alice: Customer, on: bool) -> None:
    if on:
        builders.gateway()
    invoice = builders.invoice(alice)
    sweeps.announce(now()).apply(now())
    message = Message.objects.get(kind="invoice_issued", channel="email")
    found = re.findall(r"https?://[^/]+(/portal/pay/link/\S+)", message.body_text)
    assert len(found) == on
    assert ("Pay online" in message.body_html) is on
    if on:
        assert invoice.reference in text(Client().get(found[0]))


def test_a_deleted_customers_link_is_dead(owed: Any, alice: Customer) -> None:
    gates.close(alice, GateKind.DELETED, now(), actor=None, reason="gone")
    assert Client().get(reverse("portal:pay_link", args=[links.token(owed)])).status_code == 404
