"""Who had an address at a time: found in every partition, by an index, and never without a record of who asked."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from customers.protection.models import Visit
from ispbilling.core.clock import now
from ispbilling.core.models import Event, Role
from radius.models import Session
from radius.tracing.looking import NotAnAddress, Sought, read, sessions, statics
from radius.usage import partitions
from tests import builders

pytestmark = pytest.mark.feature("W-11")
HOUR = timedelta(hours=1)


def ask(client: Client, sought: str, at: datetime, until: datetime | None = None, **more: str):
    form = {"sought": sought, "since": f"{timezone.localtime(at):%Y-%m-%dT%H:%M:%S}", "reason": "CAS 114/11/2026",
            "until": f"{timezone.localtime(until):%Y-%m-%dT%H:%M:%S}" if until else "", **more}  # fmt: skip
    return client.post(reverse("radius:ip_lookup"), form)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("196.0.2.7", "196.0.2.7"),
        (" 2001:DB8::1 ", "2001:db8::1"),
        ("2001:db8:5::/56", "2001:db8:5::"),
        ("::ffff:196.0.2.7", "196.0.2.7"),
        ("02-00-5E-00-00-01", "02:00:5e:00:00:01"),
        ("0200.5e00.0001", "02:00:5e:00:00:01"),
        ("02005e000001", "02:00:5e:00:00:01"),
    ],
)
def test_addresses_are_read_as_people_write_them(typed, meant):
    assert str(read(typed)) == meant


@pytest.mark.parametrize("typed", ["", "alice", "999.1.1.1", "02:00:5e:00:00", "1.2.3.4; drop"])
def test_what_is_no_address_is_refused(typed):
    with pytest.raises(NotAnAddress):
        read(typed)


@pytest.mark.django_db
def test_it_finds_who_had_it_in_that_moment_and_nobody_else():
    at = now()
    line = builders.data_account()

    def session(begun: float, ended: float | None, **facts) -> Session:
        stopped = None if ended is None else at - ended * HOUR
        return builders.session(data_account=line, started_at=at - begun * HOUR, stopped_at=stopped, **facts)

    before = session(9, 6, framed_ip="100.64.0.7")
    after = session(5, None, framed_ip="100.64.0.7")
    session(9, None, framed_ip="100.64.0.8")
    six = session(9, None, framed_ipv6_prefix="2001:db8:0:7::/64", delegated_ipv6_prefix="2001:db8:100::/56")
    device = session(9, None, calling_station_id="02-00-5E-00-00-01")

    def found(sought: str, begun: float, ended: float) -> list[Session]:
        return list(sessions(read(sought), at - begun * HOUR, at - ended * HOUR))

    assert found("100.64.0.7", 8, 8) == [before]
    assert found("100.64.0.7", 5.5, 5.5) == []
    assert found("100.64.0.7", 1, 1) == [after]
    assert found("100.64.0.7", 8, 1) == [before, after]
    assert found("2001:db8:0:7::abcd", 1, 1) == found("2001:db8:100:ff::1", 1, 1) == [six]
    assert found("2001:db8:0:8::1", 1, 1) == found("2001:db8:100:100::1", 1, 1) == []
    assert found("0200.5e00.0001", 1, 1) == [device]


@pytest.mark.django_db
def test_it_finds_what_was_archived_and_reads_only_the_months_that_may_hold_it():
    at = now()
    old = builders.session(
        framed_ip="100.64.0.7",
        started_at=at - 95 * 24 * HOUR,
        stopped_at=at - 94 * 24 * HOUR,
        updated_at=at - 94 * 24 * HOUR,
    )
    moved = partitions.archive(partitions.Block(old.pk, old.pk, 1), at)
    assert moved == 1
    asked = read("100.64.0.7")
    assert [one.pk for one in sessions(asked, at - 95 * 24 * HOUR, at - 94 * 24 * HOUR)] == [old.pk]
    assert list(sessions(asked, at - HOUR, at)) == []
    month = f"{partitions.SESSIONS}_{timezone.localtime(old.stopped_at):%Y_%m}"
    assert month not in sessions(asked, at - HOUR, at).explain()


MANY = """
INSERT INTO radius_session (key, incarnation, username, acct_session_id, nas_port, calling_station_id,
    called_station_id, framed_ip, delegated_ipv6_prefix, started_at, updated_at, stopped_at, month, seconds,
    upload_octets, download_octets, terminate_cause)
SELECT gen_random_uuid(), 1, 'u' || n, 's' || n, '', lpad(to_hex(n), 12, '0'), '', '100.64.0.0'::inet + n % 4000,
    set_masklen('2001:db8::'::inet + (n % 1000) * 4722366482869645, 56), now() - n * interval '1 minute', now(),
    now(), date_trunc('month', now()), 0, 0, 0, ''
FROM generate_series(1, 20000) n
"""


@pytest.mark.django_db
def test_every_way_has_its_index():
    month = now().date().replace(day=1)
    partitions.create(partitions.SESSIONS, month)
    with connection.cursor() as cursor:
        cursor.execute(MANY)
        cursor.execute("ANALYZE radius_session")
    for sought in ("100.64.0.7", "2001:db8::1", "02:00:5e:00:00:01"):
        plan = sessions(read(sought), now() - HOUR, now()).explain()
        # Of months without a row, which it may know to be empty, PostgreSQL reads no index.
        assert f"Seq Scan on {partitions.name(partitions.SESSIONS, month)}" not in plan, plan


@pytest.mark.django_db
def test_static_addresses_and_locks_are_found_too():
    line = builders.data_account(
        framed_ip="196.0.2.7", framed_ipv6_prefix="2001:db8:0:7::/64", delegated_ipv6_prefix="2001:db8:100::/56",
        mac_lock="02:00:5E:00:00:01",
    )  # fmt: skip
    for sought in ("196.0.2.7", "2001:db8:0:7::1", "2001:db8:100:1::1", "02005e000001"):
        assert list(statics(read(sought))) == [line]
    assert not statics(Sought(mac="02005e000002"))


@pytest.mark.django_db
def test_every_look_up_is_recorded_before_it_is_answered(as_manager: Client, manager):
    line = builders.data_account(username="alice@isp.test")
    builders.session(data_account=line, framed_ip="100.64.0.7", terminate_cause="")
    at = now() - HOUR / 2
    text = ask(as_manager, "100.64.0.7", at).content.decode()
    assert "alice@isp.test" in text
    assert line.customer.name in text
    event = Event.objects.get(kind="sessions.traced")
    assert event.actor == manager
    assert event.data["sought"] == "100.64.0.7"
    assert event.data["reason"] == "CAS 114/11/2026"
    assert event.data["sessions"] == 1
    assert datetime.fromisoformat(event.data["since"]) == at.replace(microsecond=0)
    assert Visit.objects.get().customer == line.customer
    assert "No session had it then" in ask(as_manager, "100.64.0.9", at).content.decode()
    assert Event.objects.filter(kind="sessions.traced").count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [{"sought": "alice"}, {"reason": ""}, {"reason": "x"}, {"since": ""}, {"until": "2020-01-01T00:00:00"}],
)
def test_without_a_reason_or_an_address_nothing_is_looked_up(as_manager: Client, wrong):
    good = {"sought": "100.64.0.7", "since": "2026-11-01T00:00:00", "until": "", "reason": "CAS 1/2"}
    response = as_manager.post(reverse("radius:ip_lookup"), {**good, **wrong})
    assert response.status_code == 200
    assert "is-invalid" in response.content.decode()
    assert not Event.objects.filter(kind="sessions.traced").exists()


@pytest.mark.django_db
def test_taking_it_out_is_recorded_as_such(as_manager: Client):
    builders.session(data_account=builders.data_account(username="alice@isp.test"), framed_ip="100.64.0.7")
    response = ask(as_manager, "100.64.0.7", now() - HOUR / 2, export="csv")
    assert b"alice@isp.test" in response.getvalue()
    assert Event.objects.get(kind="sessions.traced").data["taken_out"] is True


@pytest.mark.django_db
def test_support_may_not_look_up(client: Client):
    client.force_login(builders.staff(Role.SUPPORT))
    assert client.get(reverse("radius:ip_lookup")).status_code == 403
    assert ask(client, "100.64.0.7", now()).status_code == 403
    assert not Event.objects.exists()


@pytest.mark.parametrize("page", ["session_list", "session_history", "session_problems"])
def test_the_search_of_a_list_is_no_way_round_it(as_manager: Client, page: str) -> None:
    ended = now() if page == "session_history" else None
    for name, address in (("ali@isp.test", "100.64.0.7"), ("bob@isp.test", "100.64.0.8")):
        builders.session(username=name, framed_ip=address, stopped_at=ended)
    url = reverse(f"radius:{page}")
    for typed in ("100.64.0.7", "100.64.0.", "::ffff:100.64.0.7", "100.64.0.7/32"):
        text = as_manager.get(url, {"q": typed}).content.decode()
        assert ("ali@isp.test" in text, "IP Lookup of" in text) == (False, True), typed
    own = as_manager.get(url, {"q": "100.64.0.7", "username": "ali@isp.test"}).content.decode()
    assert ("IP Lookup of" in own, reverse("radius:session_list") in own) == (False, True)
    assert own.count("100.64.0.7") > 1
    assert (
        "Nothing matches"
        in as_manager.get(url, {"q": "100.64.0.7", "username": "bob@isp.test"}).content.decode()
    )


def test_a_list_hands_the_address_on_and_the_reason_is_still_asked(as_manager: Client) -> None:
    page = ask(as_manager, "100.64.0.7", now(), begin="1").content.decode()
    assert 'value="100.64.0.7"' in page
    assert not Event.objects.filter(kind="sessions.traced").exists()
