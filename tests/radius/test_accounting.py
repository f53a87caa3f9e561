"""Accounting through the real socket: durable before the answer, whether PostgreSQL is there or not."""

import contextlib
import os
import signal
import time

import psycopg2
import pytest
from django.db import connection

from radius.models import Session, UsageDay
from radius.server import spool
from tests import builders
from tests.radius.conftest import eventually
from tests.radius.packets import SECRET, access, accounting

pytestmark = pytest.mark.django_db(transaction=True)
RESPONSE = 5


@pytest.fixture
def line(server):
    builders.nas(secret=SECRET.decode())
    made = builders.data_account(username="alice@isp.test", secret="wire-secret")
    assert eventually(lambda: answered(server, access()))
    assert eventually(lambda: answered(server, status_server()))
    return made


def answered(server, packet) -> bool:
    return server.ask(packet, 0.3) is not None


def status_server():
    packet = access(method="none")
    packet.code = 12
    return packet


def test_a_session_is_recorded_before_each_answer(server, line):
    at = int(time.time())
    assert server.ask(accounting("Start", Event_Timestamp=at - 600)).code == RESPONSE
    assert Session.objects.open().get().data_account_id == line.pk
    interim = {"Event_Timestamp": at - 300, "Acct_Session_Time": 300, "Acct_Input_Octets": 7,
               "Acct_Output_Octets": 9, "Acct_Output_Gigawords": 1}  # fmt: skip
    assert server.ask(accounting("Interim-Update", **interim)).code == RESPONSE
    assert server.ask(accounting("Interim-Update", **interim)).code == RESPONSE
    stop = interim | {"Event_Timestamp": at, "Acct_Session_Time": 600, "Acct_Terminate_Cause": 5}
    assert server.ask(accounting("Stop", **stop)).code == RESPONSE
    session = Session.objects.get()
    assert (session.upload_octets, session.download_octets) == (7, 2**32 + 9)
    assert (session.seconds, session.terminate_cause) == (600, "Session-Timeout")
    assert sum(UsageDay.objects.values_list("download_octets", flat=True)) == 2**32 + 9


def test_accounting_on_is_answered_and_closes_sessions(server, line):
    server.ask(accounting("Start", Event_Timestamp=int(time.time()) - 60))
    assert server.ask(accounting("Accounting-On", username="")).code == RESPONSE
    # At once, unless PostgreSQL is so slow that the spool answered.
    assert eventually(lambda: Session.objects.get().terminate_cause) == "Accounting-On"


def test_a_strangers_and_a_forgers_packets_are_not_recorded(server, line):
    assert server.ask(accounting("Start", secret=b"another"), 0.3) is None
    assert not Session.objects.exists()


@contextlib.contextmanager
def database_away():
    """For the server PostgreSQL is gone: its connections are cut, and new ones are refused."""
    name = connection.settings_dict["NAME"]
    with contextlib.closing(
        psycopg2.connect(**connection.get_connection_params() | {"dbname": "postgres"})
    ) as by:
        by.autocommit = True
        cursor = by.cursor()
        cursor.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND application_name LIKE 'radiusd%%'", [name],
        )  # fmt: skip
        yield
        cursor.execute(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')


@pytest.mark.feature("W-4")
def test_without_the_database_accounting_waits_on_disk_and_is_recorded_later(server, line):
    """The connections of the server are cut and it may not come back for a while."""
    at = int(time.time()) - 600
    counters = {"Acct_Input_Octets": 7, "Acct_Output_Octets": 9}
    sent = [accounting("Start", f"s-{n}", Event_Timestamp=at) for n in range(3)]
    sent += [
        accounting("Stop", f"s-{n}", Event_Timestamp=at + 500, Acct_Session_Time=500, **counters)
        for n in range(2)
    ]
    with database_away():
        for packet in sent:
            assert server.ask(packet).code == RESPONSE, "what is durable on disk is acknowledged"
        assert server.ask(access()).code == 2, "logins are answered from memory"
        assert spool.records(server.spool) == len(sent)
        assert not Session.objects.exists()
    assert eventually(lambda: not spool.segments(server.spool), 20)
    assert Session.objects.count() == 3
    assert Session.objects.open().get().acct_session_id == "s-2"
    assert sum(UsageDay.objects.values_list("download_octets", flat=True)) == 18
    line.blocked = True
    line.save(update_fields=["blocked"])
    assert eventually(lambda: server.ask(access()).code == 3, 15), "the copy follows again"


@pytest.mark.feature("W-4")
def test_what_a_killed_worker_left_on_disk_is_recorded_by_another(server, line):
    with database_away():
        assert server.ask(accounting("Start")).code == RESPONSE
        for child in _children(server.process.pid):
            os.kill(int(child), signal.SIGKILL)
        assert spool.records(server.spool) == 1
    assert eventually(lambda: not spool.segments(server.spool), 20)
    assert Session.objects.count() == 1


def test_a_worker_that_is_killed_is_replaced(server, line):
    children = [int(pid) for pid in _children(server.process.pid)]
    assert len(children) == 6
    for child in children:
        os.kill(child, signal.SIGKILL)
    assert eventually(lambda: len(_children(server.process.pid)) == 6 and answered(server, access()), 15)
    assert eventually(lambda: answered(server, accounting("Start")), 15)


def _children(pid: int) -> list[str]:
    from pathlib import Path

    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@pytest.mark.feature("W-4")
def test_a_postgresql_that_hangs_holds_nobody_up(server, line):
    """Connected, alive and silent, as behind a stuck disk: worse than one that is down."""
    assert eventually(lambda: server.ask(accounting("Start", "first"), 0.5) is not None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'radiusd accounting'")
        frozen = [pid for (pid,) in cursor.fetchall()]
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        assert eventually(lambda: server.ask(accounting("Start", "second"), 0.5) is not None, 15)
    finally:
        for pid in frozen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
    assert eventually(lambda: Session.objects.filter(acct_session_id="second").count() == 1, 15)
