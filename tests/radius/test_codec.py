"""The lean codec: what it accepts, what it drops, and that pyrad reads the same."""

import contextlib
import os
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyrad.packet import AcctPacket, AuthPacket, PacketError

from radius.wire import codec
from radius.wire.attributes import dictionary, encode
from radius.wire.codec import Key, Signing
from radius.wire.errors import WireError
from radius.wire.requests import StatusServer
from tests.radius.packets import SECRET, access, accounting, vector

KEY = Key(SECRET)


def raw(*attributes: bytes, code: int = 1, authenticator: bytes = bytes(range(16))) -> bytes:
    body = b"".join(attributes)
    return struct.pack("!BBH", code, 7, 20 + len(body)) + authenticator + body


@pytest.mark.parametrize("name", ["zero_length_vendor_attribute", "attribute_overrun"])
def test_malformed_datagrams_are_dropped(name):
    with pytest.raises(WireError, match="length"):
        codec.decode_access(vector(name), KEY)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(19),
        raw()[:19],
        raw() [:2] + b"\x00\x13" + raw()[4:],
        raw()[:2] + b"\x00\x20" + raw()[4:],
        raw(*[b"\x12\xff" + bytes(253)] * 17),
        raw(b"\x01\x01"),
        raw(b"\x01"),
        raw(b"\x01\x03a", b"\x01\x03b"),
        raw(b"\x1a\x06\x00\x00\x00\x09"),
        raw(b"\x05\x05abc"),
        raw(code=2),
    ],
    ids=["empty", "short", "cut", "length 19", "length too long", "over 4096", "attribute length 1",
         "attribute cut", "two User-Names", "empty vendor attribute", "short integer", "a reply"],
)  # fmt: skip
def test_what_cannot_be_a_request_is_dropped(data):
    with pytest.raises(WireError):
        codec.decode_access(data, KEY)


def test_padding_behind_the_packet_is_ignored():
    assert codec.decode_access(raw(b"\x01\x03a") + b"junk", KEY).username == b"a"


def test_it_reads_what_the_nas_sent():
    packet = access(NAS_Port=5, Calling_Station_Id="02:00:00:00:00:01", NAS_Identifier="tower")
    request = codec.decode_access(packet.RequestPacket(), KEY)
    assert (request.username, request.nas_port, request.signed) == (b"alice@isp.test", 5, True)
    assert (request.calling_station, request.nas_identifier) == (b"02:00:00:00:00:01", b"tower")


@pytest.mark.feature("W-11")
@pytest.mark.parametrize(
    ("signing", "proxied", "passes"),
    [
        (Signing.REQUIRE, False, False),
        (Signing.OBSERVE, False, True),
        (Signing.OBSERVE, True, False),
        (Signing.AUTO, False, True),
        (Signing.AUTO, True, False),
        (Signing.OFF, False, True),
        (Signing.OFF, True, True),
    ],
)
def test_a_missing_message_authenticator_meets_the_nas_setting(signing, proxied, passes):
    data = raw(b"\x01\x03a", *([b"\x21\x03p"] if proxied else []))
    if passes:
        assert codec.decode_access(data, Key(SECRET, signing)).signed is False
    else:
        with pytest.raises(WireError) as caught:
            codec.decode_access(data, Key(SECRET, signing))
        assert caught.value.reason == "message_authenticator_missing"


@pytest.mark.parametrize("signing", list(Signing))
def test_a_wrong_message_authenticator_is_always_dropped(signing):
    data = access(secret=b"another").RequestPacket()
    with pytest.raises(WireError) as caught:
        codec.decode_access(data, Key(SECRET, signing))
    assert caught.value.reason == "message_authenticator"


def test_replies_are_signed_first_and_echo_every_proxy_state_in_order():
    packet = access(Proxy_State=b"one")
    packet.AddAttribute("Proxy-State", b"two")
    data = packet.RequestPacket()
    tail = encode([("Mikrotik-Rate-Limit", "10M/20M"), ("Session-Timeout", 60)])
    reply = codec.reply_access(2, codec.decode_access(data, KEY), KEY, tail)
    assert reply[20:22] == b"\x50\x12"
    read = packet.CreateReply(packet=reply)
    assert packet.VerifyReply(read, reply, enforce_ma=True)
    assert read["Proxy-State"] == [b"one", b"two"]
    assert (read["Mikrotik-Rate-Limit"], read["Session-Timeout"]) == (["10M/20M"], [60])


def test_status_server_is_answered_when_signed():
    packet = access(username="x", method="none")
    packet.code = 12
    request = codec.decode_access(packet.RequestPacket(), KEY)
    assert isinstance(request, StatusServer)
    assert packet.VerifyReply(packet.CreateReply(packet=(r := codec.reply_access(2, request, KEY))), r, True)
    assert codec.reply_accounting(request, KEY)[0] == 5
    with pytest.raises(WireError):
        codec.decode_access(raw(code=12), KEY)


def test_accounting_joins_gigawords_and_reads_ipv6():
    packet = accounting(
        "Interim-Update",
        Acct_Input_Octets=5,
        Acct_Input_Gigawords=1,
        Acct_Output_Octets=6,
        Acct_Output_Gigawords=2,
        Framed_IP_Address="10.1.2.3",
        Delegated_IPv6_Prefix="2001:db8:1200::/40",
        Event_Timestamp=1_790_000_000,
    )
    data = packet.RequestPacket()
    request = codec.decode_accounting(data, KEY)
    assert (request.input_octets, request.output_octets) == (2**32 + 5, 2 * 2**32 + 6)
    assert (request.framed_ip, request.delegated_ipv6_prefix) == ("10.1.2.3", "2001:db8:1200::/40")
    assert packet.VerifyReply(packet.CreateReply(packet=(r := codec.reply_accounting(request, KEY))), r)


def test_accounting_under_another_secret_is_dropped():
    with pytest.raises(WireError) as caught:
        codec.decode_accounting(accounting("Start", secret=b"another").RequestPacket(), KEY)
    assert caught.value.reason == "authenticator"


def test_text_that_a_database_refuses_is_cleaned():
    packet = accounting("Start", username="")
    packet[1] = [b"ev\x00il\xff"]
    assert codec.decode_accounting(packet.RequestPacket(), KEY).username == "evil\ufffd"


@given(st.binary(max_size=4200))
def test_any_octets_decode_or_raise_wire_error(data):
    for decode in (codec.decode_access, codec.decode_accounting):
        with contextlib.suppress(WireError):
            decode(data, KEY)


@given(
    st.lists(st.tuples(st.integers(1, 255), st.binary(max_size=60)), max_size=20),
    st.booleans(),
    st.data(),
)
def test_mutated_packets_decode_or_raise_wire_error(pairs, signed, data):
    """Valid packets with one octet changed reach deeper than random octets do."""
    body = b"".join(bytes((kind, len(value) + 2)) + value for kind, value in pairs)
    packet = bytearray(raw(body))
    if signed:
        packet = bytearray(access(method="none").RequestPacket())
    packet[data.draw(st.integers(0, len(packet) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(WireError):
        codec.decode_access(bytes(packet), KEY)


_plain_types = st.integers(1, 255).filter(lambda kind: kind not in codec._ONCE | {26, 33})


@given(
    st.lists(
        st.tuples(_plain_types, st.binary(min_size=1, max_size=60)), max_size=20, unique_by=lambda p: p[0]
    )
)
def test_pyrad_reads_the_same_attributes(pairs):
    body = b"".join(bytes((kind, len(value) + 2)) + value for kind, value in pairs)
    data = raw(body)
    theirs = AuthPacket(packet=data, dict=dictionary(), secret=SECRET, id=0)
    ours, _microsoft, _signature, _proxy = codec.attributes(data)
    assert ours == {kind: theirs[kind][0] for kind, _value in pairs}


@given(st.binary(min_size=20, max_size=120))
def test_what_we_accept_pyrad_accepts(data):
    fixed = data[:2] + struct.pack("!H", len(data)) + data[4:]
    try:
        codec.attributes(codec.trim(fixed))
    except WireError:
        return
    try:
        AcctPacket(packet=fixed, dict=dictionary(), secret=SECRET, id=0)
    except PacketError as error:  # pragma: no cover
        pytest.fail(f"pyrad drops it: {error}")


def test_the_hmac_is_the_standard_one():
    import hmac

    for secret in (b"a", b"k" * 64, b"k" * 65):
        data = os.urandom(100)
        assert Key(secret).hmac(data) == hmac.new(secret, data, "md5").digest()


def test_an_attribute_that_does_not_fit_is_refused():
    with pytest.raises(WireError):
        encode([("Framed-Pool", "x" * 300)])
    with pytest.raises(WireError):
        encode([("No-Such-Attribute", 1)])
