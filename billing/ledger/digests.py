"""What is hashed, byte for byte; shared by the writer and by verification. Pure."""

import json
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

GENESIS = bytes(32)
#: Compact JSON. Made once: `json.dumps` would make an encoder for each of a million postings.
encoded = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True).encode


def digest(values: list[Any]) -> bytes:
    """SHA-256 over the values as compact JSON: unambiguous, and the same in every version of Python."""
    return sha256(encoded(values).encode()).digest()


def posting_digest(
    source_key: str,
    on: date,
    memo: str,
    document_digest: bytes,
    reverses_id: int | None,
    lines: Iterable[tuple[int, int | None, date, Decimal]],
) -> bytes:
    """Over all a posting says. `lines` are (account id, customer id, day, amount) in any order."""
    told = sorted(
        [account, customer or 0, day.isoformat(), f"{amount:.2f}"] for account, customer, day, amount in lines
    )
    return digest([source_key, on.isoformat(), memo, document_digest.hex(), reverses_id, told])


def seal_hash(previous: bytes, seq: int, digests: Iterable[bytes]) -> bytes:
    """A link of the chain: the previous hash, its own place, the digests of its postings by ascending id."""
    return sha256(previous + seq.to_bytes(8, "big") + b"".join(digests)).digest()
