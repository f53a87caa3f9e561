"""Customers buy data in the portal."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from billing.data_sales.models import AutoTopup, DataSalesSettings, SaleState, TopupSale
from billing.gateways import checkouts
from billing.models import Document
from customers.accounts import gates
from customers.models import Customer, GateKind
from ispbilling.core.clock import local_day, now
from ispbilling.core.units import GB, MB
from portal import limits
from radius.bundles import granting, remaining
from radius.models import DataAccount, OutOfBundleConsent, TopupType
from tests import builders

pytestmark = [pytest.mark.django_db, pytest.mark.feature("POR-2")]


@pytest.fixture(autouse=True)
def nobody_was_here() -> None:
    """Tries are counted in the cache, which tests share."""
    cache.clear()


@pytest.fixture
def alice() -> Customer:
    return builders.customer()


@pytest.fixture
def line(alice: Customer) -> DataAccount:
    made = builders.topup_line(customer=alice)
    granting.ensure_monthly(made, local_day(now()), now())
    return made


@pytest.fixture
def portal(client: Client, alice: Customer) -> Client:
    client.force_login(builders.portal_user(alice))
    return client


def get(portal: Client, name: str, *args: int) -> str:
    return portal.get(reverse(f"portal:{name}", args=args)).content.decode()


def buy(portal: Client, line: DataAccount, pay: str = "account", **data: str) -> str:
    sent = {"token": str(uuid4()), "type": TopupType.objects.get().pk, "pay": pay, **data}
    return portal.post(reverse("portal:topup", args=[line.pk]), sent, follow=True).content.decode()


def test_a_monthly_customer_buys_on_account_and_twice_the_same_form_is_once(
    portal: Client, line: DataAccount
) -> None:
    assert "Top up" in get(portal, "home")
    assert "10.0 GB for R 99.00, valid 30 days" in get(portal, "topup", line.pk)
    token = str(uuid4())
    assert "10.0 GB added" in buy(portal, line, token=token)
    assert "10.0 GB added" in buy(portal, line, token=token)
    assert remaining.left(line, now()) == 110 * GB
    assert Document.objects.get().total == 99
    assert "R 99.00" in get(portal, "topup_list")


def test_who_is_overdue_or_prepaid_pays_first(portal: Client, line: DataAccount, alice: Customer) -> None:
    DataSalesSettings.objects.update(portal_on_account=False)
    assert "Pay in advance as shown here" in get(portal, "topup", line.pk)
    DataSalesSettings.objects.update(portal_on_account=True)
    builders.invoice(alice, on=local_day(now()) - timedelta(days=60))
    assert "Something is overdue on your account." in get(portal, "topup", line.pk)
    builders.gateway()
    page = buy(portal, line, "online")
    sale = TopupSale.objects.get()
    assert "Pay R 99.00" in page
    assert remaining.left(line, now()) == 100 * GB
    payment = builders.payment(alice, "99.00", on=local_day(now()))
    checkouts.paid(checkouts.locked(sale.checkout_id), payment, now())
    done = portal.get(reverse("portal:pay_return", args=[sale.checkout.token])).content.decode()
    assert "10.0 GB are added" in done
    sale.refresh_from_db()
    assert (sale.state, remaining.left(line, now())) == (SaleState.SOLD, 110 * GB)


def test_what_was_not_paid_is_not_paid_again_without_its_topup(portal: Client, line: DataAccount) -> None:
    builders.gateway()
    buy(portal, line, "online")
    checkout = TopupSale.objects.get().checkout
    checkouts.cancel(checkout, now())
    again = portal.post(reverse("portal:pay_again", args=[checkout.token]))
    assert again.headers["Location"] == reverse("portal:topup", args=[line.pk])


def test_a_suspended_customer_and_somebody_elses_line_buy_nothing(
    portal: Client, line: DataAccount, alice: Customer
) -> None:
    other = builders.data_account(customer=builders.customer(), package=line.package)
    assert portal.get(reverse("portal:topup", args=[other.pk])).status_code == 404
    gates.close(alice, GateKind.SUSPENDED, now(), actor=None, reason="Owes")
    assert "The service is suspended." in get(portal, "topup", line.pk)
    buy(portal, line)
    assert not TopupSale.objects.exists()


def test_automatic_topups_need_a_tick_and_are_switched_off(portal: Client, line: DataAccount) -> None:
    address = reverse("portal:topup_automatic", args=[line.pk])
    terms = {"type": TopupType.objects.get().pk, "limit": "300", "when_left": "1 GB"}
    assert "Nothing is bought automatically without consent." in portal.post(address, terms).content.decode()
    assert not AutoTopup.objects.exists()
    page = portal.post(address, {**terms, "agreed": "on"}, follow=True).content.decode()
    assert "It is on" in page
    row = AutoTopup.objects.get()
    assert (row.limit, row.when_left_octets, row.active) == (Decimal(300), GB, True)
    assert OutOfBundleConsent.objects.get().door == "portal"
    assert "This month it was R 0.00." in get(portal, "topup_automatic", line.pk)
    AutoTopup.objects.update(limit_told_for=local_day(now()).replace(day=1))
    assert "That allows no more this month" in get(portal, "topup_automatic", line.pk)
    portal.post(reverse("portal:topup_automatic_off", args=[line.pk]))
    row.refresh_from_db()
    assert not row.active


def test_grace_is_taken_where_the_provider_gives_it(portal: Client, line: DataAccount) -> None:
    granting.set_prepaid(line, now())
    assert "free of charge" not in get(portal, "topup", line.pk)
    DataSalesSettings.objects.update(grace_octets=200 * MB)
    assert "free of charge, once until you buy again" in get(portal, "topup", line.pk)
    assert (
        "200.0 MB added"
        in portal.post(reverse("portal:topup_grace", args=[line.pk]), follow=True).content.decode()
    )
    assert remaining.left(line, now()) == 200 * MB


def test_what_changed_between_the_page_and_its_button_is_shown_before_it_is_bought(
    portal: Client, line: DataAccount
) -> None:
    page = portal.get(reverse("portal:topup", args=[line.pk]))
    shown = page.context["form"]["type"].subwidgets[0].data["value"]
    TopupType.objects.update(price="149.00")
    refused = buy(portal, line, type=str(shown))
    assert "It changed meanwhile: " in refused
    assert "for R 149.00" in refused
    TopupType.objects.update(active=False)
    assert "There is nothing to buy for this line at the moment." in buy(portal, line, type=str(shown))
    assert not TopupSale.objects.exists()


def test_what_waits_for_its_payment_is_found_again(portal: Client, line: DataAccount) -> None:
    builders.gateway()
    assert f" on {line.username}</dd>" in buy(portal, line, "online")
    sale = TopupSale.objects.get()
    assert sale.title in get(portal, "topup_list")
    assert "Go on to pay" in get(portal, "topup_bought", sale.pk)
    checkouts.cancel(sale.checkout, now())
    assert sale.title not in get(portal, "topup_list")


def test_a_customer_takes_nothing_that_is_free_and_promises_nothing_for_another(
    portal: Client, line: DataAccount, alice: Customer
) -> None:
    TopupType.objects.update(price=0)
    assert "There is nothing to buy" in get(portal, "topup", line.pk)
    buy(portal, line)
    TopupType.objects.update(price=99)
    Customer.objects.filter(pk=alice.pk).update(discount=100)
    buy(portal, line)
    assert not TopupSale.objects.exists()

    address = reverse("portal:topup_automatic", args=[line.pk])
    terms = {"type": TopupType.objects.get().pk, "limit": "300", "agreed": "on"}
    Customer.objects.filter(pk=alice.pk).update(discount=None)
    master = builders.customer(name="Wonderland", is_master=True)
    Customer.objects.filter(pk=alice.pk).update(master=master, bill_all_to_master=True)
    assert "is charged to Wonderland" in portal.post(address, terms).content.decode()
    Customer.objects.filter(pk=alice.pk).update(master=None, bill_all_to_master=False)
    DataSalesSettings.objects.update(portal_on_account=False)
    assert "Top-ups are paid before they are given" in portal.post(address, terms).content.decode()
    assert not AutoTopup.objects.exists()


def test_it_says_what_the_credit_pays_of_it(portal: Client, line: DataAccount, alice: Customer) -> None:
    builders.payment(alice, "20.00", on=local_day(now()) - timedelta(days=1))
    assert "From my credit of R 20.00, the rest on my account" in get(portal, "topup", line.pk)
    granting.set_prepaid(line, now())
    assert "as soon as enough is in your credit" in get(portal, "topup", line.pk)


def test_nobody_buys_faster_than_people_do(portal: Client, line: DataAccount) -> None:
    for _again in range(limits.TRIES):
        buy(portal, line, type="")
    assert "That was too often" in buy(portal, line)
    assert not TopupSale.objects.exists()


def test_who_was_logged_out_meanwhile_comes_back_to_the_page_and_buys_nothing_unseen(
    line: DataAccount, alice: Customer
) -> None:
    client, there = Client(enforce_csrf_checks=True), reverse("portal:topup", args=[line.pk])
    client.force_login(builders.portal_user(alice))
    sent = {
        "csrfmiddlewaretoken": client.get(there).context["csrf_token"], "token": str(uuid4()), "pay": "account",
        "type": TopupType.objects.get().pk,
    }  # fmt: skip
    session = client.cookies.pop(settings.SESSION_COOKIE_NAME)
    assert client.post(there, sent).headers["Location"].endswith(f"/portal/login/?next={there}")
    client.cookies[settings.SESSION_COOKIE_NAME] = session.value
    client.cookies[settings.CSRF_COOKIE_NAME] = "a" * 32  # that of another log-in
    answer = client.post(there, sent)
    assert answer.status_code == 403
    assert "Go back, load the page again and send it once more." in answer.content.decode()
    assert not TopupSale.objects.exists()
