"""Every verb of the profile says its consequences first, does one thing, and can mostly be undone."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from customers.accounts import gates
from customers.accounts.models import Customer, GateKind
from ispbilling.core import registries
from ispbilling.core.clock import local_day, now
from ispbilling.core.models import Event
from tests import builders


def url(customer: Customer, name: str) -> str:
    return reverse(f"customers:customer_{name}", args=[customer.pk])


def kinds(customer: Customer) -> set[str]:
    return set(customer.gates.standing().values_list("kind", flat=True))


@pytest.mark.feature("EDT-18")
@pytest.mark.feature("LIF-7")
def test_suspend_now_tells_what_it_does_wants_a_reason_and_can_be_undone(
    as_manager: Client, alice: Customer
) -> None:
    builders.data_account(customer=alice)
    found = as_manager.get(url(alice, "suspend")).content.decode()
    for words in ("its data account", "log in to the portal", "not notified", "Billing does not stop"):
        assert words in found
    assert as_manager.post(url(alice, "suspend"), {"reason": ""}).status_code == 200
    assert kinds(alice) == set()
    done = as_manager.post(url(alice, "suspend"), {"reason": "fraud"}, follow=True)
    assert kinds(alice) == {GateKind.SUSPENDED}
    assert url(alice, "unsuspend") in done.content.decode()
    assert Event.objects.about(alice).first().data == {"reason": "fraud"}
    again = as_manager.post(url(alice, "suspend"), {"reason": "twice"})
    assert "already suspended" in again.content.decode()
    as_manager.post(url(alice, "unsuspend"))
    assert kinds(alice) == set()


@pytest.mark.feature("LIF-3")
@pytest.mark.feature("LIF-4")
@pytest.mark.feature("D-13")
def test_disable_offers_a_cancellation_and_enable_leaves_a_suspension(
    as_manager: Client, alice: Customer
) -> None:
    gates.close(alice, GateKind.SUSPENDED, now(), actor=None)
    found = as_manager.get(url(alice, "disable")).content.decode()
    assert "only a cancellation stops it" in found
    assert url(alice, "cancel") in found
    as_manager.post(url(alice, "disable"), {"reason": "asked"})
    assert kinds(alice) == {GateKind.SUSPENDED, GateKind.DISABLED}
    as_manager.post(url(alice, "enable"))
    assert kinds(alice) == {GateKind.SUSPENDED}


@pytest.mark.feature("LIF-8")
@pytest.mark.feature("EDT-15")
@pytest.mark.feature("D-10")
def test_cancel_takes_a_day_from_today_on_and_can_be_cleared(as_manager: Client, alice: Customer) -> None:
    today = local_day(now())
    past = {"last_day": str(today - timedelta(days=1)), "reason": "moves"}
    assert "has passed" in as_manager.post(url(alice, "cancel"), past).content.decode()
    as_manager.post(url(alice, "cancel"), past | {"last_day": str(today)})
    assert alice.gates.get().last_day == today
    assert "last day of service" in as_manager.get(alice.get_absolute_url()).content.decode()
    as_manager.post(url(alice, "cancel_clear"))
    assert kinds(alice) == set()


@pytest.mark.feature("LIF-5")
@pytest.mark.feature("LIF-6")
def test_delete_hides_and_undelete_is_offered(as_manager: Client, alice: Customer) -> None:
    done = as_manager.post(url(alice, "delete"), {"reason": ""}, follow=True).content.decode()
    assert kinds(alice) == {GateKind.DELETED}
    assert url(alice, "undelete") in done
    as_manager.post(url(alice, "undelete"))
    assert kinds(alice) == set()


@pytest.mark.feature("D-14")
def test_delete_shows_every_reason_against_it(as_manager: Client, alice: Customer) -> None:
    builders.customer(master=alice)
    page = as_manager.get(url(alice, "delete")).content.decode()
    assert "master account of 1" in page
    assert "data-submit" not in page
    as_manager.post(url(alice, "delete"), {})
    assert kinds(alice) == set()
    assert registries.refusals("customer.delete", alice) == []


@pytest.mark.feature("PWD-1")
@pytest.mark.feature("PWD-2")
def test_password_reset_shows_the_address_first(as_manager: Client, alice: Customer) -> None:
    assert "no portal login yet" in as_manager.get(url(alice, "password_reset")).content.decode()
    builders.portal_user(alice, email="alice@example.test")
    assert "alice@example.test" in as_manager.get(url(alice, "password_reset")).content.decode()
    as_manager.post(url(alice, "password_reset"))
    assert Event.objects.get(kind="portal_login.reset_requested").data["email"] == "alice@example.test"
