"""Two RADIUS services, as on two machines, share one database: what one learns the other knows."""

import pytest

from customers.accounts import gates
from customers.models import GateKind
from ispbilling.core.clock import now
from radius.models import Session, UsageDay
from tests import builders
from tests.radius import packets
from tests.radius.conftest import settled, start, stop
from tests.radius.packets import SECRET

ACCEPT, REJECT, ACCOUNTED = 2, 3, 5
HOME, ELSEWHERE = "02:00:00:00:00:01", "02:00:00:00:00:02"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def other(server, django_db_blocker):
    with django_db_blocker.unblock():
        running = start()
        yield running
        stop(running)


@pytest.fixture
def line(server, other):
    builders.nas(secret=SECRET.decode())
    made = builders.data_account(username="alice@isp.test", secret="wire-secret")
    for each in (server, other):
        assert settled(lambda each=each: code(each, HOME) == ACCEPT)
    return made


def code(server, calling: str) -> int | None:
    reply = server.ask(packets.access(Calling_Station_Id=calling), 0.5)
    return None if reply is None else reply.code


def account(server, status: str, seconds: int, octets: int) -> None:
    counters = {"Acct_Session_Time": seconds, "Acct_Input_Octets": octets, "Acct_Output_Octets": 2 * octets}
    packet = packets.accounting(status, Calling_Station_Id=HOME, **counters)
    assert server.ask(packet).code == ACCOUNTED


@pytest.mark.feature("W-3")
def test_a_suspension_is_refused_by_both(server, other, line):
    gates.close(line.customer, GateKind.SUSPENDED, now(), reason="unpaid", actor=None)
    for each in (server, other):
        assert settled(lambda each=each: code(each, HOME) == REJECT)


@pytest.mark.feature("W-4")
def test_a_session_that_fails_over_is_one_session_counted_once(server, other, line):
    account(server, "Start", 0, 0)
    account(other, "Interim-Update", 300, 1000)
    account(server, "Interim-Update", 300, 1000)
    account(other, "Stop", 600, 5000)
    session = Session.objects.get()
    assert (session.upload_octets, session.download_octets, session.seconds) == (5000, 10_000, 600)
    assert sum(day.upload_octets for day in UsageDay.objects.all()) == 5000


def test_a_second_device_is_refused_by_the_responder_that_did_not_see_the_first(server, other, line):
    account(server, "Start", 0, 0)
    assert settled(lambda: code(other, ELSEWHERE) == REJECT, 20)
    assert code(other, HOME) == ACCEPT
