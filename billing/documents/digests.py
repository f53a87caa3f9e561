"""The digest of a document: all that its paper says about money and people, hashed into its posting. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

from billing.ledger.digests import digest, encoded


def party_digest(name: str, address: str, vat_number: str, code: str = "") -> bytes:
    """Over who a document was issued to; it outlives their erasure. Parties of old have no code."""
    return digest([name, address, vat_number, code] if code else [name, address, vat_number])


def issuer_digest(details: Iterable[str | None]) -> bytes:
    """Over the provider's details as they are printed; the logo by its own digest."""
    return digest(_trimmed(one or "" for one in details))


def document_body(
    amounts: tuple[Decimal, Decimal, Decimal],
    lines: Iterable[tuple[int | None, str, Decimal, Decimal, Decimal, Decimal, Decimal, Decimal, Decimal]],
    more: Sequence[str] = (),
) -> str:
    """What a document says besides its head, as it is hashed: issuing makes it before it takes the numbers.

    `amounts`: net, VAT, total. `lines`, in their order: recurring line, description, quantity, price,
    discount, VAT rate, net, VAT, total. `more`: reason, digest of the issuer and of the party
    served, as hexadecimal digits, `rounding_word`; what it ends with that is empty is as if it were not
    there, so that paper from before it was kept has the digest it had.
    """
    told: list[Any] = [[f"{amount:.2f}" for amount in amounts]]
    for recurring_line, description, quantity, price, *rest in lines:
        told.append(
            [recurring_line, description, f"{quantity:.2f}", f"{price:.4f}", [f"{x:.2f}" for x in rest]]
        )
    said = _trimmed(more)
    return encoded([*told, said] if said else told)


def document_digest(
    head: tuple[str, int, int, str, int, int, bytes, int | None, int | None, date, date], body: str
) -> bytes:
    """`head`: kind, year, number, reference, customer, payer, party digest, run, corrects, issued on, due on."""
    told = [*head[:6], bytes(head[6]).hex(), *head[7:9], *(day.isoformat() for day in head[9:])]
    # One list of all: that of the head goes on with the body's.
    return sha256(f"{encoded(told)[:-1]},{body[1:]}".encode()).digest()


def rounding_word(rounding: str) -> str:
    """Empty for the usual way, which documents had before there was another."""
    return "" if rounding == "line" else rounding


def _trimmed(values: Iterable[str]) -> list[str]:
    """Without the empty ones at the end: what is added to the list later leaves older digests as they are."""
    said = list(values)
    while said and not said[-1]:
        said.pop()
    return said
