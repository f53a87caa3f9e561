"""How a customer's position came to be known; how positions are written: `ispbilling.core.positions`."""

from customers.accounts.models import PositionSource
from customers.places.answers import Found
from ispbilling.core.positions import Position, parse, show

__all__ = ["Position", "origin", "parse", "show"]


def origin(position: Position | None, found: Found | None, *, dragged: bool) -> dict[str, str]:
    """How a position came to be known, as the columns that say so: what the geocoder `found`, a pin, or typing."""
    source, accuracy, label = "", "", ""
    if position is not None and found is not None and position == (found.latitude, found.longitude):
        source, accuracy, label = PositionSource.GEOCODER, found.accuracy, found.label
    elif position is not None:
        source = PositionSource.PIN if dragged else PositionSource.TYPED
    return {"position_source": str(source), "position_accuracy": accuracy, "position_label": label}
