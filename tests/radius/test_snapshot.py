"""The compiled line says what the policy says: page and packet cannot disagree."""

from dataclasses import replace
from datetime import date, timedelta
from socket import inet_aton

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from customers.models import Gate
from ispbilling.core import clock
from ispbilling.core.clock import now
from radius import subscribers, sweeps
from radius.models import DataAccount, UsageDay
from radius.nas.models import NasKind
from radius.policy import replies
from radius.policy.decision import decide
from radius.server.snapshot import Snapshot
from radius.wire.codec import attributes
from tests import builders
from tests.radius.subscribers import LOGIN, NOW, compiled, subscriber
from tests.radius.test_decision import instants
from tests.radius.test_decision import subscribers as random_subscribers

WRONG = replace(LOGIN, password_right=False)


@given(random_subscribers, st.integers(0, 86_400 * 300), st.booleans(), st.booleans())
def test_a_compiled_line_decides_as_the_policy_does(facts, seconds, blocked, accepts):
    facts = subscriber(
        closures=facts.closures, starts=facts.starts, ends=facts.ends, service_ends=facts.terms.service_ends,
        group_enabled=facts.group_enabled, blocked=blocked, accepts=accepts,
    )  # fmt: skip
    line = compiled(facts)
    later = NOW + timedelta(seconds=seconds)
    if line.until <= later.timestamp():
        line.compile(later.timestamp())
    assert line.accepted is decide(facts, LOGIN, later).accepted


@given(instants, st.sampled_from([0, 60, 86_400]), st.integers(-86_400, 0))
def test_session_timeout_never_reaches_beyond_the_decision(ends, timeout, before):
    facts = subscriber(ends=ends, session_timeout=timeout)
    now = ends + timedelta(seconds=before) - timedelta(seconds=1)
    line = compiled(facts, now)
    assert line.accepted
    sent = attributes(bytes(20) + line.accept(now.timestamp(), "mikrotik"))[0][27]
    seconds = int.from_bytes(sent, "big")
    assert 1 <= seconds <= max(1, (ends - now).total_seconds())
    assert not timeout or seconds <= timeout


def test_the_octets_are_kept_for_each_kind_of_nas():
    at, line = NOW.timestamp(), compiled(subscriber())
    assert line.accept(at, "cisco") is line.accept(at, "cisco")
    assert line.accept(at, "cisco") != line.accept(at, "mikrotik")


def test_lines_with_addresses_of_their_own_share_all_the_rest():
    at, line = NOW.timestamp(), compiled(subscriber())
    for address in ("10.0.0.9", "197.255.0.254"):
        octets = line.accept(at, "mikrotik", address)
        assert octets.count(b"\x08\x06" + inet_aton(address)) == 1
        assert b"pool-a" not in octets
    assert len(line.fixed) == 1
    own = compiled(subscriber(attributes=(("Framed-IP-Address", "10.9.9.9"),)))
    assert own.accept(at, "mikrotik", "10.0.0.9") is own.accept(at, "mikrotik", "10.0.0.8")
    assert b"\x08\x06\x0a\x09\x09\x09" in own.accept(at, "mikrotik", "10.0.0.9")


@pytest.mark.parametrize("kind", NasKind.values)
@pytest.mark.parametrize("address", [None, "10.0.0.9", "0.0.0.0"])  # noqa: S104
def test_the_class_of_an_accept_says_what_else_is_in_it(kind, address):
    facts = subscriber(framed_ip=address, session_timeout=0)
    sent, _, _, _ = attributes(bytes(20) + compiled(facts).accept(NOW.timestamp(), kind, address))
    told = replies.attributes(facts, decide(facts, LOGIN, NOW), kind)
    assert sent[25] == b"isp:" + replies.fingerprint(told).encode()
    assert len(replies.fingerprint(told)) == 13


@pytest.mark.django_db
class TestReading:
    """Lines as they are stored, and what the server keeps of them."""

    def test_a_line_is_put_together_again_as_pages_read_it(self):
        group, tower = builders.group(title="North"), builders.nas()
        of = builders.customer(code="ABC007", group=group)
        builders.data_account(
            username="Mixed@ISP.test", customer=of, framed_ip="10.0.0.9", mac_lock="02:00:00:00:00:01",
            nas_lock=tower, blocked=True, blocked_reason="why not", ends_on=date(2099, 1, 1),
        )  # fmt: skip
        Gate.objects.create(customer=of, kind="suspended", since=NOW, reason="owes")
        builders.data_account(username="plain@isp.test")
        lines = snapshot().lines
        for name in ("mixed@isp.test", "plain@isp.test"):
            assert lines[name.encode()].subscriber == subscribers.find(name, now())
        assert lines[b"mixed@isp.test"].subscriber.closures[0].reason == "owes"

    def test_lines_with_the_same_facts_share_them(self):
        accounts = [builders.data_account(starts_on=date(2026, 1, day)) for day in (1, 2, 3)]
        accounts.append(builders.data_account(blocked=True))
        lines = snapshot().lines
        one, two, three, other = (lines[account.username.encode()].compiled for account in accounts)
        assert one is two is three
        assert other is not one

    def test_what_did_not_change_is_kept(self):
        kept, changed = builders.data_account(), builders.data_account()
        copy = snapshot()
        before = dict(copy.lines)
        DataAccount.objects.filter(pk=changed.pk).update(blocked=True)
        copy.reload(connection)
        assert copy.lines[kept.username.encode()] is before[kept.username.encode()]
        assert copy.lines[changed.username.encode()].subscriber.blocked

    def test_pages_follow_each_other_without_a_gap(self):
        ids = [builders.data_account().pk for _ in range(5)]
        with connection.cursor() as cursor:
            read = subscribers.read(cursor, now(), page=2)
            assert [stored.account_id for stored in read] == ids

    def test_a_secret_that_cannot_be_read_has_its_own_reject(self):
        broken, fine = builders.data_account(), builders.data_account()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE radius_dataaccount SET secret = 'x' WHERE id = %s", [broken.pk])
        lines = snapshot().lines
        assert decide(lines[fine.username.encode()].subscriber, LOGIN, now()).accepted
        line = lines[broken.username.encode()]
        assert decide(line.subscriber, WRONG, now()).code == "SECRET_UNREADABLE"
        assert decide(subscribers.find(broken.username, now()), None, now()).code == "SECRET_UNREADABLE"
        # A lost key ring must end nobody's session.
        assert decide(subscribers.find_accounts([broken.pk], now())[broken.pk], None, now()).accepted

    @pytest.mark.parametrize("column", ["starts_on", "ends_on"])
    def test_a_fact_that_cannot_be_read_stops_no_other_line(self, column):
        broken, fine = builders.data_account(), builders.data_account()
        with connection.cursor() as cursor:
            both = "ends_on = 'infinity'" + (", starts_on = 'infinity'" if column == "starts_on" else "")
            cursor.execute(f"UPDATE radius_dataaccount SET {both} WHERE id = %s", [broken.pk])
        lines = snapshot().lines
        assert decide(lines[fine.username.encode()].subscriber, LOGIN, now()).accepted
        assert decide(lines[broken.username.encode()].subscriber, LOGIN, now()).code == "FACTS_UNREADABLE"


def snapshot() -> Snapshot:
    made = Snapshot()
    made.reload(connection)
    return made


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "counted"), [("daily", 100), ("monthly", 300), ("once", 600)])
def test_time_online_counts_for_the_day_the_month_or_ever(kind, counted):
    line = builders.data_account(
        package=builders.package(service=builders.service(time_limit=500, limit_type=kind))
    )
    free = builders.data_account(package=builders.package(service=builders.service()))
    for day, seconds in ((date(2026, 5, 15), 100), (date(2026, 5, 1), 200), (date(2026, 4, 30), 300)):
        for one in (line, free):
            UsageDay.objects.create(data_account=one, day=day, seconds=seconds)
    facts = subscribers.find_accounts([line.pk, free.pk], NOW)
    assert (facts[line.pk].used_seconds, facts[free.pk].used_seconds) == (counted, 0)
    ends = {
        "daily": clock.day_end(date(2026, 5, 15)),
        "monthly": clock.day_end(date(2026, 5, 31)),
        "once": None,
    }
    assert facts[line.pk].used_until == ends[kind]
    assert decide(facts[line.pk], LOGIN, NOW).accepted is (counted < 500)


@pytest.mark.django_db
def test_lines_with_a_time_limit_are_counted_again_while_they_are_online():
    limited = builders.service(time_limit=60)
    builders.session(
        data_account=builders.data_account(package=builders.package(service=limited)), updated_at=NOW
    )
    builders.session(data_account=builders.data_account(package=builders.package(service=builders.service())))
    assert [step.key for step in sweeps.time_limits(NOW).steps] == [limited.pk]
    assert not sweeps.time_limits(NOW + timedelta(hours=1)).steps
    assert sweeps.time_limits(NOW).apply(NOW).applied == 1


def test_a_session_of_a_limited_line_gets_what_is_left():
    facts = subscriber(time_limit=3600, limit_type="once", used_seconds=3000, session_timeout=86_400)
    sent = attributes(bytes(20) + compiled(facts).accept(NOW.timestamp(), "mikrotik"))[0][27]
    assert int.from_bytes(sent, "big") == 600
