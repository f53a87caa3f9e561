"""The demonstration has something real on every RADIUS page, and takes all of it away again."""

import re
import time

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from ispbilling.core.clock import now
from ispbilling.demo import loading
from ispbilling.demo.removing import remove
from radius.coa import problems
from radius.models import AuthAttempt, DataTransfer, NoticeChoice
from radius.server.stored import replay_attempt

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = (
    "session_list", "session_history", "session_problems", "quarantine_list", "reject_list", "unknown_list",
    "nas_list", "nas_posture",
)  # fmt: skip


def radius_rows() -> dict[str, int]:
    tables = [name for name in connection.introspection.table_names() if name.startswith("radius_")]
    with connection.cursor() as cursor:
        found = {}
        for name in tables:
            cursor.execute(f"SELECT count(*) FROM {name}")  # noqa: S608 - names of the database
            found[name] = cursor.fetchone()[0]
    return found


def test_every_page_shows_something_that_replays_and_all_of_it_goes(as_manager: Client) -> None:
    before = radius_rows()
    began = time.monotonic()
    loading.load(now())
    assert time.monotonic() - began < 60

    for page in PAGES:
        body = as_manager.get(reverse(f"radius:{page}")).content.decode()
        assert "empty-title" not in body, page
        assert re.search("Demonstration router|Swartberg tower", body), page
    found = problems.counts(problems.sessions(now()))
    assert found.keys() == problems.PROBLEMS.keys() - {"unreachable"}, "both routers take what they are told"
    assert DataTransfer.objects.count() == NoticeChoice.objects.count() == 1
    attempts = AuthAttempt.objects.select_related("facts")
    assert {True, False} == set(attempts.values_list("accepted", flat=True))
    assert all((replay := replay_attempt(one)) and replay.same for one in attempts)

    remove(now())
    left = {name: rows for name, rows in radius_rows().items() if rows > before[name]}
    assert not left
