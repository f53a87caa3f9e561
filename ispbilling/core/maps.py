"""What the map component is told: its place, its pin, and whose pictures it shows."""

from typing import Any

from django.conf import settings


def look(latitude: Any, longitude: Any, label: str = "", pin_for: str = "") -> dict[str, Any]:
    """The context of `ui/map.html`. `pin_for` is the id of the input that a dragged pin fills with
    "(latitude, longitude)". Without pictures (settings.MAP_TILES empty) the map is a grid of degrees."""
    return {
        "latitude": latitude,
        "longitude": longitude,
        "label": label,
        "pin_for": pin_for,
        "tiles": settings.MAP_TILES,
        "attribution": settings.MAP_ATTRIBUTION,
        "satellite": settings.MAP_SATELLITE_TILES,
        "satellite_attribution": settings.MAP_SATELLITE_ATTRIBUTION,
    }
