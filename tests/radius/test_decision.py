"""The gate table (features 2.1), gate by gate, and what a decision promises about time."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from dateutil import tz
from hypothesis import given
from hypothesis import strategies as st

from radius.nas.models import NasKind
from radius.policy import changing, codes, gates, replies
from radius.policy.bands import Band
from radius.policy.decision import decide, online_left
from radius.policy.gates import Gate
from radius.policy.subscriber import Closure, OnceCapped, Subscriber
from radius.wire.attributes import encode
from tests.radius.subscribers import ALICE, LOGIN, NOW, subscriber

HOUR = timedelta(hours=1)

# Codes of a login whose password was not looked at.
UNCHECKED = ("EAP_UNSUPPORTED", "RATE_LIMITED")


def closed(kind: str) -> dict:
    return {"closures": (Closure(kind, NOW - HOUR),)}


CASES = [
    ("CUSTOMER_DELETED", closed("deleted"), {}),
    ("GROUP_DISABLED", {"group_enabled": False}, {}),
    ("CUSTOMER_DISABLED", closed("disabled"), {}),
    ("CUSTOMER_CANCELLED", closed("cancelled"), {}),
    ("ACCOUNT_CANCELLED", {"ends": NOW}, {}),
    ("ACCOUNT_NOT_STARTED", {"starts": NOW + HOUR}, {}),
    ("SUSPENDED", closed("suspended"), {}),
    ("PACKAGE_BLOCKED", {"blocked": True}, {}),
    ("SERVICE_REJECT", {"accepts": False}, {}),
    ("SERVICE_EXPIRED", {"service_ends": NOW}, {}),
    ("TIME_BAND", {"bands": (Band("5", time(10), time(11)),), "zone": "UTC"}, {}),
    ("TIME_LIMIT", {"time_limit": 3600, "limit_type": "once", "used_seconds": 3600}, {}),
    ("PREPAID_EMPTY", {"prepaid": True, "exhausted": True}, {}),
    ("PREPAID_EMPTY", {"prepaid": True, "covered_until": NOW, "exhausted_until": NOW + HOUR}, {}),
    ("CAPPED", {"cap": "hard", "exhausted": True, "exhausted_until": NOW + HOUR}, {}),
    ("PORT_MISMATCH", {"port_lock": "ether1"}, {"nas_port": "ether10"}),
    ("PORT_MISMATCH", {"port_lock": "ether1"}, {}),
    ("MAC_MISMATCH", {"mac_lock": "02:00:00:00:00:02"}, {}),
    ("NAS_MISMATCH", {"nas_lock": 9}, {}),
    ("TOO_MANY_SESSIONS", {"simultaneous_use": 2}, {"live": 2}),
    ("BAD_PASSWORD", {}, {"password_right": False}),
    ("SECRET_UNREADABLE", {"unreadable": "secret"}, {"password_right": False}),
    ("FACTS_UNREADABLE", {"unreadable": "facts"}, {}),
]


def test_a_line_with_every_gate_open_is_accepted():
    decision = decide(ALICE, LOGIN, NOW)
    assert decision.accepted
    assert decision.code == ""
    assert all(gate.open for gate in decision.trace)
    assert len(decision.trace) == len(gates.GATES)


@pytest.mark.parametrize(("code", "facts", "login"), CASES, ids=[case[0] for case in CASES])
def test_each_closed_gate_rejects_with_its_code(code, facts, login):
    decision = decide(subscriber(**facts), replace(LOGIN, **login), NOW)
    assert not decision.accepted
    assert decision.code == code
    assert [gate.code for gate in decision.trace if not gate.open] == [code]
    assert codes.sentence(code) != code
    assert replies.reject(code)[0][0] == "Reply-Message"


def test_an_unknown_user_is_told_the_same_as_a_wrong_password():
    decision = decide(None, LOGIN, NOW)
    assert (decision.accepted, decision.code) == (False, "UNKNOWN_USER")
    assert codes.message("UNKNOWN_USER") == codes.message("BAD_PASSWORD")


def test_every_code_has_its_sentences_and_its_gate():
    possible = {gate.code for gate in decide(ALICE, LOGIN, NOW).trace} | {"UNKNOWN_USER", *UNCHECKED}
    assert possible == set(codes.REASONS)


@pytest.mark.parametrize("code", UNCHECKED)
def test_a_password_that_was_not_looked_at_says_why(code):
    login = replace(LOGIN, password_right=False, unchecked=code, method="PAP")
    for facts in (ALICE, None):
        decision = decide(facts, login, NOW)
        assert decision.code == code
        assert Gate("password", False, code, "PAP") in decision.trace


def test_all_gates_are_asked_and_the_first_closed_one_names_the_reject():
    facts = subscriber(group_enabled=False, blocked=True, closures=(Closure("suspended", NOW),))
    decision = decide(facts, LOGIN, NOW)
    assert decision.code == "GROUP_DISABLED"
    assert [g.code for g in decision.trace if not g.open] == [
        "GROUP_DISABLED",
        "SUSPENDED",
        "PACKAGE_BLOCKED",
    ]


def test_a_wrong_password_hides_every_other_reason():
    decision = decide(subscriber(**closed("suspended")), replace(LOGIN, password_right=False), NOW)
    assert decision.code == "BAD_PASSWORD"


@pytest.mark.parametrize(("since", "until", "accepted"), [
    (NOW, None, False),
    (NOW + HOUR, None, True),
    (NOW - HOUR, NOW, True),
    (NOW - HOUR, NOW + HOUR, False),
])  # fmt: skip
def test_a_closure_counts_from_since_until_just_before_until(since, until, accepted):
    facts = subscriber(closures=(Closure("suspended", since, until),))
    assert decide(facts, LOGIN, NOW).accepted is accepted


def test_a_line_is_accepted_from_the_first_instant_of_its_first_day():
    facts = subscriber(starts=NOW)
    early = decide(facts, LOGIN, NOW - timedelta(microseconds=1))
    assert (early.code, early.valid_until) == ("ACCOUNT_NOT_STARTED", NOW)
    assert decide(facts, LOGIN, NOW).accepted


@pytest.mark.parametrize("sent", ["02-00-00-00-00-01", "0200.0000.0001", "020000000001", "02:00:00:00:00:01"])
def test_a_mac_lock_does_not_care_how_the_nas_writes_it(sent):
    facts = subscriber(mac_lock="02:00:00:00:00:01")
    assert decide(facts, replace(LOGIN, calling_station=sent), NOW).accepted


def test_a_locked_line_without_calling_station_is_refused():
    decision = decide(subscriber(mac_lock="02:00:00:00:00:01"), replace(LOGIN, calling_station=""), NOW)
    assert decision.code == "MAC_MISMATCH"


def test_without_a_login_the_locks_do_not_speak():
    assert decide(subscriber(mac_lock="02:00:00:00:00:01", nas_lock=9), None, NOW).accepted


SLOW = OnceCapped("Slow", True, None, 1000, 500)


def test_a_soft_cap_slows_down_until_the_month_ends_and_ends_no_session():
    facts = subscriber(cap="soft", once_capped=SLOW, exhausted=True, exhausted_until=NOW + HOUR)
    decision = decide(facts, LOGIN, NOW)
    assert (decision.accepted, decision.code, decision.valid_until) == (True, "", NOW + HOUR)
    assert ("Mikrotik-Rate-Limit", "500k/1M") in replies.attributes(facts, decision, "mikrotik")
    assert online_left(facts, NOW) is None
    later = decide(facts, LOGIN, NOW + HOUR)
    assert ("Mikrotik-Rate-Limit", "10M/20M") in replies.attributes(facts, later, "mikrotik")
    refusing = replace(facts, terms=replace(facts.terms, once_capped=replace(SLOW, accepts=False)))
    assert decide(refusing, LOGIN, NOW).code == "SERVICE_REJECT"


def test_a_session_ends_when_the_last_data_expires():
    facts = subscriber(cap="hard", covered_until=NOW + HOUR, exhausted_until=NOW + 2 * HOUR)
    assert online_left(facts, NOW) == 3600
    assert online_left(replace(facts, prepaid=True), NOW + 2 * HOUR) is None


instants = st.datetimes(
    min_value=datetime(2026, 1, 1),  # noqa: DTZ001 - made aware below
    max_value=datetime(2026, 12, 31),  # noqa: DTZ001
).map(lambda moment: moment.replace(tzinfo=UTC))
closures = st.builds(
    lambda kind, a, b: Closure(kind, min(a, b) if b else a, max(a, b) if b else None),
    st.sampled_from(["disabled", "deleted", "suspended", "cancelled"]),
    instants,
    st.none() | instants,
)
clocks = st.times().map(lambda clock: clock.replace(microsecond=0))
bands = st.builds(Band, st.sampled_from(["1", "7", "12345", "67", "1234567"]), clocks, clocks)
subscribers = st.builds(
    lambda closed, starts, ends, service, enabled, hours, zone, limit, used, again, data: subscriber(
        closures=tuple(closed), starts=starts, ends=ends, service_ends=service, group_enabled=enabled,
        bands=tuple(hours), zone=zone, time_limit=limit, limit_type="daily", used_seconds=used, used_until=again,
        **data,
    ),
    st.lists(closures, max_size=4),
    st.just(ALICE.starts) | instants,
    st.none() | instants,
    st.none() | instants,
    st.booleans(),
    st.lists(bands, max_size=2),
    st.sampled_from(["Africa/Johannesburg", "Europe/Berlin", "America/New_York"]),
    st.sampled_from([0, 3600, 86_400]),
    st.integers(0, 90_000),
    st.none() | instants,
    st.fixed_dictionaries({
        "cap": st.sampled_from(["", "hard", "soft"]), "prepaid": st.booleans(), "exhausted": st.booleans(),
        "covered_until": st.none() | instants, "exhausted_until": st.none() | instants,
    }).map(lambda data: data | {"once_capped": SLOW if data["cap"] == "soft" else None}),
)  # fmt: skip


@given(subscribers, instants, st.floats(0, 1))
def test_a_decision_holds_until_it_says(facts, now, part):
    decision = decide(facts, LOGIN, now)
    end = decision.valid_until or now + timedelta(days=4000)
    assert end > now
    later = min(now + (end - now) * part, end - timedelta(microseconds=1))
    again = decide(facts, LOGIN, later)
    assert (again.accepted, again.code) == (decision.accepted, decision.code)
    assert [g.open for g in again.trace] == [g.open for g in decision.trace]


def closed_codes(facts: Subscriber, now: datetime) -> set[str]:
    """Which gates are closed, thought out once more and slowly; the locks and the password are met."""
    names = {"deleted": "CUSTOMER_DELETED", "disabled": "CUSTOMER_DISABLED", "suspended": "SUSPENDED",
             "cancelled": "CUSTOMER_CANCELLED"}  # fmt: skip
    never = datetime.max.replace(tzinfo=UTC)
    found = {names[one.kind] for one in facts.closures if one.since <= now < (one.until or never)}
    found |= {"ACCOUNT_CANCELLED"} if now >= (facts.ends or never) else set()
    found |= {"ACCOUNT_NOT_STARTED"} if now < facts.starts else set()
    found |= {"SERVICE_EXPIRED"} if now >= (facts.terms.service_ends or never) else set()
    found |= {"GROUP_DISABLED"} if not facts.group_enabled else set()
    limit, counted = facts.terms.time_limit, now < (facts.used_until or never)
    found |= {"TIME_LIMIT"} if limit and counted and facts.used_seconds >= limit else set()
    data = (
        not (facts.exhausted or (facts.covered_until or never) <= now)
        or (facts.exhausted_until or never) <= now
    )
    if not data and (facts.prepaid or facts.terms.cap == "hard"):
        found.add("PREPAID_EMPTY" if facts.prepaid else "CAPPED")
    return found | (
        {"TIME_BAND"} if any(shut(band, facts.terms.zone, now) for band in facts.terms.bands) else set()
    )


def shut(band: Band, zone: str, now: datetime) -> bool:
    """With another library's idea of time zones, and every day of a fortnight."""
    local = tz.gettz(zone)
    for offset in range(-7, 8):
        day = (now.astimezone(local) + timedelta(days=offset)).date()
        if str(day.isoweekday()) in band.days:
            over = timedelta(days=0 if band.since < band.until else 1)
            begin = tz.resolve_imaginary(datetime.combine(day, band.since, local))
            end = tz.resolve_imaginary(datetime.combine(day + over, band.until, local))
            if begin.astimezone(UTC) <= now < end.astimezone(UTC):
                return True
    return False


@given(subscribers, instants)
def test_the_decision_is_what_a_slow_oracle_says(facts, now):
    decision = decide(facts, LOGIN, now)
    assert {gate.code for gate in decision.trace if not gate.open} == closed_codes(facts, now)
    assert decision.accepted is (not closed_codes(facts, now))


BERLIN = {"zone": "Europe/Berlin"}


@pytest.mark.parametrize(("days", "since", "until", "at", "accepted", "changes"), [
    # Friday 15 May 2026; Berlin is two hours ahead.
    ("5", "22:00", "06:00", "2026-05-15T19:59:59", True, "2026-05-15T20:00:00"),
    ("5", "22:00", "06:00", "2026-05-15T20:00:00", False, "2026-05-16T04:00:00"),
    ("5", "22:00", "06:00", "2026-05-16T03:59:59", False, "2026-05-16T04:00:00"),
    ("5", "22:00", "06:00", "2026-05-16T04:00:00", True, "2026-05-22T20:00:00"),
    ("5", "00:00", "00:00", "2026-05-15T12:00:00", False, "2026-05-15T22:00:00"),
    # Clocks go forward on 29 March at 02:00 and back on 25 October at 03:00.
    ("7", "01:30", "04:00", "2026-03-29T01:59:59", False, "2026-03-29T02:00:00"),
    ("7", "02:15", "02:45", "2026-03-29T01:20:00", False, "2026-03-29T01:45:00"),
    ("7", "01:00", "02:30", "2026-10-25T00:29:59", False, "2026-10-25T00:30:00"),
    ("7", "01:00", "02:30", "2026-10-25T01:15:00", True, "2026-11-01T00:00:00"),
])  # fmt: skip
def test_hours_follow_the_clock_on_the_wall(days, since, until, at, accepted, changes):
    shut = Band(days, time.fromisoformat(since), time.fromisoformat(until))
    decision = decide(subscriber(bands=(shut,), **BERLIN), LOGIN, datetime.fromisoformat(at + "+00:00"))
    assert decision.accepted is accepted
    assert decision.valid_until == datetime.fromisoformat(changes + "+00:00")


@pytest.mark.parametrize(("used", "again", "left"), [
    (0, None, 3600), (3000, None, 600), (3600, None, None), (3000, 300, 300 + 3600), (3600, -1, 3600),
    (3000, 900, 600),
])  # fmt: skip
def test_a_session_ends_with_the_time_limit(used, again, left):
    until = None if again is None else NOW + timedelta(seconds=again)
    facts = subscriber(time_limit=3600, limit_type="daily", used_seconds=used, used_until=until)
    assert online_left(facts, NOW) == left


def test_a_limit_that_is_used_up_opens_when_it_starts_again():
    facts = subscriber(time_limit=60, limit_type="daily", used_seconds=60, used_until=NOW + HOUR)
    assert decide(facts, LOGIN, NOW).valid_until == NOW + HOUR
    assert decide(facts, LOGIN, NOW + HOUR).accepted


@pytest.mark.parametrize("port", ["ether1", "ETHER1"])
def test_a_port_lock_lets_its_port_in(port):
    assert decide(subscriber(port_lock="ether1"), replace(LOGIN, nas_port=port), NOW).accepted


def test_the_reply_carries_speed_address_and_prefix():
    facts = subscriber(
        framed_ip="10.0.0.9", framed_ipv6_prefix="2001:db8::/64", delegated_ipv6_prefix="2001:db8:1::/56",
        framed_ipv6_pool="six", delegated_ipv6_pool="pd",
    )  # fmt: skip
    assert told(facts)[2:] == [
        ("Mikrotik-Rate-Limit", "10M/20M"),
        ("Acct-Interim-Interval", 300),
        ("Framed-IP-Address", "10.0.0.9"),
        ("Framed-IPv6-Prefix", "2001:db8::/64"),
        ("Delegated-IPv6-Prefix", "2001:db8:1::/56"),
    ]


@pytest.mark.parametrize("kind", NasKind.values)
def test_addresses_that_are_not_static_come_from_the_pools_of_the_package(kind):
    pools = told(subscriber(framed_ipv6_pool="six", delegated_ipv6_pool="pd"), kind)[-3:]
    delegated = "Mikrotik-Delegated-IPv6-Pool" if kind == "mikrotik" else "Delegated-IPv6-Prefix-Pool"
    assert pools == [("Framed-Pool", "pool-a"), ("Framed-IPv6-Pool", "six"), (delegated, "pd")]
    assert encode(pools)


def told(facts: Subscriber, kind: str = "mikrotik") -> replies.Pairs:
    return replies.attributes(facts, decide(facts, LOGIN, NOW), kind)


_CISCO = "lcp:interface-config#{} {} {} {} conform-action transmit exceed-action drop".format


@pytest.mark.parametrize(("kind", "down", "up", "sent"), [
    ("mikrotik", 4000, 512, ["512k/4M"]),
    ("mikrotik", 1000, 0, ["1/1M"]),
    ("wispr", 20_000, 512, [512_000, 20_000_000]),
    ("wispr", 10_000_000, 0, [1, 0xFFFFFFFF]),
    ("generic", 20_000, 10_000, [10_000_000, 20_000_000]),
    ("generic", 0, 1, [1000, 1]),
    ("cisco", 20_000, 10_000, [
        _CISCO("1=rate-limit input", 10_000_000, 1_875_000, 3_750_000),
        _CISCO("2=rate-limit output", 20_000_000, 3_750_000, 7_500_000),
    ]),
    ("cisco", 0, 10_000_000, [
        _CISCO("1=rate-limit input", 10_000_000_000, 512_000_000, 1_024_000_000),
        _CISCO("2=rate-limit output", 8000, 1500, 3000),
    ]),
])  # fmt: skip
def test_each_kind_of_nas_reads_the_speed_in_its_own_form(kind, down, up, sent):
    pairs = replies.RATES[kind](down, up)
    assert [value for _, value in pairs] == sent
    assert encode(pairs)


def test_every_kind_of_nas_is_told_a_speed():
    assert set(replies.RATES) == set(NasKind.values)


def test_a_fingerprint_is_the_same_in_every_process():
    assert replies.fingerprint([("Framed-Pool", "pool-a"), ("Idle-Timeout", 60)]) == "09c3173a125b2"
    pairs = [("Framed-IP-Address", "10.0.0.9"), ("Framed-Protocol", "PPP"), ("Idle-Timeout", 60)]
    assert replies.fingerprint(pairs) == "5c9a133a125b2"
    assert changing.needs_login(replies.fingerprint(pairs), replies.fingerprint(pairs[1:]))
    assert told(ALICE, "wispr") == told(replace(ALICE, account_id=8, username="bob"), "wispr")


@pytest.mark.parametrize(("timeout", "left", "sent"), [
    (86_400, None, 86_400), (86_400, 3600.5, 3600), (86_400, 1e9, 86_400), (0, None, 0), (0, 3600.0, 3600),
    (86_400, 0.2, 1),
])  # fmt: skip
def test_a_session_never_outlives_the_decision(timeout, left, sent):
    assert replies.session_seconds(timeout, left) == sent
