"""The ledger of usage against a NAS that knows the truth: whatever the network does, to the octet."""

import random
import threading
from datetime import UTC, date, datetime

import psycopg2
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from radius.models import Session, UsageDay
from radius.server.following import connect
from radius.usage.recording import Recorder
from radius.wire.usernames import Usernames
from tests import builders
from tests.radius.simulator import Night, Truth

pytestmark = [pytest.mark.django_db, pytest.mark.feature("W-4")]
EVENING = int(datetime(2026, 5, 31, 18, tzinfo=UTC).timestamp())
NAMES = [f"line{n}@isp.test" for n in range(4)]


@pytest.fixture
def nas_id(db) -> int:
    for username in NAMES:
        builders.data_account(username=username)
    return builders.nas().pk


@pytest.fixture
def recorder(db) -> Recorder:
    connection.ensure_connection()
    return Recorder(connection.connection, Usernames())


def record(recorder: Recorder, packets: list, rng: random.Random) -> None:
    while packets:
        size = rng.randint(1, 40)
        recorder.record(packets[:size])
        del packets[:size]


def held() -> list[tuple[str, int, int, int]]:
    rows = Session.objects.values_list("username", "started_at", "upload_octets", "download_octets")
    return sorted((name, int(began.timestamp()), up, down) for name, began, up, down in rows)


def assert_days_hold_the_sessions() -> None:
    for field in ("upload_octets", "download_octets", "seconds"):
        days = sum(UsageDay.objects.values_list(field, flat=True))
        assert days == sum(Session.objects.values_list(field, flat=True)), field


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False))
def test_the_ledger_holds_what_was_moved_whatever_the_network_did(
    recorder, nas_id, rng: random.Random
) -> None:
    """Lost, repeated, shuffled; ids used again; counters that start over or wrap; across midnight of the 1st."""
    Session.objects.all().delete()
    UsageDay.objects.all().delete()
    night = Night(rng, nas_id)
    night.live(NAMES, EVENING, lives=3, interims=12)
    record(recorder, night.packets(), rng)
    assert [(name, up, down) for name, _began, up, down in held()] == [
        (name, up, down) for name, _began, up, down in night.totals()
    ]
    assert_days_hold_the_sessions()
    assert not Session.objects.open().exists()


def test_counters_that_start_over_twice_in_order_lose_nothing(recorder, nas_id):
    one = Truth(NAMES[0], "s", EVENING, 30, 100, 1000)
    for number, (up, down) in enumerate([(0, 0), (900, 9000), (10, 90), (400, 4000), (7, 50), (7, 50)]):
        recorder.record([one.packet(number, nas_id)._replace(upload=up, download=down)])
    assert held() == [(NAMES[0], EVENING, 900 + 400 + 7, 9000 + 4000 + 50)]
    assert_days_hold_the_sessions()


def test_counters_that_start_over_within_one_batch_lose_nothing(recorder, nas_id):
    one = Truth(NAMES[0], "s", EVENING, 8, 100, 1000, restart=6)
    recorder.record([one.packet(n, nas_id) for n in (0, 7, 3, 6, 8, 2)])
    assert held() == [(NAMES[0], EVENING, *one.moved({0, 2, 3, 6, 7, 8}))]


@pytest.mark.parametrize(("up", "down"), [(0, 0), (899, 8990), (900, 8000), (500, 9000)])
def test_a_little_less_or_nothing_at_all_is_not_a_new_count(recorder, nas_id, up, down):
    """A Stop without counters, or counted by other means than the Interim-Updates: nobody pays twice for that."""
    one = Truth(NAMES[0], "s", EVENING, 1, 3, 30)
    recorder.record([one.packet(1, nas_id)])
    assert held()[0][2:] == (900, 9000)
    recorder.record([one.packet(2, nas_id)._replace(upload=up, download=down)])
    assert held()[0][2:] == (900, 9000)


@pytest.mark.parametrize(
    ("zone", "midday", "hours"),
    [("Europe/Berlin", (2026, 3, 28), 23), ("Europe/Berlin", (2026, 10, 24), 25), ("UTC", (2026, 6, 30), 24)],
)
def test_every_local_day_gets_its_own_part_short_and_long_days_too(settings, nas_id, zone, midday, hours):
    """Days without a word from the NAS, an octet a second: the middle day has as many as it has seconds."""
    settings.TIME_ZONE = zone
    connection.ensure_connection()
    began = int(datetime(*midday, 12, tzinfo=UTC).timestamp())
    one = Truth(NAMES[0], "s", began, 600, 1, 2)
    Recorder(connection.connection, Usernames()).record([one.packet(576, nas_id)])  # two days later
    middle = UsageDay.objects.order_by("day")[1]
    assert (middle.day, middle.upload_octets, middle.seconds) == (
        date(*midday).replace(day=midday[2] + 1) if midday[1] != 6 else date(2026, 7, 1),
        hours * 3600,
        hours * 3600,
    )
    assert_days_hold_the_sessions()


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_record_the_same_packets_count_them_once(django_db_blocker):
    """A NAS that asks another port again: both hold the same sessions at the same time."""
    for username in NAMES:
        builders.data_account(username=username)
    rng, today = random.Random(4), int(datetime.now(UTC).replace(hour=1).timestamp())
    night = Night(rng, builders.nas().pk, loss=0, repeats=0)
    night.sessions = [Truth(name, f"s-{n}", today, 20, 5, 50) for name in NAMES for n in range(5)]
    packets = night.packets()
    by_worker = [sorted(packets, key=lambda one: (one.at, rng.random())) for _ in range(2)]
    connections = [connect(f"test {n}") for n in range(2)]
    faults: list[psycopg2.Error] = []

    def work(mine: list, made: "psycopg2.extensions.connection") -> None:
        try:
            record(Recorder(made, Usernames()), mine, random.Random(1))
        except psycopg2.Error as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=pair) for pair in zip(by_worker, connections, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for made in connections:
        made.close()
    assert not faults
    assert [row[2:] for row in held()] == [row[2:] for row in night.totals()]
    assert_days_hold_the_sessions()
