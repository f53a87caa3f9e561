"""The subscriber's end of MS-CHAP, written from RFC 2433, 2759, 2548 and 3079 alone: it shares no code with
the server, only the library's DES and MD4.
"""

import hashlib
import os
from dataclasses import dataclass, field
from functools import partial

from Crypto.Cipher import DES
from Crypto.Hash import MD4

md5 = partial(hashlib.md5, usedforsecurity=False)
sha1 = partial(hashlib.sha1, usedforsecurity=False)


def md4(data: bytes) -> bytes:
    return MD4.new(data).digest()  # noqa: S303 - what the RFCs say


def nt_hash(password: str) -> bytes:
    return md4(password.encode("utf-16-le"))


def lm_hash(password: str) -> bytes:
    """RFC 2433 A.2 LmPasswordHash."""
    key = password.upper().encode()[:14].ljust(14, b"\0")
    return b"".join(_des(key[n : n + 7], b"KGS!@#$%") for n in (0, 7))


def challenge_response(challenge: bytes, hashed: bytes) -> bytes:
    """RFC 2433 A.3 and RFC 2759 8.5 ChallengeResponse."""
    padded = hashed.ljust(21, b"\0")
    return b"".join(_des(padded[n : n + 7], challenge) for n in (0, 7, 14))


def _des(seven: bytes, block: bytes) -> bytes:
    bits = "".join(f"{octet:08b}" for octet in seven)
    key = bytes(int(bits[n : n + 7] + "1", 2) for n in range(0, 56, 7))
    return DES.new(key, DES.MODE_ECB).encrypt(block)  # noqa: S304 - what the RFCs say


@dataclass
class Version1:
    """RFC 2433: an 8-octet challenge of the NAS, answered."""

    password: str
    challenge: bytes = field(default_factory=lambda: os.urandom(8))
    use_nt: bool = True

    def response(self) -> bytes:
        """The value of MS-CHAP-Response (RFC 2548 section 2.1.3)."""
        lm = bytes(24) if self.use_nt else challenge_response(self.challenge, lm_hash(self.password))
        nt = challenge_response(self.challenge, nt_hash(self.password))
        return b"\x01" + bytes([self.use_nt]) + lm + nt

    def keys(self) -> bytes:
        """What MS-CHAP-MPPE-Keys must hold in the clear (RFC 2548 section 2.4.1)."""
        return lm_hash(self.password)[:8] + md4(nt_hash(self.password)) + bytes(8)


@dataclass
class Version2:
    """RFC 2759: both ends prove that they know the password."""

    username: bytes
    password: str
    authenticator: bytes = field(default_factory=lambda: os.urandom(16))
    peer: bytes = field(default_factory=lambda: os.urandom(16))

    def _challenge(self) -> bytes:
        return sha1(self.peer + self.authenticator + self.username.split(b"\\")[-1]).digest()[:8]

    def answer(self) -> bytes:
        return challenge_response(self._challenge(), nt_hash(self.password))

    def response(self, identifier: bytes = b"\x01") -> bytes:
        """The value of MS-CHAP2-Response (RFC 2548 section 2.3.2)."""
        return identifier + b"\0" + self.peer + bytes(8) + self.answer()

    def success(self) -> bytes:
        """What the server must say to prove itself (RFC 2759 section 8.7)."""
        hash_hash = md4(nt_hash(self.password))
        digest = sha1(hash_hash + self.answer() + b"Magic server to client signing constant").digest()
        pad = b"Pad to make it do more than one iteration"
        return b"S=" + sha1(digest + self._challenge() + pad).hexdigest().upper().encode()

    def keys(self) -> tuple[bytes, bytes]:
        """The start keys that the server sends and receives with (RFC 3079 section 3)."""
        hash_hash = md4(nt_hash(self.password))
        master = sha1(hash_hash + self.answer() + b"This is the MPPE Master Key").digest()[:16]
        words = (
            b"On the client side, this is the receive key; on the server side, it is the send key.",
            b"On the client side, this is the send key; on the server side, it is the receive key.",
        )
        send, receive = [sha1(master + bytes(40) + w + b"\xf2" * 40).digest()[:16] for w in words]
        return send, receive


def opened(value: bytes, secret: bytes, authenticator: bytes) -> bytes:
    """A key of MS-MPPE-Send-Key or -Recv-Key in the clear (RFC 2548 section 2.4.2)."""
    clear, last = b"", authenticator + value[:2]
    for n in range(2, len(value), 16):
        block = value[n : n + 16]
        clear += bytes(a ^ b for a, b in zip(block, md5(secret + last).digest(), strict=True))
        last = block
    assert value[0] & 0x80
    return clear[1 : 1 + clear[0]]


def revealed(value: bytes, secret: bytes, authenticator: bytes) -> bytes:
    """MS-CHAP-MPPE-Keys in the clear; hidden as a User-Password is (RFC 2548 section 2.4.1)."""
    clear, last = b"", authenticator
    for n in range(0, len(value), 16):
        block = value[n : n + 16]
        clear += bytes(a ^ b for a, b in zip(block, md5(secret + last).digest(), strict=True))
        last = block
    return clear
