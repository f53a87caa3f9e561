"""Lines that log in by the address of their device, and that no other line is ever reached that way."""

import pytest
from django.db import IntegrityError, transaction

from radius.models import AuthAttempt, DataAccount, Session
from radius.wire import codec, passwords
from radius.wire.usernames import bare_mac
from tests import builders
from tests.radius.conftest import eventually, settled
from tests.radius.packets import SECRET, access, accounting

ACCEPT, REJECT = 2, 3
MAC = "aa-bb-cc-dd-ee-0f"
KEY = codec.Key(SECRET)


@pytest.mark.parametrize(
    ("octets", "bare"),
    [
        (b"AA:BB:CC:DD:EE:0F", b"aabbccddee0f"),
        (b"aabb.ccdd.ee0f", b"aabbccddee0f"),
        (b"1:aa:bb:cc:dd:ee:0f", b"aabbccddee0f"),
        (b"1aabbccddee0f", b""),
        (b"aabbccddee0g", b""),
        (b"aabbccddee0f0f", b""),
        (b"", b""),
    ],
)
def test_a_mac_address_has_many_forms(octets, bare):
    assert bare_mac(octets) == bare


def proved(username: str = "AABBCCDDEE0F", calling: str = "AA-BB-CC-DD-EE-0F", **how) -> bool:
    packet = access(username, Calling_Station_Id=calling, **how)
    return passwords.mac_proved(codec.decode_access(packet.RequestPacket(), KEY), KEY)


@pytest.mark.parametrize(
    "how",
    [
        {"password": "AABBCCDDEE0F"}, {"password": "aa:bb:cc:dd:ee:0f"}, {"password": ""},
        {"method": "none"}, {"method": "chap", "password": "AABBCCDDEE0F"}, {"method": "chap", "password": ""},
        {"method": "chap", "password": "aabbccddee0f"}, {"password": "anything", "Service_Type": 10},
    ],
    ids=str,
)  # fmt: skip
def test_the_forms_that_nases_use_are_taken(how):
    assert proved(**how)
    assert not proved(calling="AA-BB-CC-DD-EE-FF", **how)
    assert not proved(username="alice", calling="alice", **how)


@pytest.mark.parametrize(
    "how",
    [{"password": "anything"}, {"method": "chap", "password": "anything"}, {"method": "mschap2"},
     {"method": "mschap"}, {"method": "none", "EAP_Message": b"\x02\x01\x00\x05\x01"}],
    ids=str,
)  # fmt: skip
def test_other_proofs_are_not(how):
    assert not proved(**how)


@pytest.fixture
def world(server, transactional_db):
    """A line that logs in by its device, and one that only has the name of another device."""
    builders.nas(secret=SECRET.decode())
    by_mac = builders.data_account(username=MAC, secret="wire-secret", mac_authentication=True)
    plain = builders.data_account(username="02-00-00-00-00-01", secret="wire-secret")
    assert settled(lambda: code(server, access(MAC)) == ACCEPT)
    return by_mac, plain


def code(server, packet) -> int | None:
    reply = server.ask(packet, 0.5)
    return None if reply is None else reply.code


def test_a_line_that_asks_for_it_logs_in_by_its_device_alone(server, world):
    by_mac, plain = world
    device = {"Calling_Station_Id": "AA:BB:CC:DD:EE:0F"}
    assert code(server, access("AABB.CCDD.EE0F", password="AABBCCDDEE0F", **device)) == ACCEPT
    assert code(server, access("AABB.CCDD.EE0F", password="guess", **device)) == REJECT
    assert code(server, access("AABBCCDDEE0F", password="", Calling_Station_Id="02:00:00:00:00:02")) == REJECT
    assert code(server, access("aabbccddee0f")) == ACCEPT, "its password is as good as ever"
    other = {"Calling_Station_Id": "02:00:00:00:00:01"}
    assert code(server, access("02-00-00-00-00-01", password="02-00-00-00-00-01", **other)) == REJECT
    assert code(server, access("020000000001", password="", **other)) == REJECT
    by_mac.blocked = True
    by_mac.save(update_fields=["blocked"])
    assert eventually(lambda: code(server, access("AABBCCDDEE0F", password="", **device)) == REJECT)
    attempt = eventually(lambda: AuthAttempt.objects.filter(code="PACKAGE_BLOCKED").first())
    assert [gate["detail"] for gate in attempt.trace if gate["name"] == "password"] == ["MAC"]
    assert server.ask(accounting("Start", "m-1", "AABB.CCDD.EE0F", **device)) is not None
    assert eventually(lambda: Session.objects.filter(data_account=by_mac).exists())


@pytest.mark.django_db
@pytest.mark.parametrize("username", ["alice", "aabbccddee0", "aabbccddee0f0", "aa::bbccddee0f"])
def test_the_username_of_such_a_line_is_a_mac_address(username):
    with pytest.raises(IntegrityError, match="radius_dataaccount_mac_username"), transaction.atomic():
        builders.data_account(username=username, mac_authentication=True)


@pytest.mark.django_db
def test_one_device_is_one_line():
    first = builders.data_account(username=MAC, mac_authentication=True)
    with pytest.raises(IntegrityError, match="radius_dataaccount_mac"), transaction.atomic():
        builders.data_account(username="AABBCCDDEE0F", mac_authentication=True)
    builders.data_account(username="AABB.CCDD.EE0F")
    assert DataAccount.objects.get(mac_authentication=True) == first
