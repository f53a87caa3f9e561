"""Speed tests: what a customer may ask of our server, and what is kept."""

from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from customers.models import Customer
from ispbilling.core.clock import now
from radius.models import DataAccount, SpeedTest
from radius.speed import measuring
from tests import builders
from tests.portal.conftest import text

pytestmark = [pytest.mark.django_db, pytest.mark.feature("PRO-9")]
PAGE, DATA = "/portal/usage/speed/", "/portal/usage/speed/data/"
RESULT = {
    "latency": "12.34",
    "down_octets": "12000000",
    "down_ms": "4800",
    "up_octets": "2500000",
    "up_ms": "2000",
}


@pytest.fixture(autouse=True)
def nobody_tests() -> None:
    cache.clear()


def begin(client: Client, **sent: Any) -> str:
    return client.post(PAGE, sent).json()["ticket"]


def test_a_result_is_kept_once_beside_what_is_sold(
    as_alice: Client, alice: Customer, line: DataAccount
) -> None:
    ticket = begin(as_alice, account=line.pk)
    builders.session(data_account=line, username=line.username, framed_ip="127.0.0.1")
    for _twice in range(2):
        assert as_alice.post(PAGE, {"ticket": ticket, **RESULT}).json() == {"url": PAGE}
    made = SpeedTest.objects.get()
    assert (made.down_kbps, made.up_kbps, str(made.latency_ms)) == (20_000, 10_000, "12.3")
    assert (made.customer, made.data_account, made.over_line, made.percent) == (alice, line, True, 100)
    page = text(as_alice.get(PAGE))
    assert "20 Mb/s down, 10 Mb/s up" in page
    assert "100 % of 20 Mb/s" in page


def test_octets_go_down_and_up_within_bounds(as_alice: Client, line: DataAccount) -> None:
    ticket = begin(as_alice)
    answer = as_alice.get(DATA, {"ticket": ticket, "octets": "300000"})
    assert len(b"".join(answer.streaming_content)) == 300_000
    assert "no-store" in answer["Cache-Control"]
    up = as_alice.post(f"{DATA}?ticket={ticket}", b"x" * 200_000, content_type="application/octet-stream")
    assert up.json() == {"octets": 200_000}
    for octets in ("0", "8000001", "x", "9" * 12):
        assert as_alice.get(DATA, {"ticket": ticket, "octets": octets}).status_code in (404, 429)
    for _part in range(3):
        as_alice.get(DATA, {"ticket": ticket, "octets": "8000000"})
    assert as_alice.get(DATA, {"ticket": ticket, "octets": "8000000"}).status_code == 429
    assert as_alice.get(DATA, {"ticket": "guessed", "octets": "1"}).status_code == 429
    assert as_alice.get(DATA).status_code == 200


def test_a_ticket_is_its_customers_and_a_line_too(as_alice: Client, bob: Customer, line: DataAccount) -> None:
    ticket = begin(as_alice)
    as_bob = Client()
    as_bob.force_login(builders.portal_user(bob))
    assert as_bob.post(PAGE, {"ticket": ticket, **RESULT}).status_code == 400
    assert as_bob.get(DATA, {"ticket": ticket, "octets": "1"}).status_code == 429
    assert as_bob.post(PAGE, {"account": line.pk}).status_code == 404
    assert not SpeedTest.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [{"latency": "NaN"}, {"latency": "-1"}, {"latency": "99999"}, {"down_ms": "0"}, {"down_octets": "-5"},
     {"up_ms": "x"}, {"up_octets": "999999999"}, {"down_ms": "9" * 30}],
)  # fmt: skip
def test_what_cannot_have_been_measured_is_refused(
    as_alice: Client, line: DataAccount, wrong: dict[str, str]
) -> None:
    answer = as_alice.post(PAGE, {"ticket": begin(as_alice), **RESULT, **wrong})
    assert answer.status_code == 400
    assert "cannot be right" in answer.json()["error"]
    assert not SpeedTest.objects.exists()


def test_few_run_at_once_and_few_in_an_hour(as_alice: Client, alice: Customer) -> None:
    for _other in range(measuring.AT_ONCE):
        measuring.begin(builders.customer(), None)
    refused = as_alice.post(PAGE)
    assert refused.status_code == 429
    assert "Others are testing" in refused.json()["error"]
    cache.clear()
    for _test in range(measuring.TESTS):
        as_alice.post(PAGE, {"ticket": begin(as_alice), **RESULT})
    assert "within an hour" in as_alice.post(PAGE).json()["error"]
    assert SpeedTest.objects.filter(customer=alice, data_account=None).count() == measuring.TESTS


def test_the_database_keeps_to_this_world(alice: Customer) -> None:
    good = {"latency_ms": 1, "down_kbps": 1, "up_kbps": 1, "down_octets": 1, "up_octets": 1, "at": now()}
    for wrong in ({"latency_ms": -1}, {"down_kbps": 100_000_001}, {"over_line": True}, {"sold_up_kbps": 5}):
        with pytest.raises(IntegrityError), transaction.atomic():
            SpeedTest.objects.create(token=uuid4(), customer=alice, **{**good, **wrong})


def test_staff_list_them_and_find_the_slow_ones(
    as_manager: Client, as_alice: Client, line: DataAccount
) -> None:
    ticket = begin(as_alice, account=line.pk)
    as_alice.post(PAGE, {"ticket": ticket, **RESULT, "down_ms": "48000"})
    url = reverse("radius:speed_test_list")
    assert "2 Mb/s" in as_manager.get(url, {"state": "slow"}).content.decode()
    assert "alice@isp.test" not in as_manager.get(url, {"state": "line"}).content.decode()
    profile = reverse("customers:customer_detail", args=[line.customer_id])
    widget = as_manager.get(profile, {"widget": "speed_tests"}).content.decode()
    assert "10 % of 20 Mb/s" in widget
