"""Disconnect-Request and CoA-Request octets: genuine for the NAS, and its answers checked."""

import pytest
from pyrad.packet import CoAPacket

from radius.wire import coa
from radius.wire.attributes import dictionary
from radius.wire.codec import Key, md5
from radius.wire.errors import WireError
from radius.wire.requests import Code
from tests.radius.packets import SECRET

KEY = Key(SECRET)
NAMED = coa.named("alice", "s-1", "10.0.0.9")
REQUEST = coa.encode_request(Code.DISCONNECT_REQUEST, 9, KEY, NAMED, 1_790_000_000)


def answer(code: int, tail: bytes = b"", secret: bytes = SECRET, identifier: int = 9) -> bytes:
    head = bytes((code, identifier)) + (20 + len(tail)).to_bytes(2, "big")
    return head + md5(head + REQUEST[4:20] + tail + secret).digest() + tail


def test_pyrad_finds_the_request_genuine():
    packet = CoAPacket(packet=REQUEST, dict=dictionary(), secret=SECRET, id=0)
    assert packet.VerifyCoARequest()
    assert packet["Acct-Session-Id"] == ["s-1"]
    assert packet["Event-Timestamp"] == [1_790_000_000]
    code, attributes = coa.decode_request(REQUEST, KEY)
    assert (code, attributes[8]) == (40, b"\x0a\x00\x00\x09")


def test_acknowledgement_and_refusal_are_told_apart():
    assert coa.decode_answer(answer(41), REQUEST, KEY) == coa.Answer(True)
    refused = coa.decode_answer(answer(42, b"\x65\x06\x00\x00\x01\xf7"), REQUEST, KEY)
    assert (refused.acknowledged, refused.error_cause) == (False, coa.SESSION_NOT_FOUND)
    assert refused.sentence() == "The NAS refused: session not found (503)."


@pytest.mark.parametrize(
    "data",
    [answer(41, secret=b"another"), answer(41, identifier=8), answer(44), answer(41)[:19],
     answer(41, b"\x50\x12" + bytes(16))],
    ids=["another secret", "another identifier", "answers a CoA", "cut", "wrong signature"],
)  # fmt: skip
def test_what_is_not_the_nas_speaking_is_ignored(data):
    with pytest.raises(WireError):
        coa.decode_answer(data, REQUEST, KEY)


def test_only_requests_to_a_nas_are_encoded():
    with pytest.raises(WireError):
        coa.encode_request(Code.ACCESS_REQUEST, 1, KEY, b"", 0)
