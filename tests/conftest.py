"""The small world every test may use: Alice is paid up, Bob is somebody else, Carol belongs to a reseller."""

import pytest
from django.test import Client

from customers.models import Customer
from ispbilling.core.models import Role, User
from tests import builders


@pytest.fixture
def manager(db: None) -> User:
    return builders.staff(Role.MANAGER)


@pytest.fixture
def alice(db: None) -> Customer:
    return builders.customer(code="ALI001", name="Alice Liddell", email="alice@example.test")


@pytest.fixture
def bob(db: None) -> Customer:
    return builders.customer(code="BOB001", name="Bob Plumbing", email="bob@example.test")


@pytest.fixture
def as_manager(manager: User) -> Client:
    """A browser-less client logged in as the manager."""
    client = Client()
    client.force_login(manager)
    return client
