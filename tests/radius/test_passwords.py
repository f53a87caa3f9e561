"""PAP, CHAP and MS-CHAPv2 against the examples of their RFCs and against pyrad."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radius.wire import codec, mschap, passwords
from radius.wire.codec import Key
from radius.wire.errors import WireError
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


@pytest.mark.parametrize("hidden", [b"", b"x" * 15, b"x" * 17, b"x" * 144])
def test_an_impossible_user_password_is_malformed(hidden):
    request = codec.decode_access(access(method="none").RequestPacket(), KEY)._replace(user_password=hidden)
    with pytest.raises(WireError):
        passwords.pap_matches(request, KEY, b"")


def test_chap_with_a_challenge_attribute():
    request = codec.decode_access(access(method="chap", password="s3cret").RequestPacket(), KEY)
    assert passwords.chap_matches(request, b"s3cret")
    assert not passwords.chap_matches(request, b"S3cret")


@given(st.binary(min_size=1, max_size=128).filter(lambda p: not p.endswith(b"\0")))
def test_what_hide_hides_pap_matches(password):
    request = codec.decode_access(access(method="none").RequestPacket(), KEY)
    hidden = passwords.hide(password, KEY, request.authenticator)
    assert passwords.pap_matches(request._replace(user_password=hidden), KEY, password)


# RFC 2759 section 9.2 and RFC 3079 section 3.5.3
AUTHENTICATOR = bytes.fromhex("5B5D7C7D7B3F2F3E3C2C602132262628")
PEER = bytes.fromhex("21402324255E262A28295F2B3A337C7E")
ANSWER = bytes.fromhex("82309ECD8D708B5EA08FAA3981CD83544233114A3D85D6DF")


def test_mschapv2_as_in_rfc_2759():
    hashed = mschap.nt_hash("clientPass")
    secret = mschap.Secret(hashed)
    challenge = mschap.challenge_hash(PEER, AUTHENTICATOR, b"User")
    assert hashed == bytes.fromhex("44EBBA8D5312B8D611474411F56989AE")
    assert secret.hash_hash == bytes.fromhex("41C00C584BD2D91C4017A2A12FA59F3F")
    assert challenge == bytes.fromhex("D02E4386BCE91226")
    assert mschap.challenge_response(challenge, secret.keys) == ANSWER
    assert (
        mschap.authenticator_response(secret.hash_hash, ANSWER, challenge)
        == b"S=407A5589115FD0D6209F510FE9C04566932CDA56"
    )


def test_mppe_keys_as_in_rfc_3079():
    secret = mschap.Secret(mschap.nt_hash("clientPass"))
    send, _receive = mschap.mppe_keys(secret.hash_hash, ANSWER)
    assert send == bytes.fromhex("8B7CDC149B993A1BA118CB153F56DCCB")


def test_a_windows_domain_is_not_part_of_the_challenge():
    assert mschap.challenge_hash(PEER, AUTHENTICATOR, b"OFFICE\\User") == mschap.challenge_hash(
        PEER, AUTHENTICATOR, b"User"
    )


def mschap_request(password: str, username: str = "User"):
    """A request answered as the client does, with hashes of its own making."""
    packet = access(username=username, method="none")
    authenticator, peer = os.urandom(16), os.urandom(16)
    challenge = mschap.challenge_hash(peer, authenticator, username.encode())
    answer = mschap.challenge_response(challenge, mschap.des_keys(mschap.nt_hash(password)))
    packet.AddAttribute("MS-CHAP-Challenge", authenticator)
    packet.AddAttribute("MS-CHAP2-Response", b"\x05\x00" + peer + bytes(8) + answer)
    return codec.decode_access(packet.RequestPacket(), KEY)


def test_mschapv2_succeeds_with_keys_the_nas_can_open():
    request = mschap_request("pässwörd")
    secret = mschap.Secret(mschap.nt_hash("pässwörd"))
    encoded = mschap.verify(request, secret, KEY)
    assert encoded is not None
    reply = codec.reply_access(2, request, KEY, encoded)
    attributes = codec.attributes(reply)[1]
    assert attributes[26][:1] == b"\x05"
    send, receive = mschap.mppe_keys(secret.hash_hash, request.mschap2_response[26:])
    assert (opened(attributes[16], request), opened(attributes[17], request)) == (send, receive)
    assert attributes[16][:2] != attributes[17][:2]
    assert attributes[16][0] & attributes[17][0] & 0x80


def opened(value: bytes, request) -> bytes:
    """RFC 2548 section 2.4.2, read the other way round."""
    from hashlib import md5

    salt, one, two = value[:2], value[2:18], value[18:34]
    pads = md5(SECRET + request.authenticator + salt).digest(), md5(SECRET + one).digest()  # noqa: S324
    clear = bytes(a ^ b for a, b in zip(one + two, pads[0] + pads[1], strict=True))
    assert clear[0] == 16
    return clear[1:17]


def test_a_wrong_mschapv2_password_gets_error_691():
    request = mschap_request("right")
    assert mschap.verify(request, mschap.Secret(mschap.nt_hash("wrong")), KEY) is None
    reply = codec.reply_access(3, request, KEY, mschap.failure(request))
    error = codec.attributes(reply)[1][2]
    assert error.startswith(b"\x05E=691 R=0 C=")
    assert b" V=3 " in error


def test_a_misshapen_mschapv2_response_is_malformed():
    request = mschap_request("right")
    for bad in (request._replace(challenge=None), request._replace(mschap2_response=b"\x00" * 49)):
        with pytest.raises(WireError):
            mschap.verify(bad, mschap.Secret(bytes(16)), KEY)


def test_both_ways_to_des_agree():
    for _ in range(20):
        key, block = os.urandom(8), os.urandom(8)
        assert mschap._des(key, block) == mschap._des_slow(key, block)


def test_des_keys_are_seven_bits_an_octet():
    for _ in range(20):
        hashed = os.urandom(16)
        bits = "".join(f"{octet:08b}" for octet in hashed.ljust(21, b"\0"))
        expected = bytes(int(bits[n : n + 7], 2) << 1 for n in range(0, 168, 7))
        assert b"".join(mschap.des_keys(hashed)) == expected


def test_both_ways_to_md4_agree():
    for length in (0, 1, 55, 56, 64, 200):
        data = os.urandom(length)
        assert mschap._md4(data) == mschap._md4_slow(data)
