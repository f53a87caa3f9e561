"""Reads what geocoders answer, as geopy hands it on: the position, its accuracy, its name. Pure."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from customers.places.models import Accuracy

MICRODEGREE = Decimal("0.000001")
#: Nominatim's place_rank: 30 is a house, 26 a street, 16 a town (nominatim.org, Customization/Ranking).
_RANKS = ((28, Accuracy.BUILDING), (26, Accuracy.STREET), (16, Accuracy.AREA))
_GOOGLE = {
    "ROOFTOP": Accuracy.BUILDING,
    "RANGE_INTERPOLATED": Accuracy.STREET,
    "GEOMETRIC_CENTER": Accuracy.STREET,
}


@dataclass(frozen=True, slots=True)
class Found:
    """A position in degrees, how near it is to the door, and what the geocoder calls the place."""

    latitude: Decimal
    longitude: Decimal
    accuracy: str
    label: str


def read(location: Any) -> Found:
    """The answer as a value. Raises ValueError for what is no place on earth."""
    # Not geopy's own numbers: it makes 0 of what is missing, and wraps what lies outside.
    raw = location.raw
    place = raw["geometry"]["location"] if "geometry" in raw else {"lat": raw["lat"], "lng": raw["lon"]}
    latitude, longitude = (
        Decimal(repr(float(place[name]))).quantize(MICRODEGREE, ROUND_HALF_UP) for name in ("lat", "lng")
    )
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        raise ValueError("not on earth")
    return Found(latitude, longitude, accuracy(raw), str(location.address or "")[:1000])


def accuracy(raw: dict[str, Any]) -> str:
    """How near the answer is to the door, from Google's location_type or Nominatim's place_rank."""
    if "geometry" in raw:
        return _GOOGLE.get(str(raw["geometry"].get("location_type")), Accuracy.AREA)
    rank = int(raw.get("place_rank") or 0)
    return next((near for least, near in _RANKS if rank >= least), Accuracy.REGION)
