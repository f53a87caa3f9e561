"""Whose line a User-Name means, and that logins and accounting agree about it."""

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from ispbilling.core.clock import now
from radius.accounts.meaning import rule
from radius.history import supposing
from radius.models import Session
from radius.server.snapshot import Directory, Snapshot
from radius.usage.recording import Recorder
from radius.usage.reports import report
from radius.wire.codec import Key, decode_accounting, text
from radius.wire.usernames import Usernames
from tests import builders
from tests.radius.packets import SECRET, accounting

EXACT = Usernames(fold=False)
ISP = Usernames(realms=["isp.test", "Office"])


@pytest.mark.parametrize(
    ("rule", "sent", "keys"),
    [
        (Usernames(), "Alice@ISP.test", ["alice@isp.test"]),
        (EXACT, "Alice@ISP.test", ["Alice@ISP.test"]),
        (ISP, "alice", ["alice"]),
        (ISP, "Alice@Isp.Test", ["alice@isp.test", "alice"]),
        (ISP, "OFFICE\\Alice", ["office\\alice", "alice"]),
        (ISP, "office/alice", ["office/alice", "alice"]),
        (ISP, "alice@elsewhere.test", ["alice@elsewhere.test"]),
        (ISP, "a@b@isp.test", ["a@b@isp.test", "a@b"]),
        (ISP, "@isp.test", ["@isp.test"]),
        (Usernames(realms=["*"]), "x/alice", ["x/alice", "alice"]),
        (Usernames(fold=False, realms=["isp.test"]), "Alice@ISP.TEST", ["Alice@ISP.TEST", "Alice"]),
    ],
)
def test_keys(rule, sent, keys):
    assert list(rule.keys(sent)) == keys


@given(st.text(max_size=30), st.booleans(), st.lists(st.sampled_from(["*", "a", "b.c"]), max_size=2))
def test_the_name_as_sent_always_goes_first(sent, fold, realms):
    rule = Usernames(fold, realms)
    keys = list(rule.keys(sent))
    assert keys[0] == rule.key(sent)
    assert all(keys[1:])


@pytest.fixture
def names(db):
    return {
        name: builders.data_account(username=name).pk for name in ("Alice", "alice@isp.test", "Ämilie", "bob")
    }


def found(rule: Usernames, sent: str) -> int | None:
    """The line that a login and the account that a report means: the same."""
    connection.ensure_connection()
    snapshot, directory = Snapshot(rule), Directory(rule)
    snapshot.reload(connection.connection)
    directory.reload(connection.connection)
    line = snapshot.find(sent.encode())
    assert (None if line is None else line.account_id) == directory.find(sent)
    return directory.find(sent)


def recorded(rule: Usernames, sent: str) -> int | None:
    """The line that a report is recorded of when the worker's copy does not know it yet."""
    packet = accounting("Start")
    packet["User-Name"] = sent
    made = report(
        decode_accounting(packet.RequestPacket(), Key(SECRET)), builders.nas().pk, None, 1_800_000_000
    )
    connection.ensure_connection()
    Recorder(connection.connection, rule).record([made])
    return Session.objects.get().data_account_id


@pytest.mark.parametrize(
    ("rule", "sent", "line"),
    [
        (Usernames(), "ALICE", "Alice"),
        (Usernames(), "äMILIE", "Ämilie"),
        (Usernames(), "bob@isp.test", None),
        (EXACT, "alice", None),
        (EXACT, "Alice", "Alice"),
        (ISP, "alice@isp.test", "alice@isp.test"),
        (ISP, "Alice@office", "Alice"),
        (ISP, "isp.test/bob", "bob"),
        (ISP, "b\0ob", None),
    ],
)
def test_logins_and_accounting_mean_the_same_line(names, rule, sent, line):
    assert found(rule, sent) == (None if line is None else names[line])
    clean = text(sent.encode())  # as it stands in a report
    assert recorded(rule, clean) == found(rule, clean)


@pytest.mark.parametrize("sent", ["02:00:00:00:00:0A", "0200.0000.000a", "1:02:00:00:00:00:0a"])
def test_a_device_is_the_same_line_in_any_punctuation(db, sent):
    device = builders.data_account(username="02-00-00-00-00-0A", mac_authentication=True)
    builders.data_account(username="02-00-00-00-00-0B")
    assert recorded(EXACT, sent) == found(EXACT, sent) == device.pk
    assert found(EXACT, "02:00:00:00:00:0B") is None


@pytest.mark.parametrize(
    ("case", "realms", "sent", "line"),
    [
        ("fold", [], "ALICE", "Alice"),
        ("fold", ["isp.test"], "BOB@isp.test", "bob"),
        ("fold", ["isp.test"], "alice@isp.test", "alice@isp.test"),
        ("exact", [], "alice", None),
        ("exact", ["isp.test"], "Alice@ISP.test", "Alice"),
        ("exact", [], "0200.0000.000a", "02-00-00-00-00-0A"),
    ],
)
def test_the_connection_check_means_the_line_that_the_server_does(names, settings, case, realms, sent, line):
    settings.RADIUS_USERNAME_CASE, settings.RADIUS_REALMS = case, realms
    device = "02-00-00-00-00-0A"
    names[device] = builders.data_account(username=device, mac_authentication=True).pk
    asked = supposing.find(sent, now())
    assert (asked.account_id if asked else None) == (names[line] if line else None) == found(rule(), sent)
    if line != device:
        then = supposing.find(sent, now(), now())
        assert (then.account_id if then else None) == (names[line] if line else None)
