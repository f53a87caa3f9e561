"""Live sessions get new settings by CoA; what a NAS does not change is disconnected."""

from datetime import timedelta

import pytest

from customers.accounts import gates
from customers.models import GateKind
from ispbilling.core.clock import now
from radius.degrading.models import AccessAction
from radius.history.models import FactHistory
from radius.models import CoaAttempt, Session
from radius.policy import changing, replies
from radius.policy.changing import comparable, fingerprint
from radius.policy.decision import decide
from tests import builders
from tests.radius.fake_nas import FakeNas
from tests.radius.packets import SECRET
from tests.radius.subscribers import ALICE, NOW
from tests.radius.test_disconnect import run

pytestmark = [pytest.mark.django_db, pytest.mark.feature("W-16")]
DISCONNECT, COA = 40, 43


@pytest.fixture
def fake():
    with FakeNas(SECRET) as nas:
        yield nas


@pytest.fixture
def live(fake) -> Session:
    nas = builders.nas(name="Tower", secret=SECRET.decode(), coa_port=fake.port)
    line = builders.data_account(
        package=builders.package(service=builders.service(down_kbps=20_000, up_kbps=10_000))
    )
    return builders.session(data_account=line, nas=nas)


def speed(live: Session, down: int) -> None:
    service = live.data_account.package.service
    service.down_kbps = down
    service.save()


def applied(live: Session) -> str:
    return Session.objects.get(pk=live.pk).applied


def test_what_a_session_was_given_is_not_known_and_taken_for_right(live, fake):
    assert run(live) == []
    assert len(applied(live)) == 13
    assert fake.codes == []


@pytest.fixture
def garden(live):
    """Of who is suspended, for longer than the session has lasted."""
    AccessAction.objects.create(code="SUSPENDED", kind="garden", address_list="suspended")
    FactHistory.objects.update(at=now() - timedelta(days=1))
    Session.objects.update(started_at=now() - timedelta(minutes=1))


def test_a_gate_that_closed_before_the_first_look_is_not_taken_for_right(live, fake, garden):
    gates.close(live.data_account.customer, GateKind.SUSPENDED, now(), actor=None)
    (attempt,) = run(live)
    assert (attempt.request, attempt.outcome, attempt.because) == ("coa", "ack", "SUSPENDED")
    assert b"suspended" in fake.octets[0]
    assert run(live) == []


def test_a_session_that_began_in_the_garden_is_left_there_until_the_gate_opens(live, fake, garden):
    customer = live.data_account.customer
    gates.close(customer, GateKind.SUSPENDED, now() - timedelta(hours=1), actor=None)
    Session.objects.update(started_at=now() - timedelta(minutes=1))
    assert run(live) == []
    assert applied(live)
    Session.objects.update(applied="")
    gates.open_(customer, GateKind.SUSPENDED, now() - timedelta(seconds=1), actor=None)
    assert [(one.request, one.because) for one in run(live)] == [("coa", "SETTINGS_CHANGED")]


def test_another_speed_goes_out_as_a_change_once(live, fake):
    run(live)
    before = applied(live)
    speed(live, 50_000)
    (attempt,) = run(live)
    assert (attempt.request, attempt.outcome, attempt.because) == ("coa", "ack", "SETTINGS_CHANGED")
    assert fake.codes == [COA]
    request = fake.received[0]
    assert request[44] == live.acct_session_id.encode()
    assert b"10M/50M" in fake.octets[0]
    assert not {6, 7, 85, 88} & request.keys(), "what a NAS would refuse in a CoA-Request"
    assert before != applied(live) == attempt.applied
    assert run(live) == []
    speed(live, 20_000)
    assert [one.outcome for one in run(live)] == ["ack"]
    assert applied(live) == before


def test_what_the_nas_refuses_to_change_is_disconnected_at_once(live, fake):
    fake.causes[COA] = 401
    run(live)
    speed(live, 50_000)
    refused, ended = run(live)
    assert (refused.request, refused.detail) == ("coa", "Tower refused: unsupported attribute (401).")
    assert (ended.request, ended.outcome, ended.because) == ("disconnect", "ack", "SETTINGS_CHANGED")
    assert fake.codes == [COA, DISCONNECT]
    assert run(live) == [], "it is given time to end"
    assert [one.request for one in run(live, now() + timedelta(minutes=1))] == ["disconnect"], "a lying ACK"


def test_no_answer_to_a_change_is_followed_by_a_disconnect(live, fake):
    fake.causes[COA] = "silent"
    run(live)
    speed(live, 50_000)
    assert [(one.request, one.outcome) for one in run(live)] == [("coa", "timeout"), ("disconnect", "ack")]


def test_a_change_for_a_session_that_is_gone_closes_it(live, fake):
    fake.causes[COA] = 503
    run(live)
    speed(live, 50_000)
    assert [one.request for one in run(live)] == ["coa"]
    assert not Session.objects.open().exists()


def test_another_address_needs_a_new_login(live, fake):
    run(live)
    line = live.data_account
    line.framed_ip = "10.9.9.9"
    line.save()
    (attempt,) = run(live)
    assert (attempt.request, attempt.because) == ("disconnect", "SETTINGS_CHANGED")


def test_a_suspension_is_repeated_with_the_patience_of_a_disconnect(live, fake):
    run(live)
    fake.causes[COA] = "silent"
    speed(live, 50_000)
    fake.cause = "silent"
    run(live)
    sent = CoaAttempt.objects.count()
    gates.close(live.data_account.customer, GateKind.SUSPENDED, now(), actor=None)
    assert run(live) == [], "a disconnect was sent a moment ago"
    assert len(run(live, now() + timedelta(seconds=31))) == 1
    assert CoaAttempt.objects.count() == sent + 1


def test_the_halves_of_a_fingerprint_say_whether_a_login_is_needed():
    slow = [("Framed-Pool", "a"), ("Mikrotik-Rate-Limit", "1M/1M")]
    fast = [("Framed-Pool", "a"), ("Mikrotik-Rate-Limit", "2M/2M")]
    moved = [("Framed-Pool", "b"), ("Mikrotik-Rate-Limit", "1M/1M")]
    prints = [changing.fingerprint(pairs) for pairs in (slow, fast, moved)]
    assert not changing.needs_login(prints[0], prints[1])
    assert changing.needs_login(prints[0], prints[2])
    assert prints[0] != prints[1]
    assert {len(one) for one in prints} == {13}
    assert changing.changeable(slow) == slow[1:]


def test_replies_are_written_as_their_format_says():
    """If this fails, replies are written otherwise than before: change `changing.FORMAT`, and the values here."""
    told = [("Service-Type", "Framed-User"), ("Framed-Pool", "pool-a"), ("Mikrotik-Rate-Limit", "10M/20M")]
    assert fingerprint(told) == "be92425d1bd12"
    kinds = {
        kind: fingerprint(replies.attributes(ALICE, decide(ALICE, None, NOW), kind)) for kind in replies.RATES
    }
    assert kinds == {
        "mikrotik": "020eedc102872",
        "cisco": "020eeddb53a72",
        "wispr": "020eedf53b1e2",
        "generic": "020eed70e8c72",
    }


def test_a_session_of_a_former_format_is_taken_as_it_is():
    assert comparable(fingerprint([]))
    assert not comparable("")
    assert not comparable(fingerprint([])[:12])
