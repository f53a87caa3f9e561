"""Disconnect-Request and CoA-Request (RFC 5176): what we ask of a NAS, and whether its answer is genuine.

Every request carries Event-Timestamp against replays (section 6.3) and Message-Authenticator; a
retransmission is the same octets under the same identifier.
"""

from dataclasses import dataclass
from hmac import compare_digest

from radius.wire.codec import Key, md5, trim
from radius.wire.codec import attributes as read_attributes
from radius.wire.errors import WireError
from radius.wire.requests import Code

_ZERO16 = bytes(16)
_EMPTY_MA = b"\x50\x12" + _ZERO16
_ANSWERS = {
    Code.DISCONNECT_REQUEST: (Code.DISCONNECT_ACK, Code.DISCONNECT_NAK),
    Code.COA_REQUEST: (Code.COA_ACK, Code.COA_NAK),
}
# Error-Cause (RFC 5176 section 3.5) as staff read it.
ERROR_CAUSES = {
    201: "residual session context removed",
    202: "invalid EAP packet",
    401: "unsupported attribute",
    402: "missing attribute",
    403: "NAS identification mismatch",
    404: "invalid request",
    405: "unsupported service",
    406: "unsupported extension",
    407: "invalid attribute value",
    501: "administratively prohibited",
    502: "request not routable",
    503: "session not found",
    504: "session not removable",
    505: "other proxy error",
    506: "resources unavailable",
    507: "request initiated",
    508: "multiple session selection unsupported",
}
SESSION_NOT_FOUND = 503


@dataclass(frozen=True, slots=True)
class Answer:
    """A NAS's verified answer; `error_cause` is None when it gave none."""

    acknowledged: bool
    error_cause: int | None = None

    def sentence(self, nas: str = "The NAS") -> str:
        """The answer in words for the session's log."""
        if self.acknowledged:
            return f"{nas} acknowledged."
        if self.error_cause is None:
            return f"{nas} refused without saying why."
        cause = ERROR_CAUSES.get(self.error_cause, "unknown cause")
        return f"{nas} refused: {cause} ({self.error_cause})."


def named(username: str, acct_session_id: str, framed_ip: str | None) -> bytes:
    """The attributes that identify a session to its NAS (RFC 5176 section 3); all of them must match there."""
    octets = _text(1, username) + _text(44, acct_session_id)
    if framed_ip and ":" not in framed_ip:
        octets += b"\x08\x06" + bytes(map(int, framed_ip.split(".")))
    return octets


def _text(number: int, value: str) -> bytes:
    octets = value.encode("utf-8", "surrogateescape")[:253]
    return bytes((number, len(octets) + 2)) + octets if octets else b""


def encode_request(code: Code, identifier: int, key: Key, attributes: bytes, now: int) -> bytes:
    """A Disconnect-Request or CoA-Request with these encoded attributes; `now` in seconds since 1970 becomes
    Event-Timestamp.
    """
    if code not in _ANSWERS:
        raise WireError(f"code {code} is not a request to a NAS", "code")
    tail = b"\x37\x06" + now.to_bytes(4, "big") + attributes
    size = 38 + len(tail)
    if size > 4096:
        raise WireError("request would be longer than 4096 octets")
    start = bytes((code, identifier)) + size.to_bytes(2, "big")
    # Section 3.5 of RFC 3579 as applied by RFC 5176 3.6: signed over a zero authenticator, which is filled
    # in last.
    signed = b"\x50\x12" + key.hmac(start + _ZERO16 + _EMPTY_MA + tail) + tail
    return start + md5(start + _ZERO16 + signed + key.secret).digest() + signed


def decode_answer(data: bytes, request: bytes, key: Key) -> Answer:
    """Read the answer to `request`; raises WireError when it is not genuinely that."""
    data = trim(data)
    if data[1] != request[1]:
        raise WireError("answer to another request", "identifier")
    expected = md5(data[:4] + request[4:20] + data[20:] + key.secret).digest()
    if not compare_digest(expected, data[4:20]):
        raise WireError("Response Authenticator does not verify", "authenticator")
    plain, _microsoft, offset, _proxy = read_attributes(data)
    if offset:
        signed = data[:4] + request[4:20] + data[20 : offset + 2] + _ZERO16 + data[offset + 18 :]
        if data[offset + 1] != 18 or not compare_digest(key.hmac(signed), data[offset + 2 : offset + 18]):
            raise WireError("Message-Authenticator does not verify", "message_authenticator")
    positive, negative = _ANSWERS[Code(request[0])]
    if data[0] not in (positive, negative):
        raise WireError(f"code {data[0]} does not answer code {request[0]}", "code")
    cause = plain.get(101)
    known = int.from_bytes(cause, "big") if cause is not None and len(cause) == 4 else None
    return Answer(data[0] == positive, known)


def decode_request(data: bytes, key: Key) -> tuple[int, dict[int, bytes]]:
    """Read a request as the NAS does: (code, attributes). For loopback peers; raises WireError when not
    genuine.
    """
    data = trim(data)
    expected = md5(data[:4] + _ZERO16 + data[20:] + key.secret).digest()
    if not compare_digest(expected, data[4:20]):
        raise WireError("Request Authenticator does not verify", "authenticator")
    plain, _microsoft, offset, _proxy = read_attributes(data)
    if offset:
        signed = data[:4] + _ZERO16 + data[20 : offset + 2] + _ZERO16 + data[offset + 18 :]
        if data[offset + 1] != 18 or not compare_digest(key.hmac(signed), data[offset + 2 : offset + 18]):
            raise WireError("Message-Authenticator does not verify", "message_authenticator")
    return data[0], plain
