"""A carrier's price list in a file as rates: by its headings, every row or none. Pure."""

import io
import re
from collections.abc import Sequence
from decimal import Decimal

from billing.calls.numbers import prefix
from billing.calls.rating import Rate
from customers.imports import reading
from customers.imports.errors import Unreadable

MOST_RATES = 50_000
#: Words of headings in small letters; earlier ones win. The first three have to be there.
HEADINGS = {
    "prefix": ("prefix", "dial prefix", "dial code", "dialling code", "area code", "code"),
    "destination": ("destination", "description", "destination name", "name", "country"),
    "per_minute": ("per minute", "price per minute", "rate per minute", "rate", "price"),
    "connection_fee": ("connection fee", "setup fee", "connection", "setup", "flag fall"),
    "first_seconds": ("first seconds", "first increment", "first", "initial increment", "minimum seconds"),
    "next_seconds": ("next seconds", "next increment", "further increments", "next", "increment"),
    "minimum_charge": ("minimum charge", "minimum price", "minimum"),
}
_NEEDED = ("prefix", "destination", "per_minute")
_AMOUNT = re.compile(r"R?\s*([0-9]{1,9})(?:[.,]([0-9]{1,4}))?", re.ASCII)
#: As the columns of `PhoneRate` are.
_LONGEST = {"prefix": 15, "destination": 80}


def read(content: bytes, country_code: str) -> tuple[list[Rate], list[str]]:
    """The rates of a file, and what is wrong with which row. Raises Unreadable when it is no such list."""
    file = io.BytesIO(content)
    opening = reading.inspect(file, len(content))
    columns = _columns(opening.headings)
    rates: dict[str, Rate] = {}
    problems: list[str] = []
    with reading.rows(file, opening.shape) as rows:
        next(rows, None)
        for number, row in rows:
            rate = _rate(row, columns, country_code)
            if isinstance(rate, str):
                problems.append(f"Row {number:,}: {rate}")
            elif rate.prefix in rates:
                problems.append(f"Row {number:,}: {rate.prefix} stands in the file twice.")
            else:
                rates[rate.prefix] = rate
            if len(rates) > MOST_RATES:
                raise Unreadable(f"The file has more than {MOST_RATES:,} rates.")
    return list(rates.values()), problems


def _columns(headings: Sequence[str]) -> dict[str, int]:
    heads = [" ".join(re.sub(r"[^a-z]+", " ", heading.lower()).split()) for heading in headings]
    found: dict[str, int] = {}
    for name, words in HEADINGS.items():
        at = next((heads.index(word) for word in words if word in heads), None)
        if at is not None and at not in found.values():
            found[name] = at
    if missing := [name for name in _NEEDED if name not in found]:
        raise Unreadable(
            f"No column is headed “{', “'.join(HEADINGS[name][0] + '”' for name in missing)}. Needed are prefix,"
            " destination and per minute; connection fee, first seconds, next seconds and minimum charge may be there."
        )
    return found


def _rate(row: Sequence[str], columns: dict[str, int], country_code: str) -> Rate | str:
    said = {name: row[at] if at < len(row) else "" for name, at in columns.items()}
    digits = prefix(said["prefix"], country_code)
    if not digits or len(digits) > _LONGEST["prefix"]:
        return f"“{said['prefix'][:40]}” is no prefix."
    amounts = {}
    for name in ("per_minute", "connection_fee", "minimum_charge"):
        match = _AMOUNT.fullmatch(said.get(name, "") or ("0" if name != "per_minute" else ""))
        if match is None:
            return f"“{said.get(name, '')[:40]}” is no price with at most four decimals."
        amounts[name] = Decimal(f"{match[1]}.{match[2] or 0}").quantize(Decimal("0.0001"))
    increments = {}
    for name in ("first_seconds", "next_seconds"):
        text = said.get(name, "") or "1"
        if not re.fullmatch(r"[0-9]{1,4}", text, re.ASCII) or not 1 <= int(text) <= 3600:
            return f"“{text[:40]}” is no number of seconds from 1 to 3600."
        increments[name] = int(text)
    name = said["destination"][: _LONGEST["destination"]] or digits
    return Rate(
        digits,
        name,
        amounts["per_minute"],
        amounts["connection_fee"],
        increments["first_seconds"],
        increments["next_seconds"],
        amounts["minimum_charge"],
    )
