"""The small world every test may use: Alice is paid up, Bob is somebody else, Carol belongs to a reseller."""

import json
import re
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test import Client
from pytest_django.plugin import blocking_manager_key

from customers.accounts import gates
from customers.models import Customer
from ispbilling.core.clock import local_day, now
from ispbilling.core.models import Role, User
from tests import builders

# The databases that a transactional test left empty.
emptied: set[str] = set()
#: Written by the migrations and by no test; most of what would have to be put back each time.
KEPT = {"django_content_type": "contenttypes.contenttype", "auth_permission": "auth.permission"}


@pytest.fixture(autouse=True)
def passwords_are_hashed_quickly(settings: Any) -> None:
    """Argon2 is slow on purpose; the tests make hundreds of users."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True, scope="session")
def append_only_tables_can_be_emptied_between_tests() -> None:
    """Django empties the tables after a transactional test; ours refuse that, as they should.

    Few of them hold anything, and emptying those row by row takes a fraction of the time of TRUNCATE.
    """
    flush = DatabaseOperations.execute_sql_flush

    def as_superuser(self: DatabaseOperations, sql_list: list[str]) -> None:
        tables = set(re.findall(r'"(\w+)"', " ".join(sql_list))) - KEPT.keys()
        looks = [f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")" for table in sorted(tables)]
        for attempt in range(5):
            try:
                with transaction.atomic(using=self.connection.alias), self.connection.cursor() as cursor:
                    cursor.execute("SET LOCAL session_replication_role = replica")
                    cursor.execute(" UNION ALL ".join(looks))
                    for (table,) in cursor.fetchall():
                        cursor.execute(f'DELETE FROM "{table}"')
                break
            except OperationalError:  # deadlock with a request or server that has not ended yet
                if attempt == 4:
                    raise
        emptied.add(self.connection.alias)

    DatabaseOperations.execute_sql_flush = as_superuser
    yield
    DatabaseOperations.execute_sql_flush = flush


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """While Playwright's loop runs, Django gives this thread another connection: it must know those rows, too."""
    rows = getattr(connection, "_test_serialized_contents", None)
    if rows is not None:
        wanted = [row for row in json.loads(rows) if row["model"] not in KEPT.values()]
        connection._test_serialized_contents = DatabaseWrapper._test_serialized_contents = json.dumps(wanted)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tell pytest-django early enough that transactional tests want those rows back, whichever are run."""
    for item in items:
        mark = item.get_closest_marker("django_db")
        if mark and mark.kwargs.get("transaction") and not mark.kwargs.get("serialized_rollback"):
            item.add_marker(pytest.mark.django_db(**mark.kwargs, serialized_rollback=True), append=False)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Restore what the migrations put in before a test that only rolls back: a transactional one ran before it, as
    happens when several processes share the tests.
    """
    mark = item.get_closest_marker("django_db")
    if not emptied or (mark and mark.kwargs.get("transaction")):
        return
    emptied.clear()
    with item.config.stash[blocking_manager_key].unblock():
        connection.creation.deserialize_db_from_string(connection._test_serialized_contents)


@pytest.fixture(autouse=True)
def rows_of_the_migrations_come_back(django_db_serialized_rollback: None) -> None:
    """After a transactional test, what the migrations put in (settings, ledger accounts) is restored."""


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
