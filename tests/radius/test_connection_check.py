""" "Why can't this line connect?": now, at another time, with a change (W-3, R9)."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from customers.accounts import gates
from customers.models import Customer, GateKind
from groups.models import CustomerGroup
from ispbilling.core.clock import local_day, now, zone
from ispbilling.core.models import Role, User
from radius.models import AuthAttempt, DataAccount, DecisionFacts
from radius.policy import replies
from radius.policy.decision import decide
from radius.policy.gates import GATES
from radius.policy.subscriber import Login
from radius.server.attempts import Attempt, write
from radius.server.remedies import REMEDIES
from radius.subscribers import find
from radius.wire.attributes import encode
from tests import builders
from tests.radius.test_replay import REQUEST

pytestmark = [pytest.mark.django_db, pytest.mark.feature("W-3")]


@pytest.fixture
def line(alice: Customer) -> DataAccount:
    made = builders.data_account(customer=alice, username="ali@isp.test", mac_lock="00:1A:2B:3C:4D:5E")
    DataAccount.objects.filter(pk=made.pk).update(created_at=now() - timedelta(days=90))
    return made


@pytest.fixture
def ask(as_manager: Client, line: DataAccount):
    def asked(**query) -> str:
        response = as_manager.get(reverse("radius:login_check"), {"username": "ali@isp.test", **query})
        assert response.status_code == 200
        return " ".join(response.content.decode().split())

    return asked


def local(at) -> str:
    return f"{at.astimezone(zone()):%Y-%m-%dT%H:%M:%S}"


def test_it_asks_the_servers_own_decision(ask, as_manager: Client, alice: Customer, line: DataAccount):
    assert "Ask" in as_manager.get(reverse("radius:login_check")).content.decode()
    assert "It can log in now." in ask(username="ALI@isp.test")
    assert "another device" in ask(mac="00:00:00:00:00:01")
    assert "It cannot log in now. No data account has this username." in ask(username="x")
    assert "It cannot log in now. The password does not match" in ask(password="wrong")
    gates.close(alice, GateKind.SUSPENDED, now() - timedelta(days=1), actor=None, reason="overdue")
    text = ask()
    assert "It cannot log in now. The customer is suspended." in text
    assert "overdue (by the system)" in text
    assert "The router is told: <q>This account is suspended. Please contact us.</q>" in text
    assert reverse("customers:customer_unsuspend", args=[alice.pk]) in text
    assert "The password is right" not in text
    widget = as_manager.get(line.get_absolute_url(), {"widget": "access"}).content.decode()
    assert "It cannot log in now. The customer is suspended." in widget
    assert reverse("radius:login_check") + "?username=ali%40isp.test" in widget


def test_it_says_who_closed_the_gate(ask, alice: Customer, manager: User):
    gates.close(alice, GateKind.DISABLED, now(), actor=manager, reason="Equipment stolen")
    assert f"Equipment stolen (by {manager})" in ask()


def test_a_change_is_tried_without_being_made(ask, alice: Customer, line: DataAccount):
    gates.close(alice, GateKind.SUSPENDED, now(), actor=None)
    CustomerGroup.objects.filter(pk=alice.group_id).update(enabled=False)
    fast = builders.package(title="Fast", service=builders.service(down_kbps=80_000, up_kbps=80_000))
    text = ask(suppose=["suspended", "group"], package=fast.pk, mac="02:00:00:00:00:01")
    assert "Even with this change it could not log in. The log-in came from another device" in text
    assert "Without the change: It cannot log in now. The customer&#x27;s group is disabled" in text
    text = ask(suppose=["suspended", "group"], package=fast.pk)
    assert "With this change it could log in." in text
    assert "80M/80M" in text
    assert decide(find("ali@isp.test", now()), None, now()).code == "GROUP_DISABLED"
    line.blocked, line.ends_on = True, local_day(now()) - timedelta(days=1)
    line.save(update_fields=["blocked", "ends_on"])
    supposed = {"suppose": ["suspended", "group", "blocked", "locks"], "last_day": f"{local_day(now())}"}
    text = ask(mac="02:00:00:00:00:01", **supposed)
    assert "With this change it could log in." in text
    assert "This holds until" in text


def test_the_past_is_answered_from_what_was_known(ask, alice: Customer, line: DataAccount):
    gates.close(alice, GateKind.SUSPENDED, now() - timedelta(days=20), actor=None, reason="overdue")
    gates.open_(alice, GateKind.SUSPENDED, now() - timedelta(days=10), actor=None)
    before = now() - timedelta(seconds=1)
    DataAccount.objects.update(blocked=True, blocked_reason="stolen")
    CustomerGroup.objects.update(title="Renamed", enabled=False)
    assert "It cannot log in now. The customer&#x27;s group is disabled" in ask()
    text = ask(at=local(before))
    assert "It could log in on" in text
    assert "Unblock" not in text
    text = ask(at=local(now() - timedelta(days=15)))
    assert "It could not log in on" in text
    assert "The customer is suspended." in text
    assert "No data account has this username." in ask(at=local(now() - timedelta(days=100)))
    assert "It will not be able to log in on" in ask(at=local(now() + timedelta(days=1)))


def test_what_happened_and_who_is_online_is_beside_it(ask, line: DataAccount):
    tower = builders.nas(name="Tower 7")
    builders.session(data_account=line, nas=tower, framed_ip="10.2.2.2")
    builders.auth_attempt(username="ali@isp.test", data_account=line, code="BAD_PASSWORD", nas=tower)
    builders.auth_attempt(username="ali@isp.test", data_account=line, code="", accepted=True, nas=tower)
    text = ask()
    assert "10.2.2.2" in text
    assert "The password does not match" in text
    assert "Accepted." in text
    line.package.simultaneous_use = 1
    line.package.save(update_fields=["simultaneous_use"])
    assert "It cannot log in now. As many sessions as the package allows" in ask(
        nas=builders.nas(address="10.9.9.9").pk
    )


def test_who_may_not_change_anything_is_offered_nothing(client: Client, alice: Customer, line: DataAccount):
    gates.close(alice, GateKind.SUSPENDED, now(), actor=None)
    client.force_login(builders.staff(Role.READ_ONLY))
    text = client.get(reverse("radius:login_check"), {"username": "ali@isp.test"}).content.decode()
    assert "The customer is suspended." in text
    assert "Unsuspend" not in text


def test_every_gate_has_something_that_opens_it(line: DataAccount):
    trace = decide(find("ali@isp.test", now()), None, now()).trace
    assert len(trace) == len(GATES)
    assert {gate.name for gate in trace} - set(REMEDIES) == set()


def test_a_kept_log_in_is_shown_decided_again_and_asked_today(as_manager: Client, line: DataAccount):
    tower = builders.nas(name="Tower 7")
    facts = find("ali@isp.test", now())
    login = Login(True, "02:00:00:00:00:01", tower.pk, tower.name, method="CHAP")
    decision = decide(facts, login, now())
    request = REQUEST._replace(username=b"ali@isp.test", calling_station=login.calling_station.encode())
    told = encode(replies.reject(decision.code))
    write(connection.connection, [Attempt(now(), request, tower.pk, facts, login, decision, told)])
    attempt = AuthAttempt.objects.get()

    def shown() -> str:
        return " ".join(as_manager.get(attempt.get_absolute_url()).content.decode().split())

    assert "Reject of ali@isp.test" in shown()
    assert "Decided again from what was stored, the answer and every gate are the same." in shown()
    assert "This log-in belongs to another device. Please contact us." in shown()
    assert "CHAP" in shown()
    assert f"mac=02%3A00%3A00%3A00%3A00%3A01&amp;nas={tower.pk}" in shown()
    assert "It cannot log in now. The log-in came from another device" in shown()
    DataAccount.objects.update(mac_lock="")
    assert "It can log in now." in shown()
    DecisionFacts.objects.update(facts={**attempt.facts.facts, "mac_lock": ""})
    assert "It was answered MAC_MISMATCH; today&#x27;s policy answers accept." in shown()
    DecisionFacts.objects.update(policy="another")
    assert "An earlier version" in shown()
