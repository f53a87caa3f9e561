"""Every stored decision is decided again the same: through the real log and its tables (W-3)."""

import json
from dataclasses import replace
from datetime import time, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from radius.models import AuthAttempt, DecisionFacts
from radius.policy import replies
from radius.policy.bands import Band
from radius.policy.decision import decide
from radius.policy.subscriber import Login, Subscriber
from radius.server import facts
from radius.server.attempts import Attempt, write
from radius.server.counting import Counts
from radius.server.following import connect
from radius.server.handlers import Authentication, _gap
from radius.server.loop import packed
from radius.server.snapshot import Snapshot
from radius.server.stored import replay_attempt
from radius.wire.attributes import encode
from radius.wire.naming import named
from radius.wire.requests import AccessRequest
from tests import builders
from tests.radius.packets import SECRET, access
from tests.radius.subscribers import ALICE, LOGIN, NOW, subscriber
from tests.radius.test_decision import instants, subscribers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.feature("W-3")]

REQUEST = AccessRequest(**{
    **dict.fromkeys(AccessRequest._fields, None), "identifier": 1, "username": b"alice@isp.test",
    "user_password": b"\x01hidden", "calling_station": b"02:00:00:00:00:01", "called_station": b"ap-1:Isp",
    "nas_port_id": b"ether2",
})  # fmt: skip
ACCEPT = encode([("Framed-Pool", "pool-a"), ("Mikrotik-Rate-Limit", "10M/20M"), ("Session-Timeout", 600)])

logins = st.builds(
    lambda right, mac, nas, name: Login(right, mac, nas, name, nas_port="ether1", method="CHAP"),
    st.booleans(), st.sampled_from(["", "02:00:00:00:00:01", "02-00-00-00-00-02", 'a"\t\\\n\u00e9']),
    st.integers(1, 3), st.sampled_from(["Tower 1", "\u2603"]),
)  # fmt: skip
locked = st.builds(
    lambda facts, mac, nas, reason: replace(
        facts, mac_lock=mac, nas_lock=nas, blocked=bool(reason), blocked_reason=reason
    ),
    subscribers, st.sampled_from(["", "02:00:00:00:00:01"]), st.sampled_from([None, 1, 2]),
    st.sampled_from(["", 'he said "no"\t\\N\n']),
)  # fmt: skip


@pytest.fixture
def log():
    connection = connect("test of attempts")
    yield connection
    connection.close()


def attempt(facts_: Subscriber | None = ALICE, login: Login = LOGIN, at=NOW, **request) -> Attempt:
    decision = decide(facts_, login, at)
    answer = ACCEPT if decision.accepted else encode(replies.reject(decision.code))
    return Attempt(at, REQUEST._replace(**request), login.nas_id, facts_, login, decision, answer)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.none() | locked, logins, instants), min_size=1, max_size=20))
def test_every_stored_decision_replays_to_the_same_answer(log, asked):
    AuthAttempt.objects.all().delete()
    write(log, [attempt(line, login, at) for line, login, at in asked])
    stored = list(AuthAttempt.objects.select_related("facts").order_by("pk"))
    assert len(stored) == len(asked)
    for row, (line, login, at) in zip(stored, asked, strict=True):
        again = replay_attempt(row)
        assert again.same, again.problem
        decision = decide(line, login, at)
        assert (row.at, row.accepted, row.code) == (at, decision.accepted, decision.code)
        assert [gate._asdict() for gate in again.decision.trace] == row.trace
    out = StringIO()
    call_command("replay_decisions", stdout=out)
    assert f"{len(asked)} stored log-ins: {len(asked)} decided the same, 0 differently" in out.getvalue()


@given(locked)
def test_facts_survive_being_written_down(line):
    bands = (Band("67", time(22), time(6, 30)),)
    line = replace(line, terms=replace(line.terms, bands=bands, zone="Africa/Johannesburg"))
    assert facts.load(Subscriber, json.loads(facts.dumps(line))) == line


def test_what_was_asked_and_answered_is_kept_and_no_secret_with_it(log):
    pap, chap = replace(LOGIN, method="PAP"), replace(LOGIN, method="CHAP", password_right=False)
    write(log, [attempt(login=pap), attempt(login=chap, user_password=None, chap_password=b"x" * 17)])
    accepted, refused = AuthAttempt.objects.select_related("facts").order_by("pk")
    assert (accepted.method, accepted.nas_port, accepted.called_station_id) == ("PAP", "ether2", "ap-1:Isp")
    assert (accepted.accepted, accepted.code, accepted.session_timeout) == (True, "", 600)
    assert accepted.facts.answer == [["Framed-Pool", "pool-a"], ["Mikrotik-Rate-Limit", "10M/20M"]]
    assert (refused.method, refused.code) == ("CHAP", "BAD_PASSWORD")
    assert refused.facts.answer == [["Reply-Message", "Log-in failed: username or password is wrong."]]
    assert refused.facts.facts["terms"]["title"] == "Home 20"
    whole = json.dumps(list(DecisionFacts.objects.values("facts", "login", "trace", "answer")))
    assert "password" not in {key for row in DecisionFacts.objects.all() for key in row.facts}
    assert "hidden" not in whole


def test_keys_and_proofs_are_never_read_back():
    octets = encode(
        [("MS-MPPE-Send-Key", b"k" * 34), ("MS-CHAP2-Success", b"\x01S=AB"), ("Class", b"isp:00ff")]
    )
    assert named(octets) == ((("Class", "isp:00ff"),), None)
    assert named(b"\xfa\x04\xab\xcd") == ((("Attribute 250", "abcd"),), None)


def test_equal_decisions_share_their_facts_and_renew_their_day(log):
    wrong = replace(LOGIN, password_right=False)
    write(log, [attempt(login=wrong, at=NOW + timedelta(seconds=n)) for n in range(5)])
    assert (AuthAttempt.objects.count(), DecisionFacts.objects.count()) == (5, 1)
    write(log, [attempt(login=wrong, at=NOW + timedelta(days=2)), attempt(None)])
    assert DecisionFacts.objects.count() == 2
    days = set(DecisionFacts.objects.values_list("day", flat=True))
    assert days == {NOW.date(), (NOW + timedelta(days=2)).date()}


def test_a_stored_decision_that_no_longer_holds_is_reported(log):
    write(log, [attempt(subscriber(blocked=True))])
    DecisionFacts.objects.update(facts={**DecisionFacts.objects.get().facts, "blocked": False})
    out = StringIO()
    with pytest.raises(CommandError, match="1 decisions cannot be explained"):
        call_command("replay_decisions", stdout=out)
    assert "It was answered PACKAGE_BLOCKED; today's policy answers accept." in out.getvalue()
    DecisionFacts.objects.update(policy="another")
    call_command("replay_decisions", "--since", "2026-05-15", stdout=(out := StringIO()))
    assert "1 differently by another version of the policy" in out.getvalue()
    DecisionFacts.objects.update(facts={"username": "of long ago"})
    assert "no Subscriber of this version" in replay_attempt(AuthAttempt.objects.get()).problem
    DecisionFacts.objects.all().delete()
    assert replay_attempt(AuthAttempt.objects.get()) is None
    assert AuthAttempt.objects.get().trace == []


def test_accepts_are_kept_at_the_rate_that_is_set():
    assert {_gap(1.0) for _ in range(20)} == {1}
    assert _gap(0) > 10**12
    mean = sum(_gap(0.01) for _ in range(20_000)) / 20_000
    assert 90 < mean < 110


def test_the_first_accept_after_a_reject_is_kept_and_others_by_their_share(log):
    builders.nas(address="10.0.0.1", secret=SECRET.decode())
    builders.data_account(username="alice@isp.test", secret="wire-secret")
    snapshot, kept = Snapshot(), []
    snapshot.reload(log)
    answer = Authentication(snapshot, Counts("test"), kept.append)

    def ask(password: str = "wire-secret") -> None:  # noqa: S107
        packet = access(password=password).RequestPacket()
        answer([(packet, packed("10.0.0.1"), b"10.0.0.1:1")])

    ask()
    ask("wrong")
    ask()
    ask()
    assert [one.decision.accepted for one in kept] == [False, True]
    answer = Authentication(snapshot, Counts("test"), kept.append, sample=1.0)
    ask()
    write(log, kept)
    assert [(row.accepted, row.method) for row in AuthAttempt.objects.order_by("pk")] == [
        (False, "PAP"), (True, "PAP"), (True, "PAP"),
    ]  # fmt: skip
    assert all(replay_attempt(row).same for row in AuthAttempt.objects.all())
    assert "wire-secret" not in str(list(DecisionFacts.objects.values()))
