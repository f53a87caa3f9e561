"""MS-CHAPv2 and its MPPE keys (RFC 2759, RFC 2548, RFC 3079): what PPPoE and PPTP concentrators like to
speak.

DES and MD4 come from pycryptodome. Its object interface costs 10 us for one block, mostly Python; the same
compiled functions called directly cost 1.7 us, so they are used where the self-test at import shows them to
agree.
"""

import secrets
from collections.abc import Callable
from hmac import compare_digest
from random import getrandbits

from Crypto.Cipher import DES
from Crypto.Hash import MD4

from radius.wire.codec import Key, md5
from radius.wire.errors import WireError
from radius.wire.requests import AccessRequest

try:  # the C type itself, as for MD5 in codec
    from _sha1 import sha1
except ImportError:  # pragma: no cover - interpreters without the module
    import functools
    import hashlib

    sha1 = functools.partial(hashlib.sha1, usedforsecurity=False)

_digest = sha1
_MAGIC_SIGN = b"Magic server to client signing constant"
_MAGIC_PAD = b"Pad to make it do more than one iteration"
_MAGIC_MASTER = b"This is the MPPE Master Key"
_MAGIC_RECEIVE = b"On the client side, this is the send key; on the server side, it is the receive key."
_MAGIC_SEND = b"On the client side, this is the receive key; on the server side, it is the send key."
_PAD1, _PAD2 = bytes(40), b"\xf2" * 40
_int = int.from_bytes


def _des_slow(key: bytes, block: bytes) -> bytes:
    return DES.new(key, DES.MODE_ECB).encrypt(block)  # noqa: S304 - what the RFC says


def _direct_des() -> Callable[[bytes, bytes], bytes]:
    """The compiled functions behind pycryptodome's DES, or its public interface where they are not as
    expected.
    """
    try:
        from Crypto.Cipher._mode_ecb import raw_ecb_lib
        from Crypto.Cipher.DES import _raw_des_lib
        from Crypto.Util._raw_api import ffi

        start, begin = _raw_des_lib.DES_start_operation, raw_ecb_lib.ECB_start_operation
        encrypt, stop = raw_ecb_lib.ECB_encrypt, raw_ecb_lib.ECB_stop_operation
        cipher, mode, out = ffi.new("void**"), ffi.new("void**"), ffi.new("uint8_t[8]")
        view = ffi.buffer(out)
    except (ImportError, AttributeError):
        return _des_slow

    def des(key: bytes, block: bytes) -> bytes:
        start(key, 8, cipher)
        begin(cipher[0], mode)
        encrypt(mode[0], block, out, 8)
        stop(mode[0])
        return view[:]

    sample = b"\x0e\x32\x92\x32\xea\x6d\x0d\x73", b"\x87" * 8
    return des if des(*sample) == _des_slow(*sample) == bytes(8) else _des_slow


_des = _direct_des()  # not thread-safe (one output buffer); each server process answers from one thread


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


def des_keys(hashed: bytes) -> tuple[bytes, bytes, bytes]:
    """The three 56-bit keys of ChallengeResponse (section 8.5) as DES's 64 bits; constant per subscriber."""
    # All three at once: every 56 bits become eight groups of seven by halving, each moved up to its octet.
    lanes = _int(b"\0" + hashed[:7] + b"\0" + hashed[7:14] + b"\0" + hashed[14:] + bytes(5), "big")
    for shift, high, low in _HALVES:
        lanes = (lanes & high) << shift | lanes & low
    keys = (lanes << 1).to_bytes(24, "big")
    return keys[:8], keys[8:16], keys[16:]


def _lanes(width: int, mask: int) -> int:
    return sum(mask << at for at in range(0, 192, width))


_HALVES = [
    (4, _lanes(64, (1 << 28) - 1 << 28), _lanes(64, (1 << 28) - 1)),
    (2, _lanes(32, (1 << 14) - 1 << 14), _lanes(32, (1 << 14) - 1)),
    (1, _lanes(16, (1 << 7) - 1 << 7), _lanes(16, (1 << 7) - 1)),
]


class Secret:
    """All that MS-CHAPv2 needs of one password, computed once: DES keys and the hash of the hash."""

    __slots__ = ("hash_hash", "keys")

    def __init__(self, hashed: bytes) -> None:
        if len(hashed) != 16:
            raise ValueError("an NT hash is 16 octets")
        self.keys = des_keys(hashed)
        self.hash_hash = _md4(hashed)


def challenge_hash(peer: bytes, authenticator: bytes, username: bytes) -> bytes:
    """ChallengeHash (section 8.2); a Windows domain in front of the name is not part of it."""
    return _digest(peer + authenticator + username.rpartition(b"\\")[2]).digest()[:8]


def challenge_response(challenge: bytes, keys: tuple[bytes, bytes, bytes]) -> bytes:
    """ChallengeResponse (section 8.5): 24 octets."""
    return _des(keys[0], challenge) + _des(keys[1], challenge) + _des(keys[2], challenge)


def verify(request: AccessRequest, secret: Secret, key: Key) -> bytes | None:
    """Check an MS-CHAP2-Response; None when wrong, else the encoded success and key attributes of the Accept.

    Raises WireError when response (50 octets) or challenge (16 octets) cannot be what they claim (RFC 2548
    2.3.2).
    """
    response, authenticator = request.mschap2_response, request.challenge
    if response is None or len(response) != 50 or authenticator is None or len(authenticator) != 16:
        raise WireError("MS-CHAP2-Response or MS-CHAP-Challenge has the wrong size")
    challenge = challenge_hash(response[2:18], authenticator, request.username)
    answer = response[26:]
    if not compare_digest(challenge_response(challenge, secret.keys), answer):
        return None
    signature = authenticator_response(secret.hash_hash, answer, challenge)
    return _vendor(26, response[:1] + signature) + mppe_attributes(secret.hash_hash, answer, request, key)


def authenticator_response(hash_hash: bytes, answer: bytes, challenge: bytes) -> bytes:
    """GenerateAuthenticatorResponse (section 8.7): `S=` and 40 upper-case hexadecimal digits."""
    digest = _digest(hash_hash + answer + _MAGIC_SIGN).digest()
    return b"S=" + _digest(digest + challenge + _MAGIC_PAD).hexdigest().upper().encode()


def failure(request: AccessRequest) -> bytes:
    """The encoded MS-CHAP-Error of a wrong password (section 6): 691, no retry, a fresh challenge."""
    response = request.mschap2_response or b"\0"
    challenge = secrets.token_hex(16).upper().encode()
    return _vendor(2, response[:1] + b"E=691 R=0 C=" + challenge + b" V=3 M=Authentication failed")


def mppe_keys(hash_hash: bytes, answer: bytes) -> tuple[bytes, bytes]:
    """The server's 128-bit send and receive start keys (RFC 3079 section 3.3)."""
    master = _digest(hash_hash + answer + _MAGIC_MASTER).digest()[:16]
    send = _digest(master + _PAD1 + _MAGIC_SEND + _PAD2).digest()[:16]
    receive = _digest(master + _PAD1 + _MAGIC_RECEIVE + _PAD2).digest()[:16]
    return send, receive


def mppe_attributes(hash_hash: bytes, answer: bytes, request: AccessRequest, key: Key) -> bytes:
    """Policy, types, send and receive key attributes (RFC 2548 section 2.4), the keys hidden under the
    secret.
    """
    send, receive = mppe_keys(hash_hash, answer)
    salt = getrandbits(14)  # noqa: S311 - RFC 2548 2.4.2 asks for uniqueness within the packet, not secrecy
    return (
        _POLICY
        + _vendor(16, _conceal(send, key, request.authenticator, 0x8000 | salt << 1))
        + _vendor(17, _conceal(receive, key, request.authenticator, 0x8001 | salt << 1))
    )


def _conceal(clear: bytes, key: Key, authenticator: bytes, salt: int) -> bytes:
    first = (_int(b"\x10" + clear[:15], "big"), _int(clear[15:] + bytes(15), "big"))
    salted = salt.to_bytes(2, "big")
    one = (_int(md5(key.secret + authenticator + salted).digest(), "big") ^ first[0]).to_bytes(16, "big")
    two = (_int(md5(key.secret + one).digest(), "big") ^ first[1]).to_bytes(16, "big")
    return salted + one + two


def _vendor(kind: int, value: bytes) -> bytes:
    size = len(value)
    return b"\x1a" + bytes((size + 8, 0, 0, 1, 0x37, kind, size + 2)) + value


# Encryption allowed (1), 40 and 128 bit RC4 (6): the NAS decides whether to use MPPE at all.
_POLICY = _vendor(7, b"\0\0\0\1") + _vendor(8, b"\0\0\0\6")
