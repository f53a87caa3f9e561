"""Every verb of the profile says its consequences first, does one thing, and can mostly be undone."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from customers.accounts import gates
from customers.accounts.models import Customer, GateKind
from ispbilling.core import registries
from ispbilling.core.clock import local_day, now
from ispbilling.core.models import Event, Role
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


@pytest.mark.feature("LIF-3", "LIF-4", "LIF-7", "LIF-6")
@pytest.mark.parametrize(
    ("close", "open_", "kind", "reason"),
    [
        ("suspend", "unsuspend", GateKind.SUSPENDED, "fraud"),
        ("disable", "enable", GateKind.DISABLED, "fraud"),
        ("delete", "undelete", GateKind.DELETED, "fraud"),
    ],
)
def test_opening_offers_undo_which_closes_for_the_same_reason(
    as_manager: Client, alice: Customer, close: str, open_: str, kind: GateKind, reason: str
) -> None:
    as_manager.post(url(alice, close), {"reason": reason})
    opened = as_manager.post(url(alice, open_), follow=True).content.decode()
    assert kinds(alice) == set()
    again = url(alice, f"{close}_again")
    assert f'action="{again}"' in opened
    assert reason in as_manager.get(again).content.decode()
    closed = as_manager.post(again, follow=True).content.decode()
    assert f'action="{url(alice, open_)}"' in closed
    gate = alice.gates.standing().get()
    assert (gate.kind, gate.reason) == (kind, reason)
    twice = as_manager.post(again).content.decode()
    assert "already" in twice
    assert alice.gates.standing().count() == 1


def test_undo_finds_nothing_where_nothing_was(as_manager: Client, alice: Customer) -> None:
    for act in ("suspend", "disable", "cancel", "delete"):
        assert "nothing to undo" in as_manager.get(url(alice, f"{act}_again")).content.decode()
        assert as_manager.post(url(alice, f"{act}_again")).status_code == 200
    assert not alice.gates.exists()


@pytest.mark.feature("D-12")
def test_disable_is_in_the_dialog_of_the_list_and_nowhere_on_the_profile(
    as_manager: Client, alice: Customer
) -> None:
    there = url(alice, "disable")
    assert there in as_manager.get(url(alice, "edit"), {"from": "list"}).content.decode()
    assert there not in as_manager.get(url(alice, "edit")).content.decode()
    assert there not in as_manager.get(alice.get_absolute_url()).content.decode()
    gates.close(alice, GateKind.DISABLED, now(), actor=None)
    assert url(alice, "enable") not in as_manager.get(alice.get_absolute_url()).content.decode()


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


@pytest.mark.feature("LIF-8")
def test_a_moved_or_cleared_cancellation_can_be_put_back(as_manager: Client, alice: Customer) -> None:
    first, second = (local_day(now()) + timedelta(days=days) for days in (3, 9))
    values = {"last_day": str(first), "reason": "moves"}
    assert (
        url(alice, "cancel_clear")
        in as_manager.post(url(alice, "cancel"), values, follow=True).content.decode()
    )
    moved = as_manager.post(url(alice, "cancel"), values | {"last_day": str(second)}, follow=True)
    assert f'action="{url(alice, "cancel_again")}"' in moved.content.decode()
    as_manager.post(url(alice, "cancel_again"))
    assert alice.gates.standing().get().last_day == first
    as_manager.post(url(alice, "cancel_clear"))
    as_manager.post(url(alice, "cancel_again"))
    gate = alice.gates.standing().get()
    assert (gate.last_day, gate.reason) == (first, "moves")


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


@pytest.mark.feature("D-14")
@pytest.mark.parametrize(
    ("role", "may"), [(Role.MANAGER, False), (Role.FINANCIAL_MANAGER, True), (Role.OWNER, True)]
)
def test_who_owes_is_deleted_only_by_those_who_may_and_say_so(
    client: Client, alice: Customer, role: Role, may: bool
) -> None:
    builders.invoice(alice)
    client.force_login(builders.staff(role))
    page = client.get(url(alice, "delete")).content.decode()
    assert "balance is R 115.00" in page
    assert ("data-submit" in page) == may
    client.post(url(alice, "delete"), {"reason": "estate"})
    assert kinds(alice) == set()
    client.post(url(alice, "delete"), {"reason": "estate", "despite_balance": "on"})
    assert kinds(alice) == ({GateKind.DELETED} if may else set())
    alice.refresh_from_db()
    assert alice.balance_row.amount == Decimal(115)


@pytest.mark.feature("PWD-1")
@pytest.mark.feature("PWD-2")
def test_password_reset_shows_the_address_first(as_manager: Client, alice: Customer) -> None:
    assert "no portal login yet" in as_manager.get(url(alice, "password_reset")).content.decode()
    builders.portal_user(alice, email="alice@example.test")
    assert "alice@example.test" in as_manager.get(url(alice, "password_reset")).content.decode()
    as_manager.post(url(alice, "password_reset"))
    assert Event.objects.get(kind="portal_login.reset_requested").data["email"] == "alice@example.test"


@pytest.fixture
def workflow_is_on() -> Iterator[None]:
    """A module of suspensions and cancellations that has every customer, as a higher app registers one."""

    def suspending(customer: Customer) -> str:
        return f"The suspension workflow decides about {customer.code}."

    def cancelling(customer: Customer) -> str:
        return f"Ask for the cancellation of {customer.code} in its workflow."

    registries.add_guard("customer.suspend", suspending)
    registries.add_guard("customer.cancel", cancelling)
    yield
    registries._guards["customer.suspend"].remove(suspending)
    registries._guards["customer.cancel"].remove(cancelling)


@pytest.mark.feature("LIF-9")
@pytest.mark.parametrize(
    ("act", "sent", "said"),
    [
        ("suspend", {"reason": "late"}, "The suspension workflow decides about ALI001."),
        ("cancel", {"last_day": "2099-12-31", "reason": "moves"}, "Ask for the cancellation of ALI001"),
    ],
)
def test_a_workflow_that_is_on_takes_the_act_over(
    as_manager: Client, alice: Customer, workflow_is_on: None, act: str, sent: dict[str, str], said: str
) -> None:
    url = reverse(f"customers:customer_{act}", args=[alice.pk])
    page = as_manager.get(url).content.decode()
    assert said in page
    assert "data-submit" not in page
    assert said in as_manager.post(url, sent).content.decode()
    assert not alice.gates.exists()


@pytest.mark.feature("LIF-9")
def test_without_a_workflow_the_act_works_at_once(as_manager: Client, alice: Customer) -> None:
    as_manager.post(reverse("customers:customer_suspend", args=[alice.pk]), {"reason": "late"})
    assert gates.closed(alice.gates.all(), now())
