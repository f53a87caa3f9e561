"""A package's name is only a label (D-17): what it claims, held against what the line really gets. Pure."""

import re
from decimal import Decimal

from ispbilling.core.units import GB, TB, format_kbps, format_octets

_SPEED = re.compile(
    r"(\d+(?:[.,]\d+)?)(?:\s*/\s*(\d+(?:[.,]\d+)?))?\s*(k|m|g)(?:b(?:it)?(?:/s|ps)|bit/s)", re.IGNORECASE
)
_SIZE = re.compile(r"(\d+(?:[.,]\d+)?)\s*(gb|tb)(?!\s*(?:/s|ps|it))", re.IGNORECASE)
_KBPS = {"k": 1, "m": 1000, "g": 1_000_000}


def differences(title: str, down_kbps: int, up_kbps: int, cap_octets: int | None) -> list[str]:
    """One sentence for each number in the name that is not what the package gives; empty when it agrees.

    Reads `10Mb/s`, `20/10 Mbps`, `512 kb/s`, `150GB`, `1.1 TB` and `uncapped`.
    """
    found = []
    if match := _SPEED.search(title):
        down, up, unit = match.groups()
        found += _speed(down, unit, down_kbps, "down")
        found += _speed(up, unit, up_kbps, "up") if up else []
    if size := _SIZE.search(title):
        claimed = int(_number(size[1]) * (GB if size[2].lower() == "gb" else TB))
        if claimed != cap_octets:
            real = "it is uncapped" if cap_octets is None else f"the cap is {format_octets(cap_octets)}"
            found.append(f"The name says {format_octets(claimed)}, but {real}.")
    if re.search(r"\buncapped\b", title, re.IGNORECASE) and cap_octets is not None:
        found.append(f"The name says uncapped, but the cap is {format_octets(cap_octets)}.")
    return found


def _speed(claimed: str, unit: str, real: int, direction: str) -> list[str]:
    kbps = int(_number(claimed) * _KBPS[unit.lower()])
    if kbps == real:
        return []
    return [f"The name says {format_kbps(kbps)} {direction}, but the service gives {format_kbps(real)}."]


def _number(text: str) -> Decimal:
    return Decimal(text.replace(",", "."))
