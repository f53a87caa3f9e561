"""Two connections at once: the chain stays a chain, balances add up, one cause posts once."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection, transaction

from billing.ledger import posting
from billing.ledger.verification import findings
from billing.models import Balance, Posting, Seal
from customers.models import Customer
from ispbilling.core.clock import now
from tests.billing.test_posting import sale

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def _post(payer: Customer, keys: list[str]) -> None:
    try:
        for key in keys:
            with transaction.atomic():
                posting.post(sale(payer, key), now())
    finally:
        connection.close()


def test_many_writers_make_one_chain(alice: Customer, bob: Customer) -> None:
    jobs = [(payer, [f"{payer.code}:{w}:{n}" for n in range(10)]) for payer in (alice, bob) for w in range(2)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda job: _post(*job), jobs))
    assert (Posting.objects.count(), Seal.objects.count()) == (40, 40)
    assert Balance.objects.get(customer=alice).amount == 20 * Decimal("115.00")
    assert list(findings(lambda ids: {})) == []


def test_the_same_cause_from_two_sides_posts_once(alice: Customer) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: _post(alice, ["payment:77"]), range(2)))
    assert Posting.objects.count() == 1
    assert Balance.objects.get(customer=alice).amount == Decimal("115.00")
