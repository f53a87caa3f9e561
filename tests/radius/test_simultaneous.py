"""Simultaneous use: nobody surfs twice on one login, and nobody is locked out by a session that is long gone."""

import socket
import time
from datetime import timedelta

import pytest
from django.db import connection, transaction

from ispbilling.core.clock import now
from radius import sweeps
from radius.models import AuthAttempt, CoaRequest, Session
from radius.server.online import REST, SECONDS, OpenSession, crowd, place
from tests import builders
from tests.radius import packets
from tests.radius.conftest import eventually, settled
from tests.radius.fake_nas import FakeNas
from tests.radius.packets import SECRET

ACCEPT, REJECT = 2, 3
HOME, ELSEWHERE = "02:00:00:00:00:01", "02:00:00:00:00:02"


def session(where: bytes, heard: float, interval: int = 300) -> OpenSession:
    return OpenSession(1, where, "Tower 1", 0.0, heard, interval)


def test_a_place_is_the_device_or_else_nas_and_port():
    assert place(b"02-AA-00-00-00-01", 1, b"ether1") == place(b"02:aa:00:00:00:01", 2, b"ether9")
    assert place(b"pppoe-in", 1, b"ether1") != place(b"pppoe-in", 1, b"ether2")
    assert place(b"", 1, b"") != place(b"", 2, b"")


def test_only_sessions_elsewhere_that_are_still_reported_count():
    home, there = place(HOME.encode(), 1, b""), place(ELSEWHERE.encode(), 1, b"")
    fresh, silent = session(there, 1000 - 599), session(there, 1000 - 600)
    assert crowd([session(home, 1000), fresh, silent], home, 1000.0) == ([fresh], [silent])


@pytest.fixture
def line(server, transactional_db):
    """Alice's line, one session at once, known to the server."""
    nas = builders.nas(secret=SECRET.decode())
    package = builders.package(simultaneous_use=1)
    made = builders.data_account(username="alice@isp.test", secret="wire-secret", package=package)
    made.nas = nas
    assert settled(lambda: code(server, access(HOME)) == ACCEPT)
    return made


def access(calling: str, username: str = "alice@isp.test"):
    return packets.access(username, Calling_Station_Id=calling)


def account(server, status: str, calling: str, session_id: str) -> None:
    packet = packets.accounting(
        status, session_id, Calling_Station_Id=calling, Acct_Session_Time=int(status == "Stop")
    )
    assert server.ask(packet).code == 5


def code(server, packet) -> int | None:
    reply = server.ask(packet, 0.5)
    return None if reply is None else reply.code


def start(server, calling: str, session_id: str = "s-1") -> None:
    account(server, "Start", calling, session_id)


@pytest.mark.feature("W-3")
def test_a_second_device_is_refused_while_the_first_is_online_and_told_why(server, line):
    start(server, HOME)
    assert settled(lambda: code(server, access(ELSEWHERE)) == REJECT, 20)
    assert code(server, access(HOME)) == ACCEPT, "the device that is online may log in again"
    attempt = eventually(lambda: AuthAttempt.objects.filter(code="TOO_MANY_SESSIONS").first())
    assert "1 of 1: on" in next(g["detail"] for g in attempt.trace if not g["open"])
    account(server, "Stop", HOME, "s-1")
    assert code(server, access(ELSEWHERE)) == ACCEPT


def test_a_session_nobody_reports_any_more_locks_nobody_out(server, line):
    ago = now() - timedelta(hours=1)
    builders.session(data_account=line, nas=line.nas, calling_station_id=HOME, started_at=ago, updated_at=ago)
    for _ in range(3):
        assert code(server, access(ELSEWHERE)) == ACCEPT


def test_the_package_says_how_many(server, line):
    line.package.simultaneous_use = 2
    line.package.save()
    start(server, HOME)
    start(server, ELSEWHERE, "s-2")
    third = "02:00:00:00:00:03"
    assert settled(lambda: code(server, access(third)) == REJECT, 20)
    line.package.simultaneous_use = 0
    line.package.save()
    assert settled(lambda: code(server, access(third)) == ACCEPT)


def test_a_login_that_could_not_be_looked_into_is_let_in_and_looked_into_when_it_comes_again(server, line):
    start(server, HOME)
    assert settled(lambda: code(server, access(ELSEWHERE)) == REJECT, 20)
    time.sleep(3 * SECONDS)  # a session is told of in two looks; from here on only the login itself asks
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE radius_session_live IN ACCESS EXCLUSIVE MODE")
        assert code(server, access(ELSEWHERE)) == ACCEPT
    assert eventually(lambda: all(code(server, access(ELSEWHERE)) == REJECT for _ in range(20)), 3 * REST)


@pytest.mark.feature("W-3")
def test_a_session_its_nas_has_lost_gives_way_to_the_new_router(server, line):
    with FakeNas(SECRET, 503) as nas:
        line.nas.coa_port = nas.port
        line.nas.save()
        start(server, HOME)
        assert eventually(lambda: code(server, access(ELSEWHERE)) == REJECT)
        assert settled(lambda: code(server, access(ELSEWHERE)) == ACCEPT, 15)
        assert 43 in nas.codes
    assert Session.objects.get().terminate_cause == "Stale"


@pytest.mark.feature("W-3")
def test_a_silent_nas_delays_nobody_elses_proof(server, line):
    with FakeNas(SECRET, 503) as nas, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.3", 0))
        silent.settimeout(10)
        line.nas.coa_port = nas.port
        line.nas.save()
        dumb = builders.nas(address="127.0.0.3", coa_port=silent.getsockname()[1], secret=SECRET.decode())
        bob = builders.data_account(username="bob@isp.test", secret="wire-secret", package=line.package)
        assert settled(lambda: code(server, access(HOME, "bob@isp.test")) == ACCEPT)
        for _ in range(20):
            builders.session(data_account=bob, nas=dumb, calling_station_id=HOME, updated_at=now())
        start(server, HOME)
        assert settled(lambda: code(server, access(ELSEWHERE, "bob@isp.test")) == REJECT, 20)
        assert silent.recv(4096)  # asked, and it says nothing for all of seven seconds
        assert eventually(lambda: code(server, access(ELSEWHERE)) == REJECT)
        assert eventually(lambda: Session.objects.filter(data_account=line, stopped_at__isnull=False))
        assert CoaRequest.objects.filter(session__nas=dumb, answered_at__isnull=True).count() >= 20


def test_a_device_that_began_another_session_leaves_no_ghost(line):
    ago = now() - timedelta(minutes=9)
    kept = {"data_account": line, "nas": line.nas, "calling_station_id": HOME}
    ghost = builders.session(**kept, started_at=ago, updated_at=ago)
    other = builders.session(**{**kept, "calling_station_id": ELSEWHERE}, started_at=ago, updated_at=ago)
    builders.session(**kept, started_at=now(), updated_at=now())
    plan = sweeps.stale_sessions(now())
    assert [(step.key, step.because[:10]) for step in plan.steps] == [(ghost.pk, "its device")]
    with transaction.atomic():
        plan.act(plan.steps, now())
    ghost.refresh_from_db()
    other.refresh_from_db()
    assert (ghost.stopped_at, ghost.terminate_cause, other.stopped_at) == (ghost.updated_at, "Stale", None)
