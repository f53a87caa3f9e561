"""After each act of the staff the very next login is answered by it, within a second, on the real socket."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from customers.accounts import gates
from customers.models import GateKind
from ispbilling.core.clock import now
from ispbilling.core.models import Role
from radius.models import DataAccount
from tests import builders
from tests.radius.conftest import Server, eventually
from tests.radius.packets import SECRET, access

pytestmark = pytest.mark.django_db(transaction=True)
ACCEPT, REJECT = 2, 3
REASON = {"reason": "asked by phone"}


@pytest.fixture
def line(server: Server) -> DataAccount:
    builders.nas(secret=SECRET.decode())
    made = builders.data_account(username="alice@isp.test", secret="wire-secret")
    assert within(server, ACCEPT, 5)
    return made


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(builders.staff(Role.OWNER))
    return client


def within(server: Server, code: int, seconds: float = 1.0) -> bool:
    """Whether a login is answered so before the time is up."""

    def answered() -> bool:
        reply = server.ask(access(), 0.3)
        return reply is not None and reply.code == code

    return bool(eventually(answered, seconds))


def press(desk: Client, name: str, pk: int, data: dict[str, Any] | None = None) -> None:
    assert desk.post(reverse(name, args=[pk]), data or {}).status_code == 302, name


@pytest.mark.feature("LIF-3", "LIF-4", "LIF-5", "LIF-6", "LIF-7", "LIF-10", "EDT-18", "GRP-15", "GRP-16")
def test_every_act_and_its_undo_reach_the_next_login_within_a_second(
    server: Server, line: DataAccount, desk: Client
) -> None:
    customer, group = line.customer_id, line.customer.group_id
    for pk, close, data, open_, again in (
        (customer, "customers:customer_suspend", REASON, "unsuspend", "customers:customer_suspend_again"),
        (customer, "customers:customer_disable", REASON, "enable", "customers:customer_disable_again"),
        (customer, "customers:customer_delete", {}, "undelete", "customers:customer_delete_again"),
        (group, "customers:group_disable", REASON, "enable", ""),
        (line.pk, "radius:data_account_block", REASON, "unblock", "radius:data_account_block_again"),
    ):
        stem = close[: close.rindex("_") + 1]
        press(desk, close, pk, data)
        assert within(server, REJECT), f"still let in a second after {close}"
        press(desk, stem + open_, pk, {"members_too": "on"})
        assert within(server, ACCEPT), f"still kept out a second after {open_}"
        if again:
            press(desk, again, pk)
            assert within(server, REJECT), f"still let in a second after {again}"
            press(desk, stem + open_, pk)
            assert within(server, ACCEPT)


@pytest.mark.feature("LIF-1", "LIF-8", "EDT-17", "D-9", "D-10")
def test_a_last_day_that_passes_needs_no_sweep(server: Server, line: DataAccount) -> None:
    """The gate closes at an instant of the future; nothing is written at that instant."""
    moment = now() + timedelta(seconds=5)
    gates.close(line.customer, GateKind.CANCELLED, now(), actor=None, reason="moves", since=moment)
    answer = server.ask(access())
    assert answer is not None
    assert answer.code == ACCEPT or now() >= moment
    time.sleep(max(0.0, (moment - now()).total_seconds()))
    assert within(server, REJECT)
    gates.open_(line.customer, GateKind.CANCELLED, now(), actor=None)
    assert within(server, ACCEPT)


@pytest.mark.feature("D-2")
def test_lifting_one_of_two_lets_nobody_in(server: Server, line: DataAccount, desk: Client) -> None:
    press(desk, "customers:customer_suspend", line.customer_id, REASON)
    press(desk, "customers:customer_disable", line.customer_id, REASON)
    assert within(server, REJECT)
    press(desk, "customers:customer_unsuspend", line.customer_id)
    time.sleep(1)
    assert within(server, REJECT, 0.1)
    press(desk, "customers:customer_enable", line.customer_id)
    assert within(server, ACCEPT)
