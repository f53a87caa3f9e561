"""GPS positions as people write them: "(-34.06752, 18.82971)" or "-34.06752,18.82971" (D-5). Pure."""

import re
from decimal import ROUND_HALF_UP, Decimal

from customers.accounts.models import PositionSource
from customers.places.answers import MICRODEGREE, Found

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


def origin(position: Position | None, found: Found | None, *, dragged: bool) -> dict[str, str]:
    """How a position came to be known, as the columns that say so: what the geocoder `found`, a pin, or typing."""
    source, accuracy, label = "", "", ""
    if position is not None and found is not None and position == (found.latitude, found.longitude):
        source, accuracy, label = PositionSource.GEOCODER, found.accuracy, found.label
    elif position is not None:
        source = PositionSource.PIN if dragged else PositionSource.TYPED
    return {"position_source": str(source), "position_accuracy": accuracy, "position_label": label}
