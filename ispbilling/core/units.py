"""Octets, seconds, kbit/s and counts: how they are shown and read. Decimal units: 1 GB = 10**9 octets everywhere."""

import re
from decimal import Decimal, InvalidOperation

KB, MB, GB, TB = 10**3, 10**6, 10**9, 10**12
_UNITS = (("TB", TB), ("GB", GB), ("MB", MB), ("kB", KB))
_SIZE = re.compile(r"^\s*([0-9]+(?:[.,][0-9]+)?)\s*([kMGT]?B)?\s*$", re.IGNORECASE)


def format_octets(octets: int) -> str:
    """`416.3 GB`, `1.0 TB`, `0 B`: one decimal in the largest unit that leaves at least 1."""
    for name, size in _UNITS:
        if abs(octets) >= size:
            return f"{octets / size:,.1f} {name}"
    return f"{octets} B"


def exact_octets(octets: int) -> str:
    """In the largest unit that shows it exactly to three decimals, so that reading it again changes nothing."""
    for unit, size in _UNITS:
        number = Decimal(octets) / size
        if number >= 1 and number * 1000 == int(number * 1000):
            return f"{number.normalize():f} {unit}"
    return f"{octets} B"


def counted(number: int, noun: str) -> str:
    """`1 invoice`, `1,204 invoices`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def parse_octets(text: str) -> int:
    """Octets of `150 GB`, `1.1 TB`, `500MB`; a bare number is GB. Raises ValueError."""
    match = _SIZE.match(text)
    if not match:
        raise ValueError(f"{text!r} is not a size; write for example 150 GB")
    number, unit = match.groups()
    factor = {"b": 1, "kb": KB, "mb": MB, "gb": GB, "tb": TB}[(unit or "GB").lower()]
    try:
        return int(Decimal(number.replace(",", ".")) * factor)
    except InvalidOperation as error:  # pragma: no cover - the pattern admits only numbers
        raise ValueError(text) from error


def format_kbps(kbps: int) -> str:
    """`20 Mb/s`, `512 kb/s`."""
    if kbps and kbps % 1000 == 0:
        return f"{kbps // 1000} Mb/s"
    if kbps >= 10_000:
        return f"{kbps / 1000:.1f} Mb/s"
    return f"{kbps} kb/s"


def spoken_seconds(seconds: int) -> str:
    """`1 day`, `2 hours 30 minutes`, `5 minutes`: a length of time that somebody chose."""
    parts, rest = [], int(seconds)
    for noun, size in (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        number, rest = divmod(rest, size)
        if number:
            parts.append(counted(number, noun))
    return " ".join(parts) or "0 seconds"


def format_seconds(seconds: int) -> str:
    """`2d 03:04:05` or `03:04:05`."""
    days, rest = divmod(int(seconds), 86_400)
    hours, rest = divmod(rest, 3600)
    clock = f"{hours:02}:{rest // 60:02}:{rest % 60:02}"
    return f"{days}d {clock}" if days else clock
