"""An owner, and a client logged in as the owner, for tests of the staff pages."""

from pathlib import Path

import pytest
from django.test import Client

from ispbilling.core.models import Role, User
from tests import builders


@pytest.fixture
def owner(db: None) -> User:
    return builders.staff(Role.OWNER, username="olive", first_name="Olive", last_name="Owner")


@pytest.fixture
def as_owner(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def web_pages(settings) -> None:  # noqa: ANN001 - pytest-django's own
    """The pages of tests/core/web_pages.py, with their template."""
    settings.ROOT_URLCONF = "tests.core.web_pages"
    folder = Path(__file__).parent / "templates"
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [*settings.TEMPLATES[0]["DIRS"], folder]}]
