"""The small world every test may use: Alice is paid up, Bob is somebody else, Carol belongs to a reseller."""

from typing import Any

import pytest
from django.test import Client

from customers.accounts import gates
from customers.models import Customer
from ispbilling.core.clock import local_day, now
from ispbilling.core.models import Role, User
from tests import builders

#: Begun first: those that need no database, while one worker makes it for all, and then those that take longest, so
#: that none of them is left to one worker when the others are done.
FIRST = (
    "tests/platform/test_runner.py",
    "tests/platform/test_unsafe_settings.py",
    "tests/platform/test_features.py",
    "tests/customers/test_import_reading.py",
    "tests/customers/test_import_robust.py",
    "tests/scenarios/",
    "tests/billing/test_run_killed.py",
    "tests/radius/test_hostile.py",
    "tests/architecture/",
    "tests/browser/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order of the files, after FIRST; pytest-django's keeps apart what commits, which `restore` makes needless."""
    files = {path: n for n, path in enumerate(sorted({item.path for item in items}))}

    def place(item: pytest.Item) -> tuple[int, int]:
        first = (n for n, start in enumerate(FIRST) if item.nodeid.startswith(start))
        return next(first, len(FIRST)), files[item.path]

    items.sort(key=place)


@pytest.fixture(autouse=True)
def database(db: None) -> None:
    """Every test may use the database; tests/platform needs none."""


@pytest.fixture(autouse=True)
def passwords_are_hashed_quickly(settings: Any) -> None:
    """Argon2 is slow on purpose; the tests make hundreds of users."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


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


@pytest.fixture
def world(alice: Customer, bob: Customer) -> None:
    """Something for every sweep: lines in use, a cancelled customer, a line past its last day."""
    today = local_day(now())
    builders.nas()
    builders.data_account(customer=alice)
    builders.data_account(customer=bob, ends_on=today)
    gates.cancel(bob, today, now(), actor=None, reason="moves away")
