"""Packets in hexadecimal, one file each: what must come out of them, and that pyrad sees the same.

The files' `# expect:` line says it: which form, what its fields are, which password is right, and the octets
of the answer.
"""

import json

import pytest
from pyrad.packet import AcctPacket, AuthPacket, CoAPacket

from radius.wire import coa, codec, mschap, passwords
from radius.wire.attributes import dictionary
from radius.wire.codec import Key
from radius.wire.errors import WireError
from tests.radius.packets import SECRET, VECTORS, vector

KEY = Key(SECRET)


def expectations() -> dict[str, dict]:
    found = {}
    for path in sorted(VECTORS.glob("*.hex")):
        for line in path.read_text().splitlines():
            if line.startswith("# expect: "):
                found[path.stem] = json.loads(line.removeprefix("# expect: "))
    return found


EXPECTED = expectations()


def of(*forms: str):
    return pytest.mark.parametrize("name", [name for name, e in EXPECTED.items() if e["form"] in forms])


def plain(value):
    return value.decode("latin-1") if isinstance(value, bytes) else value


def read_by_pyrad(name: str, kind=AuthPacket):
    return kind(packet=vector(name), secret=SECRET, dict=dictionary(), id=0)


def proofs(request, password: bytes) -> dict[str, bytes | None]:
    """What each way to log in makes of a request."""
    secret = mschap.Secret(mschap.nt_hash(password.decode("latin-1")))
    return {
        "pap": b"" if passwords.pap_matches(request, KEY, password) else None,
        "chap": b"" if passwords.chap_matches(request, password) else None,
        "mschap": mschap.verify_version1(request, password, secret, KEY),
        "mschap2": mschap.verify(request, secret, KEY),
        "mac": b"" if passwords.mac_proved(request, KEY) else None,
    }


@of("access")
def test_an_access_request_is_read_proved_and_answered(name):
    expected = EXPECTED[name]
    request = codec.decode_access(vector(name), KEY)
    assert {field: plain(getattr(request, field)) for field in expected["fields"]} == expected["fields"]
    right = proofs(request, bytes.fromhex(expected["password"]))
    assert [method for method, proof in right.items() if proof is not None] == [
        method for method in (expected["method"],) if method != "none"
    ]
    if expected["method"] != "mac":
        assert not any(proof is not None for proof in proofs(request, b"another").values())
    if "success" in expected:
        assert right["mschap2"][8:51] == b"\x01" + bytes.fromhex(expected["success"])
    assert codec.reply_access(expected["reply_code"], request, KEY).hex() == expected["reply"]


@of("access")
def test_pyrad_finds_the_same_in_an_access_request(name):
    expected, packet = EXPECTED[name], read_by_pyrad(name)
    assert packet[1] == [codec.decode_access(vector(name), KEY).username]
    if codec.decode_access(vector(name), KEY).signed:
        assert packet.verify_message_authenticator()
    password = bytes.fromhex(expected["password"])
    if expected["method"] == "pap" and password.isascii() and b"\0" not in password:
        assert packet.PwDecrypt(packet[2][0]).encode() == password
    if expected["method"] == "chap":
        assert packet.VerifyChapPasswd(password.decode())
    reply = bytes.fromhex(expected["reply"])
    assert packet.VerifyReply(packet.CreateReply(packet=reply), reply, enforce_ma=True)


@of("status")
def test_status_server_is_answered_on_both_ports(name):
    data, expected = vector(name), EXPECTED[name]
    assert codec.reply_access(2, codec.decode_access(data, KEY), KEY).hex() == expected["reply"]
    answer = codec.reply_accounting(codec.decode_accounting(data, KEY), KEY)
    assert answer.hex() == expected["accounting_reply"]
    packet = read_by_pyrad(name)
    assert packet.VerifyReply(packet.CreateReply(packet=answer), answer, enforce_ma=True)


@of("accounting")
def test_an_accounting_request_is_read_and_answered(name):
    data, expected = vector(name), EXPECTED[name]
    request = codec.decode_accounting(data, KEY)
    assert {field: plain(getattr(request, field)) for field in expected["fields"]} == expected["fields"]
    answer = codec.reply_accounting(request, KEY)
    assert answer.hex() == expected["reply"]
    packet = read_by_pyrad(name, AcctPacket)
    assert packet.VerifyAcctRequest()
    assert packet.VerifyReply(packet.CreateReply(packet=answer), answer)


@of("drop")
def test_what_must_be_dropped_says_why(name):
    decode = codec.decode_accounting if EXPECTED[name].get("port") == "accounting" else codec.decode_access
    with pytest.raises(WireError) as caught:
        decode(vector(name), KEY)
    assert caught.value.reason == EXPECTED[name]["reason"]


@of("request")
def test_a_request_to_a_nas_is_genuine(name):
    code, attributes = coa.decode_request(vector(name), KEY)
    assert code == EXPECTED[name]["code"]
    assert (attributes[1], attributes[44]) == (b"alice@isp.test", b"8000001f")
    packet = read_by_pyrad(name, CoAPacket)
    assert packet.VerifyCoARequest()


@of("answer")
def test_the_answer_of_a_nas_is_believed_and_read(name):
    expected = EXPECTED[name]
    answer = coa.decode_answer(vector(name), vector(expected["to"]), KEY)
    assert (answer.acknowledged, answer.error_cause) == (expected["acknowledged"], expected["error_cause"])
    packet = read_by_pyrad(expected["to"], CoAPacket)
    assert packet.VerifyReply(packet.CreateReply(packet=vector(name)), vector(name))
    with pytest.raises(WireError):
        coa.decode_answer(vector(name), vector(expected["to"]), Key(b"another"))
