"""MS-CHAP, version 1 and 2, and its MPPE keys (RFC 2433, 2759, 2548, 3079): what PPPoE and PPTP
concentrators like to speak.

MD4 comes from pycryptodome. Its object interface costs mostly Python, so the same compiled functions are
called directly where the self-test at import shows them to agree.
"""

import secrets
from collections.abc import Callable
from hmac import compare_digest
from random import getrandbits

from Crypto.Hash import MD4

from radius.wire.codec import Key, md5
from radius.wire.des import three_blocks
from radius.wire.passwords import hide
from radius.wire.requests import AccessRequest

try:  # OpenSSL's own: with the SHA instructions of the processor it beats the C type of Python
    from _hashlib import openssl_sha1 as sha1
except ImportError:  # pragma: no cover - interpreters without the module
    import functools
    import hashlib

    sha1 = functools.partial(hashlib.sha1, usedforsecurity=False)

_MAGIC_SIGN = b"Magic server to client signing constant"
_MAGIC_PAD = b"Pad to make it do more than one iteration"
_MAGIC_MASTER = b"This is the MPPE Master Key"
_MAGIC_RECEIVE = b"On the client side, this is the send key; on the server side, it is the receive key."
_MAGIC_SEND = b"On the client side, this is the receive key; on the server side, it is the send key."
_PAD1, _PAD2 = bytes(40), b"\xf2" * 40
_SEND_TAIL, _RECEIVE_TAIL = _PAD1 + _MAGIC_SEND + _PAD2, _PAD1 + _MAGIC_RECEIVE + _PAD2
_int = int.from_bytes


def _md4_slow(data: bytes) -> bytes:
    return MD4.new(data).digest()  # noqa: S303 - what the RFC says


def _direct_md4() -> Callable[[bytes], bytes]:
    """The same for MD4."""
    try:
        from Crypto.Hash.MD4 import _raw_md4_lib
        from Crypto.Util._raw_api import ffi

        init, update = _raw_md4_lib.md4_init, _raw_md4_lib.md4_update
        digest, destroy = _raw_md4_lib.md4_digest, _raw_md4_lib.md4_destroy
        state, out = ffi.new("void**"), ffi.new("uint8_t[16]")
        view = ffi.buffer(out)
    except (ImportError, AttributeError):
        return _md4_slow

    def md4(data: bytes) -> bytes:
        init(state)
        update(state[0], data, len(data))
        digest(state[0], out)
        destroy(state[0])
        return view[:]

    return md4 if md4(b"abc") == _md4_slow(b"abc") else _md4_slow


_md4 = _direct_md4()


def nt_hash(password: str) -> bytes:
    """NtPasswordHash (RFC 2759 section 8.3): MD4 over UTF-16LE; 16 octets, as secret as the password."""
    return _md4(password.encode("utf-16-le", "surrogatepass"))


def des_keys(hashed: bytes) -> bytes:
    """The three 56-bit keys of ChallengeResponse (section 8.5) as DES's 64 bits: 24 octets, constant per
    subscriber.
    """
    # All three at once: every 56 bits become eight groups of seven by halving, each moved up to its octet.
    lanes = _int(b"\0" + hashed[:7] + b"\0" + hashed[7:14] + b"\0" + hashed[14:] + bytes(5), "big")
    for shift, high, low in _HALVES:
        lanes = (lanes & high) << shift | lanes & low
    return (lanes << 1).to_bytes(24, "big")


def _lanes(width: int, mask: int) -> int:
    return sum(mask << at for at in range(0, 192, width))


_HALVES = [
    (4, _lanes(64, (1 << 28) - 1 << 28), _lanes(64, (1 << 28) - 1)),
    (2, _lanes(32, (1 << 14) - 1 << 14), _lanes(32, (1 << 14) - 1)),
    (1, _lanes(16, (1 << 7) - 1 << 7), _lanes(16, (1 << 7) - 1)),
]


class Secret(bytes):
    """All that MS-CHAP needs of one password, computed once: DES keys (24 octets) and the hash of the hash (16).

    One string of 40 octets, for a worker may hold a million of them.
    """

    __slots__ = ()

    def __new__(cls, hashed: bytes) -> "Secret":
        if len(hashed) != 16:
            raise ValueError("an NT hash is 16 octets")
        return super().__new__(cls, des_keys(hashed) + _md4(hashed))

    @property
    def keys(self) -> bytes:
        return self[:24]

    @property
    def hash_hash(self) -> bytes:
        return self[24:]

    def __repr__(self) -> str:
        return "Secret(...)"


def challenge_hash(peer: bytes, authenticator: bytes, username: bytes) -> bytes:
    """ChallengeHash (section 8.2); a Windows domain in front of the name is not part of it."""
    return sha1(peer + authenticator + username.rpartition(b"\\")[2]).digest()[:8]


def challenge_response(challenge: bytes, keys: bytes) -> bytes:
    """ChallengeResponse (section 8.5): 24 octets."""
    return three_blocks(challenge, keys)


def verify(request: AccessRequest, secret: Secret, key: Key) -> bytes | None:
    """Check an MS-CHAP2-Response; None when wrong, else the encoded success and key attributes of the Accept."""
    response, authenticator = request.mschap2_response, request.challenge
    if response is None or authenticator is None:
        return None
    challenge = challenge_hash(response[2:18], authenticator, request.username)
    answer = response[26:]
    if not compare_digest(three_blocks(challenge, secret[:24]), answer):
        return None
    proof = secret[24:] + answer
    success = _SUCCESS + response[:1] + authenticator_response(proof, challenge)
    return success + mppe_attributes(proof, request, key)


def authenticator_response(proof: bytes, challenge: bytes) -> bytes:
    """GenerateAuthenticatorResponse (section 8.7): `S=` and 40 upper-case hexadecimal digits.

    `proof` is the hash of the hash (16 octets) and the client's answer (24).
    """
    digest = sha1(proof + _MAGIC_SIGN).digest()
    return b"S=" + sha1(digest + challenge + _MAGIC_PAD).hexdigest().upper().encode()


def verify_version1(request: AccessRequest, password: bytes, secret: Secret, key: Key) -> bytes | None:
    """Check an MS-CHAP-Response by its NT part; None when that is wrong or absent, else the key attributes.

    The LAN Manager response alone is refused: it is broken in minutes.
    """
    response, challenge = request.mschap_response, request.challenge
    # The second octet is 0 when the client says that the NT response is not to be looked at.
    if response is None or challenge is None or response[1] != 1:
        return None
    if not compare_digest(three_blocks(challenge, secret[:24]), response[26:]):
        return None
    clear = lm_key(password) + secret.hash_hash + bytes(8)
    return _POLICY + _vendor(12, hide(clear, key, request.authenticator))


def lm_key(password: bytes) -> bytes:
    """The first 8 octets of LmPasswordHash (RFC 2433 A.2), from which MPPE with 40 or 56 bits starts.

    A password with other than ASCII characters has none that both ends would agree on: zeros.
    """
    if not password.isascii():
        return bytes(8)
    return three_blocks(b"KGS!@#$%", des_keys(password[:7].upper().ljust(16, b"\0")))[:8]


def failure(request: AccessRequest) -> bytes:
    """The encoded MS-CHAP-Error of a wrong password (RFC 2433 and 2759, section 6): 691, no retry, a fresh
    challenge.
    """
    response, size, words = request.mschap2_response, 16, b" V=3 M=Authentication failed"
    if response is None:
        response, size, words = request.mschap_response or b"\0", 8, b" V=2"
    challenge = secrets.token_hex(size).upper().encode()
    return _vendor(2, response[:1] + b"E=691 R=0 C=" + challenge + words)


def mppe_keys(proof: bytes) -> tuple[bytes, bytes]:
    """The server's 128-bit send and receive start keys (RFC 3079 section 3.3); `proof` as for
    `authenticator_response`.
    """
    master = sha1(proof + _MAGIC_MASTER).digest()[:16]
    return sha1(master + _SEND_TAIL).digest()[:16], sha1(master + _RECEIVE_TAIL).digest()[:16]


def mppe_attributes(proof: bytes, request: AccessRequest, key: Key) -> bytes:
    """Policy, types, send and receive key attributes (RFC 2548 section 2.4), the keys hidden under the
    secret.
    """
    send, receive = mppe_keys(proof)
    start = key.secret + request.authenticator
    salt = 0x8000 | getrandbits(14) << 1  # noqa: S311 - RFC 2548 2.4.2: unique within the packet, not secret
    return (
        _SEND_KEY
        + _conceal(send, key.secret, start, salt.to_bytes(2, "big"))
        + _RECEIVE_KEY
        + _conceal(receive, key.secret, start, (salt | 1).to_bytes(2, "big"))
    )


def _conceal(clear: bytes, secret: bytes, start: bytes, salt: bytes) -> bytes:
    # What is hidden is the length, the key and padding: one octet, 16 and 15.
    pad = _int(md5(start + salt).digest(), "big")
    one = (pad ^ (_SIXTEEN | _int(clear, "big") >> 8)).to_bytes(16, "big")
    pad = _int(md5(secret + one).digest(), "big")
    return salt + one + (pad ^ clear[15] << 120).to_bytes(16, "big")


def _header(kind: int, size: int) -> bytes:
    return bytes((26, size + 8, 0, 0, 1, 0x37, kind, size + 2))


def _vendor(kind: int, value: bytes) -> bytes:
    return _header(kind, len(value)) + value


_SIXTEEN = 16 << 120
# Encryption allowed (1), 40 and 128 bit RC4 (6): the NAS decides whether to use MPPE at all.
_POLICY = _vendor(7, b"\0\0\0\1") + _vendor(8, b"\0\0\0\6")
_SEND_KEY, _RECEIVE_KEY = _POLICY + _header(16, 34), _header(17, 34)
_SUCCESS = _header(26, 43)
