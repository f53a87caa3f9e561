"""Two doors, one account system: who lands where, and what each sees."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.cache import cache
from django.test import Client

from customers.accounts import gates
from customers.accounts.models import GateKind
from customers.models import Customer
from ispbilling.core.clock import now
from ispbilling.core.models import Event, User
from tests import builders
from tests.portal.conftest import text

PAGES = ["", "usage/", "invoices/", "account/"]


@pytest.fixture(autouse=True)
def _fresh_rate_limits() -> None:
    cache.clear()


@pytest.mark.feature("POR-1", "EDT-12")
@pytest.mark.parametrize("name", ["ali001", "ALI001", "alice@example.test"])
def test_it_lets_a_customer_in_by_username_or_email(alice_user: User, client: Client, name: str) -> None:
    answer = client.post("/portal/login/", {"login": name, "password": builders.PASSWORD}, follow=True)
    assert answer.redirect_chain[-1][0] == "/portal/"
    assert "Nothing to pay" in text(answer)


@pytest.mark.feature("D-6")
def test_it_needs_the_username_where_an_email_is_shared(
    alice_user: User, bob: Customer, client: Client
) -> None:
    builders.portal_user(bob, email="alice@example.test")
    shared = client.post("/portal/login/", {"login": "alice@example.test", "password": builders.PASSWORD})
    wrong = client.post("/portal/login/", {"login": "nobody", "password": builders.PASSWORD})
    error = re.compile(r'role="alert">.*?</div>')
    assert error.search(text(shared)).group() == error.search(text(wrong)).group()


@pytest.mark.parametrize("place", PAGES)
def test_it_asks_strangers_to_log_in_and_brings_them_back(client: Client, db: None, place: str) -> None:
    assert client.get(f"/portal/{place}")["Location"] == f"/portal/login/?next=/portal/{place}"


@pytest.mark.parametrize("place", PAGES)
def test_it_shows_staff_to_their_own_door(as_manager: Client, place: str) -> None:
    assert as_manager.get(f"/portal/{place}")["Location"] == "/"


def test_a_customer_is_kept_out_of_staff_pages(as_alice: Client) -> None:
    assert as_alice.get("/staff/").status_code == 403


@pytest.mark.feature("LIF-5")
def test_a_deleted_customer_has_no_portal(as_alice: Client, alice: Customer, manager: User) -> None:
    gates.close(alice, GateKind.DELETED, now(), actor=manager)
    page = as_alice.get("/portal/")
    assert page.status_code == 403
    assert "This account is closed" in text(page)


def test_a_page_of_a_customer_is_not_kept_by_the_browser(as_alice: Client) -> None:
    assert "no-store" in as_alice.get("/portal/")["Cache-Control"]


@pytest.mark.parametrize("known", [True, False])
def test_it_answers_the_same_whether_or_not_it_knows_the_address(
    alice_user: User, client: Client, known: bool
) -> None:
    address = "alice@example.test" if known else "nobody@example.test"
    answer = client.post("/portal/forgot/", {"email": address}, follow=True)
    assert "If we know this e-mail address" in text(answer)
    assert Event.objects.filter(kind="portal_login.reset_requested").count() == known


@pytest.mark.feature("EDT-12")
def test_a_reset_by_a_shared_address_is_one_request_for_all_its_logins(
    alice_user: User, bob: Customer, client: Client
) -> None:
    other = builders.portal_user(bob, email="")
    bob.contacts.update(email="Alice@example.test")
    client.post("/portal/forgot/", {"email": "alice@example.test"})
    event = Event.objects.get(kind="portal_login.reset_requested")
    assert event.data["logins"] == [alice_user.pk, other.pk]


ACCOUNT = ["password/change/", "2fa/", "2fa/totp/activate/", "sessions/", "logout/"]


@pytest.mark.parametrize("place", ACCOUNT)
def test_account_pages_have_the_look_of_the_portal(alice_user: User, client: Client, place: str) -> None:
    client.post("/portal/login/", {"login": "ali001", "password": builders.PASSWORD})
    answer = client.get(f"/account/{place}", follow=True)
    assert answer.status_code == 200
    assert "portal/portal.css" in text(answer)


def test_it_asks_who_it_is_before_the_second_factor_is_changed(alice_user: User, client: Client) -> None:
    client.post("/portal/login/", {"login": "ali001", "password": builders.PASSWORD})
    asked = client.get("/account/2fa/totp/activate/")["Location"]
    assert asked.startswith("/account/reauthenticate/")
    shown = client.post(asked, {"password": builders.PASSWORD}, follow=True)
    assert "Scan this with an authenticator app" in text(shown)


def test_staff_keep_their_own_look_there(as_manager: Client) -> None:
    assert "portal/portal.css" not in text(as_manager.get("/account/password/change/"))


def test_it_asks_for_the_second_factor_in_the_look_of_the_portal(alice_user: User, client: Client) -> None:
    secret = "JBSWY3DPEHPK3PXP"
    TOTP.activate(alice_user, secret)
    RecoveryCodes.activate(alice_user)
    client.post("/portal/login/", {"login": "ali001", "password": builders.PASSWORD})
    page = client.get("/account/2fa/authenticate/")
    assert "portal/portal.css" in text(page)
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    done = client.post("/account/2fa/authenticate/", {"code": code}, follow=True)
    assert done.redirect_chain[-1][0] == "/portal/"
    for place in ("2fa/", "2fa/recovery-codes/", "2fa/totp/deactivate/"):
        assert "portal/portal.css" in text(client.get(f"/account/{place}", follow=True))
    assert Authenticator.objects.filter(user=alice_user).count() == 2


def test_logging_out_leads_back_to_the_customers_door(as_alice: Client) -> None:
    assert as_alice.post("/account/logout/")["Location"] == "/portal/login/"
