"""The lean codec of the hot path: one bounded pass over the octets, no library objects.

Design Overview: a datagram is judged before anything is believed: length (RFC 2865 section 3: 20 to 4096
octets), then every attribute's length (an overrun or a length below 2 is malformed, also inside vendor
attributes), then the signatures. Only then is a request value built. pyrad is too generous here (it cuts an
overrunning attribute short) and about ten times slower; tests hold both against each other.

Message-Authenticator (RFC 3579 section 3.2, and the BlastRADIUS note CVE-2024-3596) is verified whenever
present, leads every reply to an Access-Request, and `message_authenticator_missing` alone decides what its
absence means.
"""

from enum import Enum
from hmac import compare_digest

from radius.wire.errors import WireError
from radius.wire.requests import AccessRequest, AccountingRequest, Code, StatusServer

try:  # the C type itself: half the price of hashlib's OpenSSL look-up, and MD5 is all RADIUS has
    from _md5 import md5 as _md5
except ImportError:  # pragma: no cover - interpreters without the module
    import functools
    import hashlib

    _md5 = functools.partial(hashlib.md5, usedforsecurity=False)

md5 = _md5

MIN_LENGTH, MAX_LENGTH = 20, 4096
_ZERO16 = bytes(16)
_MA_HEADER = b"\x50\x12"
_EMPTY_MA = _MA_HEADER + _ZERO16
_int = int.from_bytes
_tuple = tuple.__new__
#: How the Class of our Accepts begins; the fingerprint of the reply follows.
_CLASS = b"isp:"

# Attributes that may occur once (RFC 2865 section 5.44, RFC 2866 section 5.13): two of them are two truths.
_ONCE = frozenset({1, 2, 3, 4, 5, 31, 40, 42, 43, 44, 46, 52, 53, 55, 60, 80})
# Vendor-Specific, Proxy-State, Message-Authenticator.
_SPECIAL = frozenset({26, 33, 80})
# Vendors whose attributes are not type-length-value: USR, Lucent, Starent.
_OTHER_FORMATS = frozenset({b"\x00\x00\x01\xad", b"\x00\x00\x12\xee", b"\x00\x00\x1f\xe4"})
_MICROSOFT = b"\x00\x00\x01\x37"


class Signing(Enum):
    """What a NAS must do about Message-Authenticator; one setting per NAS (W-11).

    AUTO becomes REQUIRE with the first Access-Request whose Message-Authenticator verifies.
    """

    AUTO = "auto"
    REQUIRE = "require"
    OBSERVE = "observe"
    OFF = "off"


class Key:
    """A NAS's shared secret with both HMAC-MD5 key blocks hashed once."""

    __slots__ = ("_inner", "_outer", "secret", "signing")

    def __init__(self, secret: bytes, signing: Signing = Signing.OBSERVE) -> None:
        if not secret:
            raise WireError("an empty shared secret signs nothing", "secret")
        self.secret = secret
        self.signing = signing
        block = (md5(secret).digest() if len(secret) > 64 else secret).ljust(64, b"\0")
        self._inner = md5(bytes(octet ^ 0x36 for octet in block))
        self._outer = md5(bytes(octet ^ 0x5C for octet in block))

    def hmac(self, data: bytes) -> bytes:
        """HMAC-MD5 (RFC 2104) of `data`."""
        inner = self._inner.copy()
        inner.update(data)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()

    def __repr__(self) -> str:
        return f"Key(signing={self.signing.value})"


def message_authenticator_missing(signing: Signing, proxied: bool) -> None:
    """Decide what an Access-Request without Message-Authenticator means for a NAS; raises WireError to drop
    it.

    Under OBSERVE and AUTO such a request passes unless it carries Proxy-State, which no plain NAS sends and
    the BlastRADIUS attack needs.
    """
    if signing is Signing.REQUIRE:
        raise WireError("Message-Authenticator is required from this NAS", "message_authenticator_missing")
    if proxied and signing is not Signing.OFF:
        raise WireError("Proxy-State without Message-Authenticator", "message_authenticator_missing")


def trim(data: bytes) -> bytes:
    """Cut padding behind the packet (RFC 2865 section 3); raises WireError when the length field cannot be
    right.
    """
    size = len(data)
    if size < MIN_LENGTH:
        raise WireError("shorter than a RADIUS header", "length")
    length = data[2] << 8 | data[3]
    if length == size and size <= MAX_LENGTH:
        return data
    if length > size or length < MIN_LENGTH or length > MAX_LENGTH:
        raise WireError("length field does not fit the datagram", "length")
    return data[:length]


def attributes(data: bytes) -> tuple[dict[int, bytes], dict[int, bytes], int, bytes]:
    """Read a trimmed packet's attributes: (plain, Microsoft's, offset of Message-Authenticator or 0,
    Proxy-States).

    Proxy-States come back encoded, in order, ready to be echoed. Raises WireError on any malformed length.
    """
    plain: dict[int, bytes] = {}
    microsoft: dict[int, bytes] = {}
    signature, proxy = 0, b""
    offset, end = 20, len(data)
    try:
        while offset < end:
            kind = data[offset]
            size = data[offset + 1]
            following = offset + size
            if size < 2 or following > end:
                raise WireError("attribute length runs out of the packet", "attribute_length")
            if kind in plain and kind in _ONCE:
                raise WireError(f"attribute {kind} occurs twice", "attribute_twice")
            if kind not in _SPECIAL:
                plain[kind] = data[offset + 2 : following]
            elif kind == 26:
                _vendor(data[offset + 2 : following], microsoft)
            elif kind == 33:
                proxy += data[offset:following]
            else:
                plain[kind] = data[offset + 2 : following]
                signature = offset
            offset = following
    except IndexError:
        raise WireError("attribute header cut short", "attribute_length") from None
    return plain, microsoft, signature, proxy


def _vendor(value: bytes, microsoft: dict[int, bytes]) -> None:
    if len(value) < 6:
        raise WireError("vendor attribute without content", "vendor_length")
    vendor = value[:4]
    if vendor == _MICROSOFT and value[5] == len(value) - 4:  # the usual case: one attribute inside
        microsoft[value[4]] = value[6:]
        return
    if vendor in _OTHER_FORMATS:
        return
    offset, end = 4, len(value)
    while offset < end:
        if offset + 2 > end or value[offset + 1] < 2 or offset + value[offset + 1] > end:
            raise WireError("vendor attribute length runs out of the attribute", "vendor_length")
        following = offset + value[offset + 1]
        if vendor == _MICROSOFT:
            microsoft[value[offset]] = value[offset + 2 : following]
        offset = following


def decode_access(data: bytes, key: Key) -> AccessRequest | StatusServer:
    """Decode what may arrive on the authentication port; raises WireError for everything that must be
    dropped.
    """
    data = trim(data)
    code = data[0]
    if code != 1 and code != 12:
        raise WireError(f"code {code} does not belong on this port", "code")
    plain, microsoft, offset, proxy = attributes(data)
    if offset:
        _verify_signature(data, offset, key)
    elif code == 12:  # RFC 5997 section 3: always signed
        raise WireError("Status-Server without Message-Authenticator", "message_authenticator_missing")
    else:
        message_authenticator_missing(key.signing, bool(proxy))
    if code == 12:
        return StatusServer(data[1], data[4:20], proxy)
    get = plain.get
    hidden, chap = get(2), get(3)
    if hidden is not None and (len(hidden) % 16 or not 16 <= len(hidden) <= 128):
        raise WireError("User-Password is not 16 to 128 octets in blocks of 16", "password_length")
    if chap is not None and len(chap) != 17:
        raise WireError("CHAP-Password is not 17 octets", "password_length")
    response2 = response = None
    challenge = get(60)
    if microsoft:
        response2, response = microsoft.get(25), microsoft.get(1)
        if response2 is not None or response is not None:
            challenge = microsoft.get(11)
            _check_mschap(response2, response, challenge)
    port = get(5)
    # As AccessRequest(...) does, at half the price.
    return _tuple(AccessRequest, (
        data[1],
        data[4:20],
        get(1, b""),
        hidden,
        chap,
        challenge,
        response2,
        get(31, b""),
        get(30, b""),
        get(32, b""),
        None if port is None else _integer(port),
        get(87, b""),
        proxy,
        offset != 0,
        response,
        get(6, b""),
        _eap(data, offset) if 79 in plain else None,
    ))  # fmt: skip


def _check_mschap(version2: bytes | None, version1: bytes | None, challenge: bytes | None) -> None:
    """The sizes of RFC 2548 sections 2.1 and 2.3; a request with both versions is answered as version 2."""
    size = 8 if version2 is None else 16
    response = version1 if version2 is None else version2
    if response is None or len(response) != 50 or challenge is None or len(challenge) != size:
        raise WireError("MS-CHAP response or MS-CHAP-Challenge has the wrong size", "password_length")


def _eap(data: bytes, signature: int) -> int:
    """The identifier of the EAP packet, which its first fragment starts with: code, identifier, length."""
    if not signature:  # RFC 3579 section 3.1
        raise WireError("EAP-Message without Message-Authenticator", "message_authenticator_missing")
    offset = 20
    while data[offset] != 79:
        offset += data[offset + 1]
    # An EAP-Start (RFC 3579 section 2.1) is an empty fragment.
    return data[offset + 3] if data[offset + 1] > 3 else 0


def _verify_signature(data: bytes, offset: int, key: Key) -> None:
    if data[offset + 1] != 18:
        raise WireError("Message-Authenticator is not 16 octets", "attribute_length")
    expected = key.hmac(data[: offset + 2] + _ZERO16 + data[offset + 18 :])
    if not compare_digest(expected, data[offset + 2 : offset + 18]):
        raise WireError("Message-Authenticator does not verify", "message_authenticator")


def decode_accounting(data: bytes, key: Key) -> AccountingRequest | StatusServer:
    """Decode what may arrive on the accounting port; raises WireError for everything that must be dropped."""
    data = trim(data)
    code = data[0]
    if code == 12:
        plain, _microsoft, offset, proxy = attributes(data)
        if not offset:
            raise WireError("Status-Server without Message-Authenticator", "message_authenticator_missing")
        _verify_signature(data, offset, key)
        return StatusServer(data[1], data[4:20], proxy)
    if code != 4:
        raise WireError(f"code {code} does not belong on this port", "code")
    expected = md5(data[:4] + _ZERO16 + data[20:] + key.secret).digest()
    if not compare_digest(expected, data[4:20]):
        raise WireError("Request Authenticator does not verify", "authenticator")
    plain, _microsoft, _offset, proxy = attributes(data)
    if 40 not in plain:
        raise WireError("Accounting-Request without Acct-Status-Type", "status_missing")
    return _accounting(data, plain, proxy)


def _accounting(data: bytes, plain: dict[int, bytes], proxy: bytes) -> AccountingRequest:
    get = plain.get
    zero = b"\0\0\0\0"
    port, moment = get(5), get(55)
    return AccountingRequest(
        data[1],
        data[4:20],
        _integer(plain[40]),
        text(get(44, b"")),
        text(get(1, b"")),
        address(get(4)) or "",
        text(get(32, b"")),
        None if port is None else _integer(port),
        text(get(87, b"")),
        address(get(8)),
        prefix(get(97)),
        prefix(get(123)),
        text(get(31, b"")),
        text(get(30, b"")),
        _integer(get(46, zero)),
        _integer(get(52, zero)) << 32 | _integer(get(42, zero)),
        _integer(get(53, zero)) << 32 | _integer(get(43, zero)),
        _integer(get(47, zero)),
        _integer(get(48, zero)),
        _integer(get(49, zero)),
        None if moment is None else _integer(moment),
        _integer(get(41, zero)),
        proxy,
        _applied(data, plain[25]) if 25 in plain else "",
    )


def _applied(data: bytes, last: bytes) -> str:
    """What our Accept put into Class (RFC 2865 section 5.25), which may occur several times."""
    if last[:4] != _CLASS:
        offset, end = 20, len(data)
        while offset < end and not (data[offset] == 25 and data[offset + 2 : offset + 6] == _CLASS):
            offset += data[offset + 1]
        last = data[offset + 2 : offset + data[offset + 1]] if offset < end else b""
    return text(last[4:20])


def _integer(value: bytes) -> int:
    if len(value) != 4:
        raise WireError("an integer attribute is not four octets", "value_length")
    return _int(value, "big")


def text(value: bytes) -> str:
    """Octets from the wire as text a database accepts: NUL dropped, invalid UTF-8 replaced (U+FFFD)."""
    try:
        clean = value.decode()
    except UnicodeDecodeError:
        clean = value.decode("utf-8", "replace")
    return clean.replace("\0", "") if "\0" in clean else clean


def address(value: bytes | None) -> str | None:
    """An IPv4 address attribute as dotted text."""
    if value is None:
        return None
    if len(value) != 4:
        raise WireError("an address attribute is not four octets", "value_length")
    return "%d.%d.%d.%d" % (value[0], value[1], value[2], value[3])  # noqa: UP031 - measured the fastest form


def prefix(value: bytes | None) -> str | None:
    """An IPv6 prefix attribute (RFC 3162 section 2.3) as `2001:db8::/56`; bits beyond its length are
    cleared.
    """
    if value is None:
        return None
    from ipaddress import IPv6Network  # rare on the hot path, slow to import

    if not 2 <= len(value) <= 18 or value[1] > 128 or len(value) - 2 < (value[1] + 7) // 8:
        raise WireError("an IPv6 prefix attribute does not hold its prefix", "value_length")
    return str(IPv6Network((value[2:].ljust(16, b"\0"), value[1]), strict=False))


def reply_access(code: int, request: AccessRequest | StatusServer, key: Key, tail: bytes = b"") -> bytes:
    """Encode a signed reply: Message-Authenticator first, then `tail` (encoded attributes), then the
    Proxy-States.
    """
    if request.proxy_state:
        tail += request.proxy_state
    size = 38 + len(tail)
    if size > MAX_LENGTH:
        raise WireError("reply would be longer than 4096 octets")
    start = bytes((code, request.identifier, size >> 8, size & 255))
    header = start + request.authenticator
    signed = _MA_HEADER + key.hmac(header + _EMPTY_MA + tail) + tail
    return start + md5(header + signed + key.secret).digest() + signed


def reply_accounting(request: AccountingRequest | StatusServer, key: Key) -> bytes:
    """Encode an Accounting-Response (RFC 2866 section 4.2); a Status-Server's is signed as RFC 5997 asks."""
    if isinstance(request, StatusServer):
        return reply_access(Code.ACCOUNTING_RESPONSE, request, key)
    proxy = request.proxy_state
    size = 20 + len(proxy)
    start = bytes((5, request.identifier, size >> 8, size & 255))
    return start + md5(start + request.authenticator + proxy + key.secret).digest() + proxy
