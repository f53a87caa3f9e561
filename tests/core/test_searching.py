"""Search of a list finds a word in its rows and in what they belong to, by the index of each table."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Value
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.drafts.models import InvoiceDraft
from billing.drafts.writing import LineValues
from ispbilling.core.searching import holds
from radius.models import DataAccount
from tests import builders

PATHS = ("username", "customer__code", "customer__name")


def found(rows: Any, word: str, paths: Sequence[str] = PATHS) -> Any:
    return rows.filter(holds(rows, word, paths))


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
    those = found(DataAccount.objects.order_by("username"), word)
    assert list(those) == sorted((lines[name] for name in expected), key=str)


def test_only_rows_that_were_asked_for_are_found(lines) -> None:
    rows = DataAccount.objects.exclude(pk=lines["bob"].pk).annotate(one=Value(1))
    assert [(row, row.one) for row in found(rows, "lid")] == [(lines["alice"], 1)]


def test_a_row_that_has_a_word_twice_is_found_once(alice) -> None:
    draft = builders.draft(
        alice, *(LineValues(f"Mast, {metres} m", Decimal(1), Decimal(100)) for metres in (6, 9))
    )
    assert list(found(InvoiceDraft.objects.all(), "mast", ("customer__name", "lines__description"))) == [
        draft
    ]


def test_each_table_is_asked_by_its_own_index(lines) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    plan = found(DataAccount.objects.all(), "alice").explain()
    assert {"radius_dataaccount_search", "customers_customer_search"} <= set(plan.replace("(", " ").split())


def test_many_words_are_found_as_quickly_as_one(client, manager, lines) -> None:
    client.force_login(manager)
    asked = {"q": "lid " * 20}
    with CaptureQueriesContext(connection) as queries:
        page = client.get(reverse("radius:data_account_list"), asked).content.decode()
    assert "lid-office" in page
    assert "fibre-home" in page
    assert max(len(one["sql"]) for one in queries) < 50_000
