"""The staff pages, and through them the generic list, form and act pages."""

import pytest
from django.test import Client

from ispbilling.core.models import Role, User
from tests import builders


@pytest.fixture
def owner(db: None) -> User:
    return builders.staff(Role.OWNER, username="olive", first_name="Olive", last_name="Owner")


@pytest.fixture
def client(owner: User) -> Client:
    made = Client()
    made.force_login(owner)
    return made


def test_it_lists_staff(client: Client) -> None:
    builders.staff(Role.SUPPORT, first_name="Sam")
    page = client.get("/staff/")
    assert page.status_code == 200
    assert "Sam" in page.content.decode()
