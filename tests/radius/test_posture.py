"""What is told of each NAS and of strangers: counted in memory, written by the way, never lost to an outage."""

import time
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection
from structlog.testing import capture_logs

from ispbilling.core.clock import local_day, now
from radius.models import Nas, NasPosture, Stranger
from radius.server import posture as posture_module
from radius.server.counting import STRANGERS, Counts
from radius.server.loop import packed
from radius.wire.sniffing import class_echoed, unknown_attributes
from tests import builders
from tests.radius.packets import SECRET, access, accounting
from tests.radius.worker import HOST, AccountingWorker, Worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.feature("W-11")]


@pytest.fixture
def nas(transactional_db) -> Nas:
    builders.data_account(username="alice@isp.test", secret="wire-secret")
    return builders.nas(address=HOST, secret=SECRET.decode(), message_authenticator="observe")


@contextmanager
def database_away():
    def refuse(*_: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    with connection.execute_wrapper(refuse):
        yield


def written(worker: Worker) -> NasPosture:
    at = now()
    worker.posture.collect(at)
    assert worker.posture.write(at)
    return NasPosture.objects.get()


def test_it_counts_what_a_nas_sends_by_kind(nas):
    worker = Worker()
    again = access()
    for _ in range(3):
        worker.ask(again, source=b"\1" * 6)
    worker.ask(access(signed=False))
    worker.ask(access(password="wrong"))
    worker.ask(access(secret=b"another"))
    worker.ask(b"\1\1\0\x14short")
    worker.ask(access().RequestPacket()[:-3])
    row = written(worker)
    assert (row.nas, row.day) == (nas, local_day(now()))
    assert (row.access, row.unsigned, row.duplicates) == (3, 1, 2)
    assert row.drops == {"message_authenticator": 1, "length": 2}
    assert abs((row.access_at - now()).total_seconds()) < 60
    assert row.accounting_at is None


def test_accounting_tells_of_clock_class_and_repeats(nas):
    worker = AccountingWorker()
    at = int(time.time())
    worker.ask(accounting("Start", Event_Timestamp=at - 90))
    worker.ask(accounting("Interim-Update", Event_Timestamp=at + 3, Acct_Delay_Time=2))
    worker.ask(accounting("Stop", secret=b"another"))
    row = written(worker)
    assert (row.access, row.accounting, row.repeated, row.drops) == (0, 2, 1, {"authenticator": 1})
    assert row.skew in range(3, 6)
    assert row.worst_skew in range(-92, -89)
    assert (row.class_asked, row.class_echoed) == (1, 0)
    worker.ask(accounting("Interim-Update", Class=b"isp:0123456789ab"))
    row = written(worker)
    assert (row.accounting, row.class_asked, row.class_echoed) == (3, 2, 1)
    assert row.worst_skew in range(-92, -89)


def test_status_server_is_no_login_and_no_accounting(nas):
    for worker in (Worker(), AccountingWorker()):
        packet = access(method="none")
        packet.code = 12
        assert worker.ask(packet)
        tally = worker.counts.of(nas.pk)
        assert (tally.access, tally.accounting, tally.unsigned, tally.drops) == (0, 0, 0, {})


def test_behind_tls_nobody_has_to_sign(nas):
    worker = Worker()
    worker.ask(access(signed=False))
    worker.posture = posture_module.PostureLog(worker.counts, {}, dict, protected=True)
    with capture_logs() as lines:
        row = written(worker)
    assert (row.access, row.unsigned, lines) == (1, 0, [])


def test_workers_add_up(nas):
    workers = [Worker(), Worker(), AccountingWorker()]
    for worker in workers[:2]:
        worker.ask(access())
        worker.ask(access(secret=b"another"))
    workers[2].ask(accounting("Start"))
    rows = [written(worker) for worker in workers]
    assert (rows[-1].access, rows[-1].accounting, rows[-1].drops) == (2, 1, {"message_authenticator": 2})


def test_what_is_counted_while_the_database_is_away_is_written_later(nas):
    worker = Worker()
    worker.ask(access())
    for _ in range(2):
        worker.ask(access(secret=b"another"))
        worker.posture.collect(now())
        with database_away():
            assert worker.posture.write(now()) is False
    assert not NasPosture.objects.exists()
    row = written(worker)
    assert (row.access, row.drops) == (1, {"message_authenticator": 2})


def test_a_nas_that_is_gone_leaves_no_row_and_stops_nobody(nas):
    worker = Worker()
    worker.ask(access())
    nas.delete()
    worker.posture.collect(now())
    assert worker.posture.write(now())
    assert not NasPosture.objects.exists()


def test_strangers_are_counted_by_address_and_never_decoded(nas):
    worker = Worker()
    for host, times in (("198.51.100.7", 3), ("2001:db8::7", 1)):
        for _ in range(times):
            assert worker.ask(b"whatever", host) is None
    for _ in range(2):
        worker.posture.collect(now())
        assert worker.posture.write(now())
        worker.ask(access(), "198.51.100.7")
    rows = dict(Stranger.objects.values_list("address", "packets"))
    assert rows == {"198.51.100.7": 4, "2001:db8::7": 1}
    assert not NasPosture.objects.exists()


def test_a_flood_of_strangers_is_bounded_in_memory_and_in_the_table(nas):
    counts = Counts("test")
    for n in range(STRANGERS + 500):
        counts.stranger(b"\x0a" + n.to_bytes(3, "big"))
    loud = packed("10.0.0.1")
    for _ in range(5):
        counts.stranger(loud)
    log = posture_module.PostureLog(counts, {}, dict)
    log.collect(now())
    assert log.write(now())
    assert Stranger.objects.count() == posture_module.STRANGERS_WRITTEN
    assert Stranger.objects.get(address="10.0.0.1").packets == 6
    old = [Stranger(address=f"172.16.{n >> 8}.{n & 255}", first_at=now(), last_at=now()) for n in range(1000)]
    Stranger.objects.bulk_create(old)
    counts.stranger(loud)
    log.collect(now())
    assert log.write(now())
    assert Stranger.objects.count() == posture_module.STRANGERS_KEPT
    assert Stranger.objects.get(address="10.0.0.1").packets == 7


def test_each_source_gets_one_line_a_minute_however_much_it_sends(nas):
    worker = Worker()
    with capture_logs() as lines:
        for _ in range(50):
            worker.ask(b"nonsense")
            worker.ask(access(secret=b"another"))
            worker.ask(b"hello", "198.51.100.7")
            worker.posture.collect(now())
        worker.posture.tell()
        worker.posture.tell()
    dropped = [line for line in lines if line["event"] == "radius_dropped"]
    assert len(dropped) == 2
    assert (dropped[0]["nas"], dropped[0]["length"], dropped[0]["message_authenticator"]) == (
        nas.name,
        50,
        50,
    )
    assert (dropped[1]["nas_unknown"], dropped[1]["strangers"]) == (50, {"198.51.100.7": 50})


def test_unknown_attributes_are_named():
    packet = access(Mikrotik_Rate_Limit="1M/1M")
    packet[(14988, 250)] = [b"x"]
    packet[(25506, 140)] = [b"y"]
    packet[221] = [b"z"]
    assert set(unknown_attributes(packet.RequestPacket())) == {"Mikrotik/250", "25506/140", "221"}
    assert unknown_attributes(b"nonsense") == []
    assert class_echoed(accounting("Start", Class=b"isp:0123456789ab").RequestPacket())
    assert not class_echoed(accounting("Start", Class=b"theirs").RequestPacket())


def test_counting_a_packet_costs_next_to_nothing():
    counts = Counts("test")

    def count() -> None:
        tally = counts.of(7)
        tally.access += 1
        tally.access_at, tally.access_sample = 1.0, b""

    best = min(_timed(count) for _ in range(5))
    assert best < 2e-6  # 0.1 us on a quiet machine; this one is shared


def _timed(act, times: int = 20_000) -> float:
    start = time.perf_counter()
    for _ in range(times):
        act()
    return (time.perf_counter() - start) / times
