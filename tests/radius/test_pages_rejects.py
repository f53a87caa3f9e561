"""The log of refused and accepted log-ins, and usernames nobody has (W-3)."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from customers.models import Customer
from ispbilling.core.clock import local_day, now
from ispbilling.core.models import Role
from radius.models import NasPosture, Stranger
from radius.server import counts
from radius.server.unknown import similar, unknown
from tests import builders

pytestmark = [pytest.mark.django_db, pytest.mark.feature("W-3")]


def shown(client: Client, name: str, **query) -> str:
    response = client.get(reverse(f"radius:{name}"), query)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_the_log_counts_by_reason_and_filters_by_it(as_manager: Client, alice: Customer):
    line = builders.data_account(customer=alice, username="ali@isp.test")
    tower, other = builders.nas(name="Tower 7"), builders.nas(name="Tower 8", address="10.0.0.8")
    for _ in range(3):
        builders.auth_attempt(code="BAD_PASSWORD", data_account=line, username="ali@isp.test", nas=tower)
    builders.auth_attempt(code="SUSPENDED", username="bob@isp.test", nas=other)
    builders.auth_attempt(code="SUSPENDED", username="old@isp.test", at=now() - timedelta(days=3))
    builders.auth_attempt(code="", accepted=True, username="fine@isp.test", nas=tower)
    assert counts.by_reason(now()) == [
        ("BAD_PASSWORD", "The password does not match the data account's RADIUS password.", 3),
        ("SUSPENDED", "The customer is suspended.", 1),
    ]
    text = shown(as_manager, "reject_list")
    assert '<a href="?code=BAD_PASSWORD" class="text-break"><strong class="num">3</strong>' in text
    assert "fine@isp.test" not in text
    assert "bob@isp.test" not in shown(as_manager, "reject_list", code="BAD_PASSWORD")
    assert "ali@isp.test" not in shown(as_manager, "reject_list", nas=other.pk)
    assert "bob@isp.test" not in shown(as_manager, "reject_list", customer=alice.code)
    assert "old@isp.test" not in shown(as_manager, "reject_list", at_after=f"{local_day(now())}")
    accepted = shown(as_manager, "reject_list", state="accepted")
    assert "fine@isp.test" in accepted
    assert "Accepted." in accepted
    assert "ali@isp.test" not in accepted


def test_what_was_dropped_is_told_beside_it(as_manager: Client):
    Stranger.objects.create(address="192.0.2.9", packets=5, first_at=now(), last_at=now())
    NasPosture.objects.create(
        nas=builders.nas(), day=local_day(now()), drops={counts.UNSIGNED: 12, "length": 3}
    )
    text = shown(as_manager, "reject_list")
    assert "1</strong> address</a> that is no NAS of ours" in text
    assert "12</strong> requests</a> today without a Message-Authenticator" in text


def test_taking_the_log_out_asks_what_for(as_manager: Client):
    builders.auth_attempt()
    answer = as_manager.get(reverse("radius:reject_list"), {"export": "csv"})
    assert "text/csv" not in answer.headers.get("Content-Type", "")


def test_an_unknown_username_leads_to_what_it_was_meant_to_be(as_manager: Client, alice: Customer):
    line = builders.data_account(customer=alice, username="jonathan.smith@isp.test")
    builders.data_account(username="zebra@isp.test")
    tower = builders.nas(name="Tower 7")
    for name in ("jonathon.smith@isp.test", "Jonathon.Smith@isp.test", "qqq"):
        builders.auth_attempt(username=name, nas=tower)
    builders.auth_attempt(username="long-ago", at=now() - timedelta(days=8))
    first, second = unknown(now())
    assert (first.username, first.similar, first.count) == ("qqq", (), 1)
    assert (second.username, second.similar, second.count) == ("Jonathon.Smith@isp.test", [line], 2)
    text = shown(as_manager, "unknown_list")
    assert "jonathan.smith@isp.test" in text
    assert "Nothing similar is known" in text
    assert "zebra@isp.test" not in text
    adopt = reverse("radius:unknown_adopt")
    assert f"{adopt}?username=qqq" in text
    page = as_manager.get(adopt, {"username": "qqq"}).content.decode()
    assert "Whose is the line that logs in as qqq?" in page
    there = as_manager.get(adopt, {"username": "qqq", "customer": alice.code})
    assert there.url == reverse("radius:data_account_add", args=[alice.pk]) + "?username=qqq"
    assert 'value="qqq"' in as_manager.get(there.url).content.decode()
    builders.data_account(username="QQQ")
    assert "A data account has this username now" in shown(as_manager, "unknown_list")
    assert similar([]) == {}


def test_a_realm_too_much_or_too_little_is_seen_and_a_common_one_is_no_likeness():
    full, bare = builders.data_account(username="fri001@isp.test"), builders.data_account(username="ann_2")
    builders.data_account(username="pri993@isp.test")
    found = similar(["fri001", "fri001@isp.tes", "ann_2@isp.test", "jonny@isp.test", "%"])
    assert found["fri001"] == found["fri001@isp.tes"] == [full]
    assert found["ann_2@isp.test"] == [bare]
    assert not {"jonny@isp.test", "%"} & found.keys()


def test_nobody_unknown_says_so(as_manager: Client, client: Client):
    assert "No unknown username" in shown(as_manager, "unknown_list")
    builders.auth_attempt(username="qqq")
    client.force_login(builders.staff(Role.READ_ONLY))
    assert "Add Data Account" not in shown(client, "unknown_list")
