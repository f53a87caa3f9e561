"""GPS positions as people write them: "(-34.06752, 18.82971)" or "-34.06752,18.82971" (D-5). Pure."""

import re
from decimal import ROUND_HALF_UP, Decimal

#: What a stored degree is rounded to: about 11 cm.
MICRODEGREE = Decimal("0.000001")
_NUMBER = r"[+-]?[0-9]{1,3}(?:\.[0-9]+)?"
_PAIR = re.compile(rf"\s*\(?\s*({_NUMBER})\s*[,;]\s*({_NUMBER})\s*\)?\s*")

Position = tuple[Decimal, Decimal]


def parse(text: str) -> Position | None:
    """Latitude and longitude in degrees to six decimals; None where the text is no position."""
    match = _PAIR.fullmatch(text)
    if not match:
        return None
    latitude, longitude = (Decimal(part).quantize(MICRODEGREE, ROUND_HALF_UP) for part in match.groups())
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def show(latitude: Decimal | None, longitude: Decimal | None) -> str:
    """`(-34.067520, 18.829710)` (EDT-5), or nothing."""
    return "" if latitude is None or longitude is None else f"({latitude}, {longitude})"
