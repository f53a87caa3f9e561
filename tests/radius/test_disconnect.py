"""Live sessions follow the decision: a Disconnect-Request goes out, is repeated, and is logged."""

import base64
import time
from datetime import timedelta

import pytest

from customers.accounts import gates
from customers.models import GateKind
from ispbilling.core.clock import now
from radius import sweeps
from radius.coa import comparing
from radius.coa.client import Client
from radius.coa.models import CoaAttempt
from radius.coa.reconcile import Reconciler
from radius.models import Session
from radius.server.nases import NasEntry
from radius.wire.codec import Key
from tests import builders
from tests.radius.conftest import eventually
from tests.radius.fake_nas import FakeNas
from tests.radius.packets import SECRET, access, accounting

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
    nas = builders.nas(name="Tower", secret=SECRET.decode(), coa_port=fake.port)
    return session(builders.data_account(), nas, framed_ip="10.0.0.9")


def run(live: Session, at=None) -> list[CoaAttempt]:
    """One pass over everything, and all that comes of it."""
    nas, at = live.nas, at or now()
    peer = NasEntry(nas.pk, nas.name, nas.address, nas.coa_port, Key(SECRET), nas.kind)
    sent = []
    with Client(QUICK) as client:
        reconciler = Reconciler(client, lambda: [peer], 3799)
        reconciler.look(at)
        while reconciler.busy:
            sent += reconciler.turn(at, 0.1)
    return sent


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
    assert comparing.unwanted(now()) == []
    gates.close(customer, GateKind.SUSPENDED, now(), actor=None)
    assert [one.because for one in comparing.unwanted(now())] == ["SUSPENDED"]


def test_only_a_session_whose_line_is_gone_is_of_an_unknown_user(live):
    gone = live.data_account_id + 1000
    session(live.data_account, live.nas, key="2" * 32, data_account_id=gone)
    session(live.data_account, live.nas, key="3" * 32, data_account=None, username="local@router")
    assert comparing.unwanted(now()) == [], "its username has a line"
    left = session(live.data_account, live.nas, key="4" * 32, data_account_id=gone, username="left@isp.test")
    assert [(one.live.pk, one.because) for one in comparing.unwanted(now())] == [(left.pk, "UNKNOWN_USER")]


def test_a_lost_table_does_not_take_the_network_down(live, caplog):
    gone = live.data_account_id + 1000
    lost = [
        session(live.data_account, live.nas, key=f"{n:032x}", data_account_id=gone, username=f"{n}@isp.test")
        for n in range(100, 150)
    ]
    assert len(comparing.unwanted(now())) == len(lost) == 50
    session(live.data_account, live.nas, key="f" * 32, data_account_id=gone, username="one more")
    assert comparing.unwanted(now()) == []
    assert "disconnects_held_back" in caplog.text
    suspend(live)
    assert [one.because for one in comparing.unwanted(now())] == ["SUSPENDED"]


def test_the_first_of_many_leave_before_the_last_are_read(live, fake):
    Session.objects.bulk_create(
        Session(key=f"{n:032x}", nas=live.nas, data_account=live.data_account, username="x",
                acct_session_id=f"s-{n}", started_at=now(), updated_at=now())
        for n in range(2, 2 * comparing.FIRST + 10)
    )  # fmt: skip
    suspend(live)
    peer = NasEntry(live.nas_id, "Tower", live.nas.address, fake.port, Key(SECRET), "generic")
    with Client(QUICK) as client:
        reconciler = Reconciler(client, lambda: [peer], 3799)
        reconciler.look(now(), "customer", [live.data_account.customer_id])
        reconciler.turn(now(), 0.0)
        assert eventually(lambda: len(fake.received) >= comparing.FIRST)
        assert reconciler.busy
    assert not CoaAttempt.objects.exists(), "the process ended before it wrote anything down"
    assert len(run(live)) == 2 * comparing.FIRST + 9, "all are found again"


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
        "Tower refused: session not found (503).",
    )
    assert Session.objects.get().terminate_cause == "Stale"


def test_a_silent_nas_is_a_timeout_and_leaves_the_session_open(live, fake):
    fake.cause = "silent"
    suspend(live)
    (attempt,) = run(live)
    assert (attempt.outcome, attempt.session.stopped_at) == ("timeout", None)


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
def test_what_changes_reaches_the_nas_at_once(server, fake):
    """Through the running service: log-in, Start, another speed, Suspend Now, and the next log-in refused."""
    builders.nas(secret=SECRET.decode(), coa_port=fake.port)
    line = builders.data_account(username="alice@isp.test")
    accepted = eventually(lambda: (reply := server.ask(access(), 0.5)) and reply.code == 2 and reply)
    start = accounting("Start", Event_Timestamp=int(time.time()), Class=accepted["Class"][0])
    assert eventually(lambda: server.ask(start, 0.3) is not None)
    assert Session.objects.get().applied
    service = line.package.service
    service.down_kbps += 1000
    service.save()
    assert eventually(lambda: fake.codes == [43], 5)
    gates.close(line.customer, GateKind.SUSPENDED, now(), actor=None)
    assert eventually(lambda: fake.codes == [43, 40], 5)
    assert server.ask(access()).code == 3
    assert eventually(lambda: CoaAttempt.objects.filter(outcome="ack", because="SUSPENDED").exists())
