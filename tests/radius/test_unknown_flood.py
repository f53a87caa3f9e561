"""Somebody tries usernames that nobody has, without end: the table stays small, the numbers exact."""

import os

import pytest
from django.test import Client
from django.urls import reverse

from ispbilling.core.clock import now
from radius.models import AuthAttempt, UnknownSurplus
from radius.server import counts
from radius.server.attempts import UNKNOWN_KEPT, AttemptLog
from radius.server.handlers import Authentication
from radius.server.limiting import Allowance
from radius.server.unknown import unknown
from tests import builders
from tests.radius.packets import SECRET, access
from tests.radius.worker import HOST, Worker

pytestmark = pytest.mark.feature("W-3")


def test_each_has_its_allowance_of_every_minute_and_what_is_beyond_is_told_once():
    allowed = Allowance(2)
    assert [allowed(1, 60.0 + n) for n in range(4)] == [True, True, False, False]
    assert allowed(2, 100.0)
    assert allowed.take(119.9) == {}, "the minute is not over"
    assert allowed(1, 120.0), "a new one"
    assert allowed.take(120.0) == {(1, 1): 2}
    assert allowed.take(999.0) == {}


class Flooded(Worker):
    def __init__(self) -> None:
        self.attempts = AttemptLog("test")
        super().__init__()

    def handler(self):
        return Authentication(self.snapshot, self.counts, self.attempts.add)


@pytest.mark.django_db(transaction=True)
def test_a_flood_of_made_up_usernames_is_counted_and_no_real_reject_is_lost(as_manager: Client):
    nas = builders.nas(address=HOST, secret=SECRET.decode())
    builders.data_account(username="alice@isp.test", secret="wire-secret")
    worker = Flooded()
    for _ in range(300):
        assert worker.ask(access(os.urandom(8).hex()))
    assert worker.ask(access(password="wrong"))
    worker.attempts.start()
    worker.attempts.stop()
    kept = AuthAttempt.objects.filter(code="UNKNOWN_USER").count()
    assert UNKNOWN_KEPT <= kept <= 2 * UNKNOWN_KEPT  # of one minute, or of two
    assert AuthAttempt.objects.filter(username="alice@isp.test", code="BAD_PASSWORD").count() == 1
    assert {row.nas_id for row in UnknownSurplus.objects.all()} == {nas.pk}
    assert {code: count for code, _said, count in counts.by_reason(now())} == {
        "UNKNOWN_USER": 300, "BAD_PASSWORD": 1,
    }  # fmt: skip
    page = as_manager.get(reverse("radius:unknown_list")).content.decode()
    assert f"{300 - kept} more log-ins were counted and not kept" in page


@pytest.mark.django_db
def test_usernames_are_gathered_of_the_latest_log_ins_only():
    for name in ("one", "two", "three", "two"):
        builders.auth_attempt(username=name)
    assert [(one.username, one.count) for one in unknown(now(), 3)] == [("two", 2), ("three", 1)]
