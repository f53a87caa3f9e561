"""Sessions, rejects and what the search finds."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from customers.models import Customer
from ispbilling import search
from ispbilling.core.clock import now
from ispbilling.core.models import User
from radius.accounts import lines
from radius.models import Session
from radius.usage.views import SessionHistory
from tests import builders

pytestmark = pytest.mark.django_db


def listed(client: Client, name: str, **query: str) -> str:
    response = client.get(reverse(f"radius:{name}"), query)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.feature("USE-12")
def test_only_open_sessions_are_active(as_manager: Client, alice: Customer) -> None:
    nas, other = builders.nas(name="North"), builders.nas(name="South", address="10.0.0.2")
    line = builders.data_account(customer=alice, username="ali@isp.test")
    builders.session(data_account=line, nas=nas, started_at=now() - timedelta(days=2, hours=3))
    builders.session(username="gone@isp.test", nas=nas, stopped_at=now(), terminate_cause="Lost-Carrier")
    builders.session(username="stranger@isp.test", nas=other)
    active = listed(as_manager, "session_list")
    assert "2d 03:00" in active
    assert "gone@isp.test" not in active
    south = listed(as_manager, "session_list", nas=str(other.pk))
    assert "stranger@isp.test" in south
    assert "ali@isp.test" not in south
    assert "ali@isp.test" in listed(as_manager, "session_list", customer="ali001")
    history = listed(as_manager, "session_history")
    assert "Lost-Carrier" in history
    assert "stranger@isp.test" not in history


def test_a_session_of_a_device_that_is_gone_is_still_shown(as_manager: Client) -> None:
    session = builders.session(nas_id=987654, username="orphan@isp.test")
    assert "orphan@isp.test" in listed(as_manager, "session_list")
    assert "a NAS that is gone" in as_manager.get(session.get_absolute_url()).content.decode()


def test_nobody_online_says_so(as_manager: Client) -> None:
    assert "Nobody is online" in listed(as_manager, "session_list")
    assert "Nobody was refused" in listed(as_manager, "reject_list")


@pytest.mark.feature("W-3")
def test_a_reject_explains_every_gate(as_manager: Client) -> None:
    line = builders.data_account(username="ali@isp.test")
    attempt = builders.auth_attempt(
        username="ali@isp.test",
        data_account=line,
        nas=builders.nas(),
        code="SUSPENDED",
        trace=[
            {"name": "password", "open": True, "code": "BAD_PASSWORD", "detail": ""},
            {
                "name": "suspended",
                "open": False,
                "code": "SUSPENDED",
                "detail": "since 2026-12-04 03:00:07.25+00:00: overdue",
            },
        ],
    )
    assert "The customer is suspended." in listed(as_manager, "reject_list")
    assert "ali@isp.test" not in listed(as_manager, "reject_list", code="BAD_PASSWORD")
    text = as_manager.get(attempt.get_absolute_url()).content.decode()
    assert "The password is right, or none is asked." in text
    assert "since 2026-12-04 05:00: overdue" in text


def test_a_username_from_the_wire_is_text_not_markup(as_manager: Client) -> None:
    builders.auth_attempt(username="<script>alert(1)</script>")
    text = listed(as_manager, "reject_list")
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_the_search_finds_lines_devices_and_where_addresses_are_looked_up(manager: User) -> None:
    builders.data_account(username="ali@isp.test")
    nas = builders.nas(name="Tower", address="10.0.0.9")
    Session.objects.all().delete()
    builders.session(username="ali@isp.test", nas=nas, framed_ip="100.64.0.7")

    def hits(text: str) -> dict[str, list[str]]:
        return {source.name: [hit.title for hit in found] for source, found in search.find(text, manager, 5)}

    assert hits("ali@") == {"data_accounts": ["ali@isp.test"]}
    assert hits("tower") == {"nas": ["Tower"]}
    assert hits("10.0.0.9") == {"ip_lookup": ["Who has 10.0.0.9?"], "nas": ["Tower"]}
    assert hits("100.64.0.7") == {"ip_lookup": ["Who has 100.64.0.7?"]}


@pytest.mark.feature("PRO-9")
def test_millions_of_previous_sessions_are_counted_and_turned_only_so_far(
    as_manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SessionHistory, "most", 30)
    four = [builders.data_account(username=f"line{n}@isp.test") for n in range(4)]
    for n in range(40):
        at = now() - timedelta(hours=n)
        builders.session(
            data_account=four[n % 4], username=four[n % 4].username, started_at=at, stopped_at=at
        )
    url = reverse("radius:session_history")
    with CaptureQueriesContext(connection) as captured:
        page = as_manager.get(url, {"sort": "username", "page": "2"}).content.decode()
    text = re.sub(r"<[^>]+>", "", page)
    assert "Showing 26 to 30 of more than 30 entries" in text
    assert '?sort=username&amp;page=2" data-refresh' in page
    assert "sort=-username" not in page
    counts = [
        one["sql"]
        for one in captured.captured_queries
        if "COUNT(*)" in one["sql"] and "stopped_at" in one["sql"]
    ]
    assert counts
    assert all("LIMIT 31" in sql for sql in counts)
    few = as_manager.get(url, {"username": "LINE1@isp.test", "sort": "-started_at"}).content.decode()
    assert "of 10 entries" in re.sub(r"<[^>]+>", "", few)
    assert "sort=" in few


def test_previous_sessions_are_found_by_what_the_line_was_called_and_by_device(as_manager: Client) -> None:
    line = builders.data_account(username="old@isp.test")
    for name, account, mac in (("old@isp.test", line, "02:00:5E:00:00:01"), ("other@isp.test", None, "")):
        builders.session(data_account=account, username=name, stopped_at=now(), calling_station_id=mac)
    lines.edit(line, {"username": "new@isp.test"}, now(), actor=None)
    for query in (
        {"username": "old@isp.test"},
        {"username": "NEW@isp.test"},
        {"q": "new@"},
        {"q": "0200-5e00-0001"},
    ):
        page = listed(as_manager, "session_history", **query)
        assert ("old@isp.test</a>" in page, "other@isp.test" in page) == (True, False), query
    assert "other@isp.test" in listed(as_manager, "session_history", q="other")


def test_the_name_of_a_nas_is_text_in_its_cell_and_on_hover(as_manager: Client) -> None:
    builders.session(nas=builders.nas(name='Tower "7" <b>'))
    page = listed(as_manager, "session_list")
    assert 'title="Tower &quot;7&quot; &lt;b&gt;"' in page
    assert "<b>" not in page
