"""The test-only pages are opened in the browser too, and no page asks anybody outside."""

from typing import Any

import pytest

from tests.core.conftest import web_pages

__all__ = ["web_pages"]


@pytest.fixture(autouse=True)
def maps_without_pictures(settings: Any) -> None:
    """The map pictures of the default come from a public server."""
    settings.MAP_TILES = ""
