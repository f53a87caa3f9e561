"""Accounting: what one batch leaves behind, whatever the order, repetition or loss of its packets."""

import random
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from radius.models import DataAccount, Nas, QuarantinedPacket, Session, UsageDay
from radius.usage.recording import Recorder
from radius.usage.reports import Implausible, quarantined, report
from radius.wire.codec import Key, decode_accounting
from radius.wire.usernames import Usernames
from tests import builders
from tests.radius.packets import SECRET, accounting

KEY = Key(SECRET)
START = int(datetime(2026, 5, 15, 8, tzinfo=UTC).timestamp())


@pytest.fixture
def line(db) -> DataAccount:
    return builders.data_account(username="alice@isp.test")


@pytest.fixture
def nas(db) -> Nas:
    return builders.nas()


@pytest.fixture
def recorder(line, nas) -> Recorder:
    connection.ensure_connection()
    return Recorder(connection.connection, Usernames())


def packet(status: str, at: int, nas: Nas, *, stamped: bool = True, session: str = "s-1", **values):
    """A report as the handler makes it, from octets."""
    up, down = values.pop("up", 0), values.pop("down", 0)
    if status in ("Interim-Update", "Stop"):
        values |= {"Acct_Input_Octets": up % 2**32, "Acct_Input_Gigawords": up >> 32}
        values |= {"Acct_Output_Octets": down % 2**32, "Acct_Output_Gigawords": down >> 32}
    if "seconds" in values:
        values["Acct_Session_Time"] = values.pop("seconds")
    if stamped:
        values["Event_Timestamp"] = at
    received = values.pop("received", at)
    data = accounting(status, session, **values).RequestPacket()
    return report(decode_accounting(data, KEY), nas.pk, None, received)


def life(nas: Nas, began: int, session: str = "s-1", interims: int = 3, rate: int = 1_000_000) -> list:
    """Start, Interim-Updates every 300 s, Stop."""
    made = [packet("Start", began, nas, session=session)]
    for n in range(1, interims + 1):
        made.append(packet("Interim-Update", began + 300 * n, nas, session=session, seconds=300 * n,
                           up=rate * n, down=10 * rate * n))  # fmt: skip
    n = interims + 1
    made.append(packet("Stop", began + 300 * n, nas, session=session, seconds=300 * n, up=rate * n,
                       down=10 * rate * n, Acct_Terminate_Cause=1))  # fmt: skip
    return made


def test_a_whole_session_is_one_row_and_its_octets_one_day(recorder, line, nas):
    for each in life(nas, START):
        recorder.record([each])
    session = Session.objects.get()
    assert (session.data_account_id, session.nas_id) == (line.pk, nas.pk)
    assert (session.upload_octets, session.download_octets) == (4_000_000, 40_000_000)
    assert (session.seconds, session.terminate_cause) == (1200, "User-Request")
    assert (session.stopped_at - session.started_at) == timedelta(seconds=1200)
    day = UsageDay.objects.get()
    assert (day.data_account_id, day.day) == (line.pk, date(2026, 5, 15))
    assert (day.upload_octets, day.download_octets) == (4_000_000, 40_000_000)


def test_gigawords_count(recorder, nas):
    recorder.record([packet("Stop", START, nas, seconds=600, up=5 * 2**32 + 7, down=9 * 2**32 + 1)])
    assert Session.objects.values_list("upload_octets", "download_octets").get() == (
        5 * 2**32 + 7,
        9 * 2**32 + 1,
    )


@pytest.mark.feature("W-4")
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False), st.integers(1, 5))
def test_order_repetition_and_loss_of_interims_do_not_matter(recorder, nas, rng: random.Random, count):
    """The oracle: whatever survives, the row holds the last totals and the days hold their sum."""
    Session.objects.all().delete()
    UsageDay.objects.all().delete()
    sent, expected = [], {}
    for n in range(count):
        packets = life(nas, START + 7200 * n, session=f"s-{n}", rate=1000 + n)
        kept = [packets[0], *(p for p in packets[1:-1] if rng.random() < 0.7), packets[-1]]
        sent += kept + [p for p in kept if rng.random() < 0.4]
        expected[f"s-{n}"] = (packets[-1].upload, packets[-1].download)
    rng.shuffle(sent)
    while sent:
        size = rng.randint(1, 6)
        recorder.record(sent[:size])
        del sent[:size]
    got = {s.acct_session_id: (s.upload_octets, s.download_octets) for s in Session.objects.all()}
    assert got == expected
    assert not Session.objects.open().exists()
    assert all(
        s.started_at.timestamp() == START + 7200 * int(s.acct_session_id[2:]) for s in Session.objects.all()
    )
    assert sum(UsageDay.objects.values_list("download_octets", flat=True)) == sum(
        d for _u, d in expected.values()
    )


@pytest.mark.feature("W-4")
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False))
def test_one_id_used_by_several_sessions_loses_and_doubles_nothing(recorder, nas, rng: random.Random):
    """The sessions follow one another; inside one any order, and retransmissions at any time later."""
    Session.objects.all().delete()
    UsageDay.objects.all().delete()
    lives = [life(nas, START + 7200 * n, rate=1000 * (n + 1)) for n in range(3)]
    sent: list = []
    for packets in lives:
        inner = packets[1:-1]
        rng.shuffle(inner)
        sent += [packets[0], *inner, packets[-1]]
        sent += [rng.choice(sent) for _ in range(3)]
    while sent:
        size = rng.randint(1, 8)
        recorder.record(sent[:size])
        del sent[:size]
    rows = list(Session.objects.order_by("incarnation").values_list("incarnation", "download_octets"))
    assert rows == [(n + 1, packets[-1].download) for n, packets in enumerate(lives)]
    assert sum(UsageDay.objects.values_list("download_octets", flat=True)) == sum(d for _n, d in rows)


def test_a_lost_stop_and_a_reused_id_close_the_old_session(recorder, nas):
    recorder.record(life(nas, START)[:3])
    recorder.record([packet("Start", START + 7200, nas)])
    old, new = Session.objects.order_by("incarnation")
    assert old.terminate_cause == "Superseded"
    assert old.stopped_at == old.updated_at
    assert new.stopped_at is None


def test_usage_across_midnight_is_split_by_time(recorder, nas):
    """Midnight in Johannesburg is 22:00 UTC; a third of the interval lies before it."""
    midnight = int(datetime(2026, 5, 31, 22, tzinfo=UTC).timestamp())
    recorder.record([packet("Start", midnight - 100, nas)])
    recorder.record([packet("Interim-Update", midnight + 200, nas, seconds=300, up=301, down=1000)])
    days = UsageDay.objects.order_by("day").values_list("day", "upload_octets", "download_octets")
    assert list(days) == [(date(2026, 5, 31), 100, 333), (date(2026, 6, 1), 201, 667)]


def test_a_first_report_after_days_is_spread_over_them(recorder, nas):
    at = int(datetime(2026, 5, 15, 22, tzinfo=UTC).timestamp())
    recorder.record([packet("Interim-Update", at, nas, seconds=2 * 86_400, up=0, down=2_000_001)])
    days = UsageDay.objects.order_by("day").values_list("day", "download_octets")
    assert list(days) == [(date(2026, 5, 14), 1_000_000), (date(2026, 5, 15), 1_000_001)]


def test_accounting_on_closes_only_that_nas_and_only_what_ran_before(recorder, nas):
    other = builders.nas(address="10.0.0.2")
    recorder.record([packet("Start", START, nas), packet("Start", START, other, session="s-9")])
    recorder.record(
        [packet("Accounting-On", START + 600, nas, session="x"), packet("Start", START + 601, nas)]
    )
    closed = Session.objects.get(stopped_at__isnull=False)
    assert (closed.nas_id, closed.incarnation, closed.terminate_cause) == (nas.pk, 1, "Accounting-On")
    assert set(Session.objects.open().values_list("nas_id", "incarnation")) == {(nas.pk, 2), (other.pk, 1)}


@pytest.mark.feature("W-4")
def test_a_reboot_ends_ten_thousand_sessions_within_seconds(recorder, nas):
    """In one statement, and no session of another NAS."""
    other = builders.nas(address="10.0.0.2")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO radius_session (key, nas_id, username, acct_session_id, nas_port, calling_station_id,"
            " called_station_id, started_at, updated_at, incarnation, seconds, upload_octets, download_octets,"
            " terminate_cause) SELECT md5(n::text)::uuid, CASE WHEN n <= 10000 THEN %s ELSE %s END, 'u' || n, n, '',"
            " '', '', to_timestamp(%s), to_timestamp(%s), 1, 300, 1, 1, '' FROM generate_series(1, 10100) n",
            [nas.pk, other.pk, START, START + 300],
        )
    began = time.monotonic()
    recorder.record([packet("Accounting-On", START + 600, nas, session="x")])
    assert time.monotonic() - began < 5
    assert set(Session.objects.open().values_list("nas_id").distinct()) == {(other.pk,)}
    assert Session.objects.filter(terminate_cause="Accounting-On").count() == 10_000


def test_an_interim_after_accounting_on_proves_the_session_alive(recorder, nas):
    recorder.record([packet("Start", START, nas), packet("Accounting-On", START + 100, nas, session="x")])
    recorder.record([packet("Interim-Update", START + 50, nas, seconds=50, up=1)])
    assert not Session.objects.open().exists(), "an older one that was late proves nothing"
    recorder.record([packet("Interim-Update", START + 300, nas, seconds=300, up=5)])
    assert Session.objects.open().get().upload_octets == 5


@pytest.mark.feature("W-4")
def test_a_late_interim_does_not_reopen_a_stopped_session(recorder, nas):
    packets = life(nas, START)
    recorder.record([packets[0], packets[-1]])
    recorder.record([packets[1]])
    assert not Session.objects.open().exists()


def test_a_retransmitted_start_without_timestamp_opens_nothing(recorder, nas):
    for late in (0, 3, 20):
        recorder.record([packet("Start", START + late, nas, stamped=False)])
    assert Session.objects.count() == 1


def test_a_clock_from_1970_is_not_believed(recorder, nas):
    recorder.record([packet("Start", 86_400, nas, received=START)])
    assert Session.objects.get().started_at.timestamp() == START


def test_counters_that_cannot_be_are_refused(nas):
    with pytest.raises(Implausible):
        packet("Stop", START, nas, up=2**61)


@pytest.mark.django_db(transaction=True)
def test_a_poisoned_record_fails_alone(recorder, line, nas):
    good = [packet("Start", START, nas, session=f"s-{n}")._replace(account_id=line.pk) for n in range(7)]
    poisoned = good[0]._replace(key="f" * 32, username="x" * 300)
    recorder.record([*good[:3], poisoned, *good[3:]])
    assert set(Session.objects.values_list("acct_session_id", flat=True)) == {f"s-{n}" for n in range(7)}
    kept = QuarantinedPacket.objects.get()
    assert (kept.nas, kept.username, kept.report["username"]) == (nas, "x" * 253, "x" * 300)
    assert "too long" in kept.reason


def test_a_packet_that_cannot_be_true_is_kept_and_in_no_usage(recorder, nas):
    data = accounting("Stop", Acct_Output_Gigawords=2**30, Framed_IP_Address="10.0.0.9").RequestPacket()
    request = decode_accounting(data, KEY)
    recorder.record([quarantined(request, nas.pk, "counters beyond an exbibyte", START)])
    kept = QuarantinedPacket.objects.get()
    assert (kept.username, int(kept.at.timestamp())) == ("alice@isp.test", START)
    assert kept.report["framed_ip"] == "10.0.0.9"
    assert "authenticator" not in kept.report
    assert not UsageDay.objects.exists()


@pytest.mark.parametrize("text", ["it's", 'say "hi"', "back\\slash", "{a,b}", "NULL", "", "€", "\ufffd"])
def test_any_text_arrives_as_it_was(recorder, nas, text):
    made = packet("Start", START, nas)._replace(called=text, calling="'x")
    recorder.record([made, packet("Start", START, nas, session="s-2")])
    assert Session.objects.get(acct_session_id="s-1").called_station_id == text


def test_usage_of_a_username_nobody_has_is_kept_without_an_account(recorder, nas):
    recorder.record([packet("Stop", START, nas, seconds=60, up=5)._replace(username="ghost")])
    assert Session.objects.get().data_account_id is None
    assert not UsageDay.objects.exists()
