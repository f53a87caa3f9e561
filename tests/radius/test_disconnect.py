"""Live sessions follow the decision: a Disconnect-Request goes out, is repeated, and is logged."""

import base64
import time
from datetime import timedelta

import pytest

from customers.accounts import gates
from customers.models import GateKind
from ispbilling.core.clock import now
from radius import sweeps
from radius.coa import reconcile as reconciling
from radius.coa.client import Ask, exchange
from radius.coa.models import CoaAttempt
from radius.models import Session
from radius.server.snapshot import NasEntry
from radius.wire.codec import Key
from radius.wire.requests import Code
from tests import builders
from tests.radius.conftest import eventually
from tests.radius.fake_nas import FakeNas
from tests.radius.packets import SECRET, accounting

QUICK = (0.3,)


def session(line, nas, **values) -> Session:
    at = now()
    return Session.objects.create(
        **{"key": "0" * 31 + "1", "nas": nas, "data_account_id": line.pk, "username": line.username,
           "acct_session_id": "s-1", "started_at": at - timedelta(hours=1), "updated_at": at, **values}
    )  # fmt: skip


@pytest.fixture
def fake():
    with FakeNas(SECRET) as nas:
        yield nas


@pytest.fixture
def live(db, fake) -> Session:
    nas = builders.nas(secret=SECRET.decode(), coa_port=fake.port)
    return session(builders.data_account(), nas, framed_ip="10.0.0.9")


def run(live: Session, at=None):
    nas = live.nas
    peer = NasEntry(nas.pk, nas.name, nas.address, nas.coa_port, Key(SECRET), nas.kind)
    return reconciling.reconcile(
        at or now(), [peer], 3799, lambda asks, moment: exchange(asks, moment, QUICK)
    )


def suspend(live: Session) -> None:
    gates.close(live.data_account.customer, GateKind.SUSPENDED, now(), actor=None)


def test_nobody_is_disconnected_without_reason(live, fake):
    assert run(live) == []
    assert fake.received == []


def test_a_suspended_subscriber_is_disconnected_and_the_attempt_is_kept(live, fake):
    suspend(live)
    (attempt,) = run(live)
    assert (attempt.outcome, attempt.because, attempt.session_id) == ("ack", "SUSPENDED", live.pk)
    (request,) = fake.received
    assert request[44] == b"s-1"
    assert request[8] == b"\x0a\x00\x00\x09"
    assert 55 in request
    assert CoaAttempt.objects.count() == 1
    assert Session.objects.open().exists(), "only its Stop ends a session"


def test_a_wrong_key_ring_disconnects_nobody_but_hides_no_closed_gate(live, settings):
    customer = live.data_account.customer
    settings.SECRETS_KEYS = "other:" + base64.b64encode(bytes(32)).decode()
    assert reconciling.unwanted(now()) == []
    gates.close(customer, GateKind.SUSPENDED, now(), actor=None)
    assert [one.because for one in reconciling.unwanted(now())] == ["SUSPENDED"]


def test_only_a_session_whose_line_is_gone_is_of_an_unknown_user(live):
    gone = live.data_account_id + 1000
    session(live.data_account, live.nas, key="2" * 32, data_account_id=gone)
    session(live.data_account, live.nas, key="3" * 32, data_account=None, username="local@router")
    assert reconciling.unwanted(now()) == [], "its username has a line"
    left = session(live.data_account, live.nas, key="4" * 32, data_account_id=gone, username="left@isp.test")
    assert reconciling.unwanted(now()) == [reconciling.Unwanted(left, "UNKNOWN_USER")]


def test_a_lost_table_does_not_take_the_network_down(live, caplog):
    gone = live.data_account_id + 1000
    lost = [
        session(live.data_account, live.nas, key=f"{n:032x}", data_account_id=gone, username=f"{n}@isp.test")
        for n in range(100, 150)
    ]
    assert len(reconciling.unwanted(now())) == len(lost) == 50
    session(live.data_account, live.nas, key="f" * 32, data_account_id=gone, username="one more")
    assert reconciling.unwanted(now()) == []
    assert "disconnects_held_back" in caplog.text
    suspend(live)
    assert [one.because for one in reconciling.unwanted(now())] == ["SUSPENDED"]


def test_it_is_repeated_ever_less_often_until_the_session_ends(live, fake):
    suspend(live)
    at = now()
    sent = [len(run(live, at + timedelta(seconds=seconds))) for seconds in (0, 29, 31, 80, 92, 3000)]
    assert sent == [1, 0, 1, 0, 1, 1]
    Session.objects.update(stopped_at=now())
    assert run(live, at + timedelta(days=1)) == []


def test_a_nas_that_does_not_know_the_session_closes_it(live, fake):
    fake.cause = 503
    suspend(live)
    (attempt,) = run(live)
    assert (attempt.outcome, attempt.detail) == (
        "nak",
        "The NAS refused: session not found on the NAS (503).",
    )
    assert Session.objects.get().terminate_cause == "Stale"


def test_a_silent_nas_is_a_timeout_and_is_asked_with_the_same_octets(live, fake):
    fake.cause = "silent"
    suspend(live)
    (attempt,) = run(live)
    assert (attempt.outcome, attempt.session.stopped_at) == ("timeout", None)
    ask = Ask("127.0.0.1", fake.port, Key(SECRET), Code.DISCONNECT_REQUEST, (("User-Name", "x"),))
    before = len(fake.received)
    assert exchange([ask], 1, (0.2, 0.2)) == [None]
    assert eventually(lambda: len(fake.received) == before + 2)
    assert fake.received[-1] == fake.received[-2]


def test_many_requests_go_out_at_once(fake):
    asks = [
        Ask("127.0.0.1", fake.port, Key(SECRET), Code.DISCONNECT_REQUEST, (("Acct-Session-Id", str(n)),))
        for n in range(300)
    ]
    answers = exchange(asks, 1, (2.0, 2.0))
    assert all(answer is not None and answer.acknowledged for answer in answers)


def test_the_sweep_names_them_and_sends_nothing_itself(live, fake):
    suspend(live)
    plan = sweeps.reconcile(now())
    assert [(step.subject, step.because) for step in plan] == [(live.username, "The customer is suspended.")]
    assert plan.apply(now()).applied == 1
    assert fake.received == []


def test_silent_sessions_become_stale_after_three_missed_updates(live):
    later = live.updated_at + timedelta(seconds=3 * 300 + 59)
    assert len(sweeps.stale_sessions(later)) == 0
    later += timedelta(seconds=2)
    plan = sweeps.stale_sessions(later)
    assert plan.apply(later).applied == 1
    assert plan.apply(later).applied == 0
    closed = Session.objects.get()
    assert (closed.stopped_at, closed.terminate_cause) == (closed.updated_at, "Stale")


@pytest.mark.django_db(transaction=True)
def test_suspend_now_reaches_the_nas_at_once(server, fake):
    """Through the running service: Start, Suspend Now, Disconnect-Request."""
    builders.nas(secret=SECRET.decode(), coa_port=fake.port)
    line = builders.data_account(username="alice@isp.test")
    start = accounting("Start", Event_Timestamp=int(time.time()))
    assert eventually(lambda: server.ask(start, 0.3) is not None)
    gates.close(line.customer, GateKind.SUSPENDED, now(), actor=None)
    assert eventually(lambda: len(fake.received) == 1, 5)
    assert eventually(lambda: CoaAttempt.objects.filter(outcome="ack", because="SUSPENDED").exists())
