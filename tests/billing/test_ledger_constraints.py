"""The database says no: each test tries to break one promise with plain SQL, as any program could."""

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from billing.ledger import posting
from billing.models import Posting
from customers.models import Customer
from ispbilling.core.clock import now
from tests import builders
from tests.billing.test_posting import sale

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
TABLES = [
    "billing_posting",
    "billing_line",
    "billing_document",
    "billing_documentline",
    "billing_billedperiod",
    "billing_seal",
    "billing_issuer",
    "billing_party",
    "billing_numbersequence",
    "billing_chainhead",
]
SEAL = "INSERT INTO billing_seal (seq, postings, prev, hash, at) SELECT 2, 1, '', '', now()"
POSTING = f"""{SEAL}; INSERT INTO billing_posting (id, source_key, posted_on, memo, digest, seal_id)
    VALUES (-1, 'x', '2026-11-01', 'x', '', 2)"""
LINE = """INSERT INTO billing_line (posting_id, account_id, posted_on, amount)
    SELECT {}, id, '2026-11-01', {} FROM billing_account WHERE code = 'bank'"""


@pytest.fixture(autouse=True)
def posted(alice: Customer) -> Posting:
    with transaction.atomic():
        return posting.post(sale(alice), now())


def run(*statements: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.mark.feature("W-5")
@pytest.mark.parametrize("table", TABLES)
def test_rows_are_not_deleted(table: str) -> None:
    with pytest.raises(IntegrityError, match="append-only"):
        run(f"DELETE FROM {table}")
    with pytest.raises(IntegrityError, match="append-only"):
        run(f"TRUNCATE {table} CASCADE")


@pytest.mark.feature("W-5")
@pytest.mark.parametrize("table", TABLES[:7])
def test_rows_are_not_edited(table: str) -> None:
    column = {"billing_billedperiod": "generation", "billing_seal": "seq"}.get(table, "id")
    with pytest.raises(IntegrityError, match="append-only"):
        run(f"UPDATE {table} SET {column} = {column}")


def test_balanced_lines_and_posting_in_any_order_are_accepted() -> None:
    run(POSTING, LINE.format(-1, 5), LINE.format(-1, -5))
    assert Posting.objects.filter(pk=-1).exists()


@pytest.mark.parametrize(
    "statements",
    [
        [POSTING],
        [POSTING, LINE.format(-1, 5)],
        [LINE.format(-1, 5), LINE.format(-1, -4), POSTING],
    ],
    ids=["no lines", "one line", "one cent too few"],
)
def test_an_incomplete_posting_is_refused_at_commit(statements: list[str]) -> None:
    with pytest.raises(IntegrityError, match="do not sum to zero"):
        run(*statements)


def test_lines_without_a_posting_are_refused() -> None:
    with pytest.raises(IntegrityError):
        run(LINE.format(-1, 5), LINE.format(-1, -5))


def test_a_sealed_posting_takes_no_more_lines(posted: Posting) -> None:
    with pytest.raises(IntegrityError, match="is sealed"):
        run(LINE.format(posted.pk, 5), LINE.format(posted.pk, -5))


def test_a_posting_cannot_be_slipped_under_an_old_seal() -> None:
    old = POSTING.removeprefix(f"{SEAL}; ").replace(", 2)", ", 1)")
    with pytest.raises(IntegrityError, match="seal 1 is closed"):
        run(LINE.format(-1, 5), LINE.format(-1, -5), old)


@pytest.mark.parametrize("postings", [0, 2])
def test_a_seal_holds_what_it_says(postings: int) -> None:
    lying = POSTING.replace("SELECT 2, 1,", f"SELECT 2, {postings},")
    with pytest.raises(IntegrityError, match="does not hold its"):
        run(LINE.format(-1, 5), LINE.format(-1, -5), lying)


def test_a_receivable_names_who_owes_it() -> None:
    with pytest.raises(IntegrityError, match="names nobody"):
        run(LINE.format(-1, 5).replace("'bank'", "'receivable'"))


def test_a_document_is_posted_and_only_once(alice: Customer) -> None:
    made = builders.invoice(alice)
    columns = "kind, year, customer_id, payer_id, party_id, issuer_id, issued_on, due_on, net, vat, total"
    with pytest.raises(IntegrityError, match="INV-X is not posted"):
        run(f"""INSERT INTO billing_document (number, reference, {columns})
                SELECT 2, 'INV-X', {columns} FROM billing_document""")
    again = POSTING.replace("memo, digest", "memo, document_id, digest").replace(
        "'x', '',", f"'x', {made.pk}, '',"
    )
    with pytest.raises(IntegrityError, match="billing_posting_document_once"):
        run(
            LINE.format(-1, 5),
            LINE.format(-1, -5),
            again.replace("SELECT 2,", "SELECT 3,").replace(", 2)", ", 3)"),
        )


def test_a_line_of_nothing_is_refused() -> None:
    with pytest.raises(IntegrityError, match="billing_line_amount_not_zero"):
        run(POSTING, LINE.format(-1, 0))


def test_a_cause_posts_once() -> None:
    with pytest.raises(IntegrityError, match="source_key"):
        run(LINE.format(-1, 5), LINE.format(-1, -5), POSTING.replace("'x',", "'sale:1',", 1))


@pytest.mark.parametrize("seq", ["seq - 1", "seq + 2"])
def test_the_chain_only_goes_on(seq: str) -> None:
    with pytest.raises(IntegrityError, match="the chain goes on"):
        run(f"UPDATE billing_chainhead SET seq = {seq}")


def test_numbers_only_go_on() -> None:
    run("INSERT INTO billing_numbersequence (kind, year, last) VALUES ('invoice', 2026, 5)")
    with pytest.raises(IntegrityError, match="only go on"):
        run("UPDATE billing_numbersequence SET last = 4")


def test_a_party_can_be_erased_once_and_not_rewritten(alice: Customer) -> None:
    run(
        f"""INSERT INTO billing_party (customer_id, name, address, vat_number, digest)
            VALUES ({alice.pk}, 'Alice', 'Oxford', '', 'd')"""
    )
    with pytest.raises(IntegrityError, match="only be erased"):
        run("UPDATE billing_party SET name = 'Mallory'")
    erase = "UPDATE billing_party SET name = '(erased)', address = '', vat_number = '', erased_at = now()"
    with pytest.raises(IntegrityError, match="only be erased"):
        run(erase + ", digest = 'e'")
    run(erase)
    with pytest.raises(IntegrityError, match="only be erased"):
        run(erase)


def test_a_run_is_for_a_whole_month() -> None:
    insert = """INSERT INTO billing_run (period_start, period_end, issue_on, state, created_at, digest, planned,
        planned_total, certificate) VALUES ('{}', '{}', '2026-11-01', 'draft', now(), '', 0, 0, '{{}}')"""
    run(insert.format(date(2026, 2, 1), date(2026, 3, 1)))
    for start, end in (
        ("2026-11-02", "2026-12-01"),
        ("2026-11-01", "2026-12-02"),
        ("2026-11-01", "2027-01-01"),
    ):
        with pytest.raises(IntegrityError, match="whole_month"):
            run(insert.format(start, end))
