"""The tests' own database: copied with all migrations, and as they left it after each test that committed."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from billing.models import Account, Document
from customers.models import Customer
from ispbilling.core.models import Provider
from ispbilling.runner.pytest_database import restore
from tests import builders


@pytest.mark.django_db
def test_it_has_every_migration() -> None:
    executor = MigrationExecutor(connection)
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []


@pytest.mark.django_db(transaction=True)
def test_what_was_committed_is_gone_and_what_was_changed_is_as_before() -> None:
    accounts, provider = list(Account.objects.values()), Provider.objects.values().first()
    builders.invoice(builders.customer())
    Account.objects.filter(code="bank").update(name="Changed")
    Provider.objects.update(name="Changed")
    restore()
    assert not Document.objects.exists()
    assert not Customer.objects.exists()
    assert list(Account.objects.values()) == accounts
    assert Provider.objects.values().first() == provider
