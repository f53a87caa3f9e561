"""The compiled line says what the policy says: page and packet cannot disagree."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.nas.models import NasKind
from radius.policy import replies
from radius.policy.decision import decide
from radius.server.snapshot import Line
from radius.wire.codec import attributes
from tests.radius.subscribers import LOGIN, NOW, subscriber
from tests.radius.test_decision import instants, subscribers


@given(subscribers, st.integers(0, 86_400 * 300), st.booleans(), st.booleans())
def test_a_compiled_line_decides_as_the_policy_does(facts, seconds, blocked, accepts):
    facts = subscriber(
        closures=facts.closures, starts=facts.starts, ends=facts.ends, service_ends=facts.terms.service_ends,
        group_enabled=facts.group_enabled, blocked=blocked, accepts=accepts,
    )  # fmt: skip
    line = Line(facts, b"secret", NOW.timestamp())
    later = NOW + timedelta(seconds=seconds)
    if line.until <= later.timestamp():
        line.compile(later.timestamp())
    assert line.accepted is decide(facts, LOGIN, later).accepted


@given(instants, st.sampled_from([0, 60, 86_400]), st.integers(-86_400, 0))
def test_session_timeout_never_reaches_beyond_the_decision(ends, timeout, before):
    facts = subscriber(ends=ends, session_timeout=timeout)
    now = ends + timedelta(seconds=before) - timedelta(seconds=1)
    line = Line(facts, b"secret", now.timestamp())
    assert line.accepted
    sent = attributes(bytes(20) + line.accept(now.timestamp(), "mikrotik"))[0][27]
    seconds = int.from_bytes(sent, "big")
    assert 1 <= seconds <= max(1, (ends - now).total_seconds())
    assert not timeout or seconds <= timeout


def test_lines_of_a_package_share_their_octets_for_each_kind_of_nas():
    at = NOW.timestamp()
    one, two = Line(subscriber(account_id=1), b"a", at), Line(subscriber(account_id=2), b"b", at)
    assert one.accept(at, "cisco") is two.accept(at, "cisco")
    assert one.accept(at, "cisco") != one.accept(at, "mikrotik")
    static = Line(subscriber(framed_ip="10.0.0.9"), b"c", at)
    assert b"\x08\x06\x0a\x00\x00\x09" in static.accept(at, "mikrotik")


@pytest.mark.parametrize("kind", NasKind.values)
def test_the_class_of_an_accept_says_what_else_is_in_it(kind):
    facts = subscriber(framed_ip="10.0.0.9", session_timeout=0)
    sent, _, _, _ = attributes(bytes(20) + Line(facts, b"c", NOW.timestamp()).accept(NOW.timestamp(), kind))
    told = replies.attributes(facts, decide(facts, LOGIN, NOW), kind)
    assert sent[25] == b"isp:" + replies.fingerprint(told).encode()
    assert len(replies.fingerprint(told)) == 12
