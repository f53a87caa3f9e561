"""Search of a list finds a word in its rows and in what they belong to, by the index of each table."""

from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Value

from billing.drafts.models import InvoiceDraft
from billing.drafts.writing import LineValues
from ispbilling.core.searching import holding
from radius.models import DataAccount
from tests import builders

PATHS = ("username", "customer__code", "customer__name")


@pytest.fixture
def lines(alice, bob) -> dict[str, DataAccount]:
    return {
        "alice": builders.data_account(customer=alice, username="fibre-home"),
        "bob": builders.data_account(customer=bob, username="lid-office"),
    }


@pytest.mark.feature("NAV-4")
@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("LID", {"alice", "bob"}),
        ("ali001", {"alice"}),
        ("fibre", {"alice"}),
        ("office", {"bob"}),
        ("zzz", set()),
    ],
)
def test_a_word_is_found_in_own_and_in_related_fields(lines, word: str, expected: set[str]) -> None:
    found = holding(DataAccount.objects.order_by("username"), word, PATHS)
    assert list(found) == sorted((lines[name] for name in expected), key=str)


def test_only_rows_that_were_asked_for_are_found(lines) -> None:
    rows = DataAccount.objects.exclude(pk=lines["bob"].pk).annotate(one=Value(1))
    assert [(row, row.one) for row in holding(rows, "lid", PATHS)] == [(lines["alice"], 1)]


def test_a_row_that_has_a_word_twice_is_found_once(alice) -> None:
    draft = builders.draft(
        alice, *(LineValues(f"Mast, {metres} m", Decimal(1), Decimal(100)) for metres in (6, 9))
    )
    assert list(holding(InvoiceDraft.objects.all(), "mast", ("customer__name", "lines__description"))) == [
        draft
    ]


def test_each_table_is_asked_by_its_own_index(lines) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    plan = holding(DataAccount.objects.all(), "alice", PATHS).explain()
    assert {"radius_dataaccount_search", "customers_customer_search"} <= set(plan.replace("(", " ").split())
