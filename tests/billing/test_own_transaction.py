"""Nothing joins a posting or a seal of another transaction, whichever began first and whatever it could see."""

from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from django.db import connection, transaction

from billing.ledger import posting
from billing.ledger.verification import findings
from billing.models import Posting
from customers.models import Customer
from ispbilling.core.clock import now
from tests.billing.test_posting import sale

pytestmark = [
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.feature("W-5"),
]
PAIR = """INSERT INTO billing_line (posting_id, account_id, posted_on, amount)
    SELECT %s, id, '2026-11-01', CASE code WHEN 'bank' THEN 5 ELSE -5 END FROM billing_account
    WHERE code IN ('bank', 'revenue')"""
EXTRA = """INSERT INTO billing_posting (id, source_key, posted_on, memo, digest, seal_id)
    VALUES (-1, 'x', '2026-11-01', 'x', '', %s)"""


@pytest.fixture
def other(alice: Customer) -> Iterator[Any]:
    """A second connection whose transaction began before anything the test posts."""
    params = connection.get_connection_params()
    names = ("dbname", "user", "password", "host", "port")
    made = psycopg2.connect(**{name: params[name] for name in names if name in params})
    with made.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()")
        yield cursor
    made.close()


def test_a_transaction_that_began_earlier_cannot_join_what_was_posted_since(
    other: Any, alice: Customer
) -> None:
    with transaction.atomic():
        made = posting.post(sale(alice), now())
    with pytest.raises(psycopg2.IntegrityError, match="is sealed"):
        other.execute(PAIR, [made.pk])
    other.connection.rollback()


def test_nor_can_it_slip_a_posting_under_a_seal(other: Any, alice: Customer) -> None:
    with transaction.atomic():
        made = posting.post(sale(alice), now())
    other.execute(PAIR, [-1])
    with pytest.raises(psycopg2.IntegrityError, match="seal 1 is closed"):
        other.execute(EXTRA, [made.seal_id])
    other.connection.rollback()


def test_nor_can_it_write_ahead_of_a_posting_it_cannot_see_yet(other: Any, alice: Customer) -> None:
    with transaction.atomic():
        made = posting.post(sale(alice), now())
        other.execute(PAIR, [made.pk])  # seen by nobody, so nobody can say no yet
        other.execute(PAIR, [-1])
        other.execute(EXTRA, [made.seal_id])
    with pytest.raises(psycopg2.IntegrityError, match="billing_(line|posting)_own"):
        other.connection.commit()
    assert Posting.objects.count() == 1
    assert list(findings(lambda ids: {})) == []


def test_nor_write_in_the_name_of_another_transaction(other: Any, alice: Customer) -> None:
    with transaction.atomic():
        made = posting.post(sale(alice), now())
    named = PAIR.replace("(posting_id,", "(xact, posting_id,").replace(
        "SELECT %s,", "SELECT (SELECT xact FROM billing_posting LIMIT 1), %s,"
    )
    with pytest.raises(psycopg2.IntegrityError, match="by its own transaction"):
        other.execute(named, [made.pk])
    other.connection.rollback()
