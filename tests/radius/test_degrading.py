"""Slow down or fence in instead of cutting off (W-16): per reason, in the words of each kind of NAS."""

from dataclasses import replace

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from customers.models import Gate
from ispbilling.core.clock import now
from ispbilling.core.models import Event, Role
from radius import subscribers
from radius.degrading.models import REASONS
from radius.models import AccessAction
from radius.nas.models import NasKind
from radius.policy import codes, replies
from radius.policy.decision import decide
from radius.policy.degrading import DEGRADABLE, Action
from radius.policy.subscriber import Closure
from radius.server.checking import check
from radius.wire.attributes import encode
from tests import builders
from tests.radius import packets
from tests.radius.conftest import settled
from tests.radius.packets import SECRET
from tests.radius.subscribers import LOGIN, NOW, subscriber

pytestmark = pytest.mark.feature("W-16")
GARDEN = Action(
    "SUSPENDED", "garden", address_list="unpaid", pool="walled", redirect_url="https://isp.test/pay"
)
SLOW = Action("TIME_LIMIT", "throttle", down_kbps=512, up_kbps=256)
SUSPENDED = {"closures": (Closure("suspended", NOW),)}
USED_UP = {"time_limit": 60, "limit_type": "once", "used_seconds": 60}


@pytest.mark.parametrize(("facts", "action", "code"), [
    ({}, "accept", ""),
    (SUSPENDED, "garden", "SUSPENDED"),
    (USED_UP, "throttle", "TIME_LIMIT"),
    ({**SUSPENDED, **USED_UP}, "garden", "SUSPENDED"),
    ({"blocked": True}, "reject", "PACKAGE_BLOCKED"),
    ({**SUSPENDED, "blocked": True}, "reject", "PACKAGE_BLOCKED"),
    ({**SUSPENDED, "mac_lock": "02:00:00:00:00:99"}, "reject", "MAC_MISMATCH"),
    ({**SUSPENDED, "group_enabled": False}, "reject", "GROUP_DISABLED"),
])  # fmt: skip
def test_all_that_is_closed_must_allow_it(facts, action, code):
    decision = decide(subscriber(actions=(GARDEN, SLOW), **facts), LOGIN, NOW)
    assert (decision.action, decision.code) == (action, code)
    assert decision.accepted is (action != "reject")


def test_a_wrong_password_gets_into_no_garden():
    wrong = replace(LOGIN, password_right=False)
    decision = decide(subscriber(actions=(GARDEN,), **SUSPENDED), wrong, NOW)
    assert (decision.action, decision.code) == ("reject", "BAD_PASSWORD")


def test_nobody_is_let_in_who_may_be_somebody_else():
    never = {
        "UNKNOWN_USER",
        "BAD_PASSWORD",
        "MAC_MISMATCH",
        "NAS_MISMATCH",
        "PORT_MISMATCH",
        "CUSTOMER_DELETED",
    }
    assert set(DEGRADABLE) <= set(codes.REASONS) - never
    assert set(REASONS) == set(DEGRADABLE)


@pytest.mark.parametrize(("kind", "fence"), [
    ("mikrotik", [("Mikrotik-Address-List", "unpaid")]),
    ("cisco", [("Filter-Id", "unpaid.in")]),
    ("wispr", [("Filter-Id", "unpaid")]),
    ("generic", [("Filter-Id", "unpaid")]),
])  # fmt: skip
def test_each_kind_of_nas_is_told_of_the_garden_in_its_own_words(kind, fence):
    facts = subscriber(
        actions=(GARDEN,), attributes=(("Filter-Id", "vip"),), framed_ip="10.0.0.9", **SUSPENDED
    )
    pairs = replies.attributes(facts, decide(facts, LOGIN, NOW), kind)
    page = [("WISPr-Redirection-URL", GARDEN.redirect_url)] if kind == "wispr" else []
    assert pairs[-len(fence + page) - 1 :] == [*fence, ("Framed-Pool", "walled"), *page]
    assert not any(name == "Framed-IP-Address" for name, _ in pairs)
    assert encode(pairs)


@pytest.mark.parametrize("kind", NasKind.values)
def test_a_throttle_changes_the_speed_and_nothing_else(kind):
    facts = subscriber(actions=(SLOW,), **USED_UP)
    decision = decide(facts, LOGIN, NOW)
    full = replies.attributes(facts, replace(decision, degraded=None), kind)
    slow = replies.attributes(facts, decision, kind)
    told = {name for name, _ in replies.RATES[kind](1, 1)}
    assert [pair for pair in slow if pair[0] in told] == replies.RATES[kind](512, 256)
    assert [pair for pair in slow if pair[0] not in told] == [pair for pair in full if pair[0] not in told]


def test_the_page_says_where_a_line_gets_in():
    said = check(subscriber(actions=(GARDEN,), **SUSPENDED), NOW).sentence
    assert said == "It can log in now. Only the walled garden is reached: The customer is suspended."


@pytest.mark.django_db
class TestPages:
    FORM = {
        "kind": "garden",
        "address_list": "unpaid",
        "pool": "",
        "down_kbps": "",
        "up_kbps": "",
        "redirect_url": "",
    }

    def save(self, client: Client, code: str = "SUSPENDED", **fields: str) -> str:
        url = reverse("radius:access_action_edit", args=[code])
        return client.post(url, {**self.FORM, **fields}, follow=True).content.decode()

    def test_everything_rejects_until_another_thing_is_chosen(self, as_manager: Client) -> None:
        text = as_manager.get(reverse("radius:access_action_list")).content.decode()
        assert text.count("Reject</") >= len(DEGRADABLE)
        assert subscribers.find(builders.data_account().username, now()).terms.actions == ()

    def test_a_garden_is_chosen_shown_decided_by_and_taken_back(self, as_manager: Client) -> None:
        text = self.save(as_manager, down_kbps="0.512", up_kbps="0.256")
        assert "Mikrotik-Address-List = unpaid" in text
        assert "Filter-Id = unpaid.in" in text
        line = builders.data_account()
        Gate.objects.create(customer=line.customer, kind="suspended", since=now())
        assert decide(subscribers.find(line.username, now()), None, now()).action == "garden"
        assert self.FORM["kind"] in str(Event.objects.get(kind="access_action.edited").data)
        self.save(as_manager, kind="reject")
        assert decide(subscribers.find(line.username, now()), None, now()).action == "reject"
        assert AccessAction.objects.get().address_list == ""

    @pytest.mark.parametrize(("fields", "sentence"), [
        ({"address_list": ""}, "no wall"), ({"kind": "throttle", "address_list": ""}, "both speeds"),
        ({"down_kbps": "1"}, "both speeds"), ({"address_list": "two words"}, "without spaces"),
    ])  # fmt: skip
    def test_half_a_garden_is_refused(self, as_manager: Client, fields: dict, sentence: str) -> None:
        assert sentence in self.save(as_manager, **fields)
        assert not AccessAction.objects.exists()

    def test_only_the_listed_reasons_have_a_page(self, as_manager: Client) -> None:
        assert as_manager.get(reverse("radius:access_action_edit", args=["BAD_PASSWORD"])).status_code == 404

    def test_who_may_not_edit_services_may_not_choose(self, client: Client) -> None:
        client.force_login(builders.staff(Role.SUPPORT))
        assert client.get(reverse("radius:access_action_list")).status_code == 200
        assert client.get(reverse("radius:access_action_edit", args=["SUSPENDED"])).status_code == 403

    @pytest.mark.parametrize("row", [
        {"code": "BAD_PASSWORD"}, {"code": "SUSPENDED", "kind": "garden"}, {"code": "SUSPENDED", "kind": "throttle"},
        {"code": "SUSPENDED", "down_kbps": 1},
    ])  # fmt: skip
    def test_the_database_takes_no_garden_without_a_wall(self, row: dict) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            AccessAction.objects.create(**row)
        assert connection.is_usable()


@pytest.fixture
def line(server, transactional_db):
    builders.nas(secret=SECRET.decode())
    made = builders.data_account(username="alice@isp.test", secret="wire-secret")
    assert settled(lambda: answers(server, 2))
    return made


def answers(server, code: int) -> bool:
    reply = server.ask(packets.access(), 0.5)
    return reply is not None and reply.code == code


def test_the_running_server_follows_the_choice(server, line):
    Gate.objects.create(customer=line.customer, kind="suspended", since=now())
    assert settled(lambda: answers(server, 3))
    AccessAction.objects.create(code="SUSPENDED", kind="garden", address_list="unpaid")
    assert settled(lambda: answers(server, 2))
    assert b"unpaid" in server.send(packets.access().RequestPacket(), server.auth_port)
    AccessAction.objects.update(kind="reject")
    assert settled(lambda: answers(server, 3))
