"""The test-only pages are opened in the browser too."""

from tests.core.conftest import web_pages

__all__ = ["web_pages"]
