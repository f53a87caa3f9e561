"""Datagrams made of good ones as no router would send them, endlessly, the same for the same seed.

Most are signed again after they were changed, with the right secret: else nothing but the check of the
signature would ever see them.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from hashlib import md5

from radius.wire.codec import Key

HEADER = 20
LONGEST = 4096
_MICROSOFT = b"\x00\x00\x01\x37"

Change = Callable[[random.Random, bytearray], bytearray]


def mutations(good: Sequence[bytes], key: Key, seed: int) -> Iterator[bytes]:
    """One changed datagram after the other, each from one to four changes of one of the `good` ones."""
    chance = random.Random(seed)
    while True:
        octets = bytearray(chance.choice(good))
        for _ in range(chance.choice((1, 1, 2, 3))):
            octets = chance.choice(_CHANGES)(chance, octets)
        if chance.random() < 0.9:  # a header that tells the truth: what follows is looked at
            octets[2:4] = min(len(octets), 65_535).to_bytes(2, "big")
        yield signed(bytes(octets), key) if chance.random() < 0.7 else bytes(octets)


def signed(datagram: bytes, key: Key) -> bytes:
    """The datagram with right signatures where there is room for them: Message-Authenticator in all attributes that
    are one, and the Request Authenticator of an Accounting-Request.
    """
    if len(datagram) < HEADER:
        return datagram
    body = bytearray(datagram)
    if body[0] == 4:
        body[4:20] = bytes(16)
    for at in [place for place, kind, size in _attributes(body) if kind == 80 and size == 18]:
        body[at + 2 : at + 18] = bytes(16)
        body[at + 2 : at + 18] = key.hmac(bytes(body))
    if body[0] == 4:
        body[4:20] = md5(bytes(body) + key.secret, usedforsecurity=False).digest()
    return bytes(body)


def _attributes(octets: bytes | bytearray) -> list[tuple[int, int, int]]:
    """Place, type and length of attributes, as far as the lengths lead."""
    found, at = [], HEADER
    while at + 2 <= len(octets) and octets[at + 1] >= 2:
        found.append((at, octets[at], octets[at + 1]))
        at += octets[at + 1]
    return found


def _flip(chance: random.Random, octets: bytearray) -> bytearray:
    for _ in range(chance.randrange(1, 8)):
        if octets:
            octets[chance.randrange(len(octets))] = chance.randrange(256)
    return octets


def _cut(chance: random.Random, octets: bytearray) -> bytearray:
    return octets[: chance.randrange(len(octets) + 1)]


def _stretch(chance: random.Random, octets: bytearray) -> bytearray:
    return octets + chance.randbytes(chance.choice((1, 2, 17, 300, 3_900)))


def _lie(chance: random.Random, octets: bytearray) -> bytearray:
    """The length in the header."""
    length = chance.choice((0, 1, 19, 20, len(octets) - 1, len(octets) + 1, 4_096, 65_535))
    octets[2:4] = max(0, length).to_bytes(2, "big")
    return octets


def _code(chance: random.Random, octets: bytearray) -> bytearray:
    octets[:1] = bytes((chance.choice((0, 1, 2, 3, 4, 5, 11, 12, 13, 40, 43, 255)),))
    return octets


def _attribute_lies(chance: random.Random, octets: bytearray) -> bytearray:
    if places := _attributes(octets):
        at = chance.choice(places)[0]
        octets[at + 1] = chance.choice((0, 1, 2, 3, 255, chance.randrange(256)))
    return octets


def _attribute_more(chance: random.Random, octets: bytearray) -> bytearray:
    """One of any type with noise in it, in front of the others, between them or behind."""
    value = chance.randbytes(chance.choice((0, 1, 4, 6, 16, 18, 50, 253)))
    return _insert(chance, octets, bytes((chance.randrange(256), len(value) + 2)) + value)


def _attribute_twice(chance: random.Random, octets: bytearray) -> bytearray:
    if not (places := _attributes(octets)):
        return octets
    at, _kind, size = chance.choice(places)
    return _insert(chance, octets, bytes(octets[at : at + size]) * chance.choice((1, 1, 20)))


def _attribute_gone(chance: random.Random, octets: bytearray) -> bytearray:
    if places := _attributes(octets):
        at, _kind, size = chance.choice(places)
        del octets[at : at + size]
    return octets


def _vendor(chance: random.Random, octets: bytearray) -> bytearray:
    """Microsoft's, or anybody's, with lengths inside that may lie."""
    vendor = _MICROSOFT if chance.random() < 0.5 else chance.randbytes(4)
    inner = bytes((chance.choice((1, 2, 11, 25, 26)), chance.choice((0, 1, 2, 18, 52, 255))))
    value = vendor + inner + chance.randbytes(chance.choice((0, 8, 16, 50, 245)))
    return _insert(chance, octets, bytes((26, len(value) + 2)) + value)


def _text(chance: random.Random, octets: bytearray) -> bytearray:
    """The value of an attribute becomes text that somebody will show, store or put into SQL."""
    word = chance.choice(
        (b"", b"\0", b"'\"\\{}", b"\xff\xfe\xfd", "naïve\u202e".encode(), b"%s\n\x1b[2J", b"A" * 253)
    )
    if not (places := _attributes(octets)):
        return octets
    at, kind, size = chance.choice(places)
    octets[at : at + size] = bytes((kind, len(word) + 2)) + word
    return octets


def _insert(chance: random.Random, octets: bytearray, attribute: bytes) -> bytearray:
    places = [at for at, _kind, _size in _attributes(octets)] + [len(octets)]
    at = chance.choice(places)
    return (octets[:at] + attribute + octets[at:])[:LONGEST]


# What leaves a well-formed packet comes more often: only that gets as far as the database.
_CHANGES: tuple[Change, ...] = (
    *(_flip, _cut, _stretch, _lie, _code, _attribute_lies, _attribute_twice, _vendor),
    *(_flip, _attribute_more, _attribute_gone, _text) * 3,
)
