"""PAP, CHAP, MS-CHAP and MS-CHAPv2 against the examples of their RFCs and against pyrad."""

import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.wire import codec, des, mschap, passwords
from radius.wire.codec import Key
from radius.wire.errors import WireError
from radius.wire.requests import AccessRequest
from tests.radius.mschap_client import Version1, Version2, lm_hash, nt_hash, opened, revealed, sha1
from tests.radius.packets import SECRET, access, vector

KEY = Key(SECRET)
RFC_KEY = Key(b"xyzzy5461")


def test_pap_as_in_rfc_2865():
    request = codec.decode_access(vector("rfc2865_7_1_request"), RFC_KEY)
    assert request.username == b"nemo"
    assert passwords.pap_matches(request, RFC_KEY, b"arctangent")
    assert not passwords.pap_matches(request, RFC_KEY, b"arctangenu")
    assert not passwords.pap_matches(request, RFC_KEY, b"arctangent" + b"x" * 20)


def test_chap_as_in_rfc_2865():
    request = codec.decode_access(vector("rfc2865_7_2_request"), RFC_KEY)
    assert passwords.chap_matches(request, b"arctangent")
    assert not passwords.chap_matches(request, b"arctangen")


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 32, 127, 128])
def test_pap_knows_passwords_of_any_allowed_length(length):
    password = "p" * length
    request = codec.decode_access(access(password=password).RequestPacket(), KEY) if length else None
    if request is None:
        hidden = passwords.hide(b"", KEY, bytes(16))
        request = codec.decode_access(access(method="none").RequestPacket(), KEY)
        request = request._replace(user_password=hidden, authenticator=bytes(16))
    assert passwords.pap_matches(request, KEY, password.encode())
    assert not passwords.pap_matches(request, KEY, password.encode() + b"x")


SHAPES = [
    *[(("User-Password", b"x" * size),) for size in (0, 1, 15, 17, 144)],
    *[(("CHAP-Password", b"x" * size),) for size in (0, 16, 18)],
    *[(("MS-CHAP-Challenge", bytes(16)), ("MS-CHAP2-Response", bytes(size))) for size in (1, 49, 51)],
    *[(("MS-CHAP-Challenge", bytes(size)), ("MS-CHAP2-Response", bytes(50))) for size in (1, 8, 17)],
    *[(("MS-CHAP-Challenge", bytes(size)), ("MS-CHAP-Response", bytes(50))) for size in (7, 9, 16)],
    (("MS-CHAP-Response", bytes(50)),),
    (("MS-CHAP2-Response", bytes(50)),),
]


@pytest.mark.parametrize("attributes", SHAPES, ids=str)
def test_a_misshapen_password_is_malformed_whoever_sends_it(attributes):
    packet = access(method="none")
    for name, value in attributes:
        packet[name] = [value]
    packet.add_message_authenticator()
    with pytest.raises(WireError) as caught:
        codec.decode_access(packet.RequestPacket(), KEY)
    assert caught.value.reason == "password_length"


def test_chap_with_a_challenge_attribute():
    request = codec.decode_access(access(method="chap", password="s3cret").RequestPacket(), KEY)
    assert passwords.chap_matches(request, b"s3cret")
    assert not passwords.chap_matches(request, b"S3cret")


@pytest.mark.parametrize(
    "password", [b"a\0b", b"\xff\xfe\xed\xa0\x80", bytes(range(1, 129)), b"\0leading", b" spaces "]
)
def test_pap_takes_any_octets_as_pyrad_hides_them(password):
    packet = access(method="none")
    packet["User-Password"] = packet.PwCrypt(password)
    request = codec.decode_access(packet.RequestPacket(), KEY)
    assert passwords.pap_matches(request, KEY, password)
    assert not passwords.pap_matches(request, KEY, password[:-1] + b"?")


@given(st.binary(min_size=1, max_size=128).filter(lambda p: not p.endswith(b"\0")))
def test_what_hide_hides_pap_matches(password):
    request = codec.decode_access(access(method="none").RequestPacket(), KEY)
    hidden = passwords.hide(password, KEY, request.authenticator)
    assert passwords.pap_matches(request._replace(user_password=hidden), KEY, password)


# RFC 2759 section 9.2 and RFC 3079 sections 2.4 and 3.5.3
AUTHENTICATOR = bytes.fromhex("5B5D7C7D7B3F2F3E3C2C602132262628")
PEER = bytes.fromhex("21402324255E262A28295F2B3A337C7E")
ANSWER = bytes.fromhex("82309ECD8D708B5EA08FAA3981CD83544233114A3D85D6DF")
RFC_CLIENT = Version2(b"User", "clientPass", AUTHENTICATOR, PEER)
CHALLENGE1 = bytes.fromhex("102DB5DF085D3041")


def test_the_tests_own_client_is_the_one_of_the_rfcs():
    assert RFC_CLIENT.answer() == ANSWER
    assert RFC_CLIENT.success() == b"S=407A5589115FD0D6209F510FE9C04566932CDA56"
    assert RFC_CLIENT.keys()[0] == bytes.fromhex("8B7CDC149B993A1BA118CB153F56DCCB")
    assert lm_hash("clientPass") == bytes.fromhex("76A152936096D7830E23902274 04AFD2")
    assert Version1("MyPw", CHALLENGE1).response()[26:] == bytes.fromhex(
        "4E9D3C8F9CFD385D5BF4D3246791956CA4C351AB409A3D61"
    )


def test_mschapv1_as_in_rfc_2433_and_3079():
    hashed = mschap.nt_hash("MyPw")
    assert hashed == bytes.fromhex("FC156AF7EDCD6C0EDDE3337D427F4EAC")
    assert mschap.challenge_response(CHALLENGE1, mschap.des_keys(hashed)) == bytes.fromhex(
        "4E9D3C8F9CFD385D5BF4D3246791956CA4C351AB409A3D61"
    )
    assert mschap.lm_key(b"clientPass") == bytes.fromhex("76A152936096D783")
    # RFC 3079 section 2.4: the NAS starts its 128-bit key from the hash of the hash that we send.
    hash_hash = mschap.Secret(mschap.nt_hash("clientPass")).hash_hash
    start = sha1(hash_hash + hash_hash + CHALLENGE1).digest()[:16]
    assert start == bytes.fromhex("A8947850CFC0ACC1D1789FB62DDCDDB0")


def test_mschapv2_as_in_rfc_2759():
    hashed = mschap.nt_hash("clientPass")
    secret = mschap.Secret(hashed)
    challenge = mschap.challenge_hash(PEER, AUTHENTICATOR, b"User")
    assert hashed == bytes.fromhex("44EBBA8D5312B8D611474411F56989AE")
    assert secret.hash_hash == bytes.fromhex("41C00C584BD2D91C4017A2A12FA59F3F")
    assert challenge == bytes.fromhex("D02E4386BCE91226")
    assert mschap.challenge_response(challenge, secret.keys) == ANSWER
    assert (
        mschap.authenticator_response(secret.hash_hash + ANSWER, challenge)
        == b"S=407A5589115FD0D6209F510FE9C04566932CDA56"
    )


def test_mppe_keys_as_in_rfc_3079():
    secret = mschap.Secret(mschap.nt_hash("clientPass"))
    send, _receive = mschap.mppe_keys(secret.hash_hash + ANSWER)
    assert send == bytes.fromhex("8B7CDC149B993A1BA118CB153F56DCCB")


def test_a_windows_domain_is_not_part_of_the_challenge():
    assert mschap.challenge_hash(PEER, AUTHENTICATOR, b"OFFICE\\User") == mschap.challenge_hash(
        PEER, AUTHENTICATOR, b"User"
    )


def asked(client, username: str = "User") -> AccessRequest:
    return codec.decode_access(access(username=username, method=client).RequestPacket(), KEY)


def microsoft(code: int, request: AccessRequest, tail: bytes) -> dict[int, bytes]:
    return codec.attributes(codec.reply_access(code, request, KEY, tail))[1]


@pytest.mark.parametrize("password", ["clientPass", "pässwörd", "\u65e5\u672c", "x" * 200])
def test_mschapv2_proves_both_ends_and_gives_keys_the_nas_can_open(password):
    client = Version2(b"User", password)
    request = asked(client)
    given = microsoft(2, request, mschap.verify(request, mschap.Secret(mschap.nt_hash(password)), KEY))
    assert given[26] == b"\x01" + client.success()
    assert tuple(opened(given[n], SECRET, request.authenticator) for n in (16, 17)) == client.keys()
    assert given[16][:2] != given[17][:2]


@pytest.mark.parametrize("password", ["clientPass", "MyPw", "longer than fourteen", "pässwörd"])
def test_mschapv1_gives_keys_the_nas_can_open(password):
    client = Version1(password)
    request = asked(client)
    encoded = mschap.verify_version1(request, password.encode(), mschap.Secret(mschap.nt_hash(password)), KEY)
    given = microsoft(2, request, encoded)
    keys = revealed(given[12], SECRET, request.authenticator)
    assert keys[8:] == client.keys()[8:]
    assert keys[:8] == (client.keys()[:8] if password.isascii() else bytes(8))
    assert set(given) == {7, 8, 12}


def test_the_lan_manager_response_alone_is_refused():
    client = Version1("clientPass", use_nt=False)
    request = asked(client)
    assert mschap.verify_version1(request, b"clientPass", mschap.Secret(nt_hash("clientPass")), KEY) is None


@pytest.mark.parametrize(
    ("client", "words"),
    [(Version2(b"User", "right"), rb"E=691 R=0 C=[0-9A-F]{32} V=3 M=.+"),
     (Version1("right"), rb"E=691 R=0 C=[0-9A-F]{16} V=2")],
)  # fmt: skip
def test_a_wrong_mschap_password_gets_error_691(client, words):
    request = asked(client)
    secret = mschap.Secret(mschap.nt_hash("wrong"))
    assert mschap.verify(request, secret, KEY) is None
    assert mschap.verify_version1(request, b"wrong", secret, KEY) is None
    error = microsoft(3, request, mschap.failure(request))[2]
    assert error[:1] == b"\x01"
    assert re.fullmatch(words, error[1:])


def test_both_ways_to_des_agree():
    for _ in range(20):
        block, keys = os.urandom(8), os.urandom(24)
        assert des.three_blocks(block, keys) == des._slow(block, keys)


def test_des_keys_are_seven_bits_an_octet():
    for _ in range(20):
        hashed = os.urandom(16)
        bits = "".join(f"{octet:08b}" for octet in hashed.ljust(21, b"\0"))
        expected = bytes(int(bits[n : n + 7], 2) << 1 for n in range(0, 168, 7))
        assert mschap.des_keys(hashed) == expected


def test_both_ways_to_md4_agree():
    for length in (0, 1, 55, 56, 64, 200):
        data = os.urandom(length)
        assert mschap._md4(data) == mschap._md4_slow(data)
