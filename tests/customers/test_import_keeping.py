"""What is kept of an import is personal data: encrypted, and forgotten when its time is over."""

from datetime import timedelta

import pytest
from django.db import connection

from customers import sweeps
from customers.imports import forgetting, undoing
from customers.imports.models import KEEP
from customers.models import Customer, CustomerImport, ImportPart, ImportRow
from ispbilling.core.clock import now
from ispbilling.core.errors import DomainError
from tests import builders
from tests.customers.importing import as_csv, checked, imported, undone, upload

pytestmark = pytest.mark.django_db
FILE = as_csv(
    ["1", "Alice", "Home", "8001015009087"], ["2", "", "Home", "7503305044089"],
    headings=("External ID", "Name", "Customer group", "ID number"),
)  # fmt: skip


@pytest.fixture(autouse=True)
def home(db: None) -> None:
    builders.group(title="Home")


def stored() -> bytes:
    """Every octet that is kept of imports, as it lies in the database."""
    found = []
    with connection.cursor() as cursor:
        for table in ("customerimport", "importpart", "importrow", "rememberedmapping"):
            cursor.execute(f"SELECT row_to_json(t)::text FROM customers_{table} t")
            found += [row[0] for row in cursor.fetchall()]
    return "".join(found).encode()


def test_nothing_of_a_person_can_be_read_in_the_database() -> None:
    one = checked(FILE)
    assert one.bad == 1
    kept = stored()
    for text in ("Alice", "8001015009087", "7503305044089"):
        assert text.encode() not in kept
        assert text.encode().hex().encode() not in kept


def test_the_file_and_its_rows_are_forgotten_when_their_time_is_over() -> None:
    one = imported(as_csv(["1", "Alice", "Home"]))
    early, late = now() + KEEP - timedelta(hours=1), now() + KEEP + timedelta(hours=1)
    assert len(sweeps.forget_imports(early)) == 0
    assert sweeps.forget_imports(late).apply(late).applied == 1
    one.refresh_from_db()
    assert (one.state, one.to_create, one.first_rows) == ("applied", 1, "")
    assert not ImportPart.objects.exists()
    assert not ImportRow.objects.exists()
    assert Customer.objects.count() == 1
    with pytest.raises(DomainError, match="forgotten"):
        undoing.request(one, late, actor=None)
    assert len(sweeps.forget_imports(late)) == 0


def test_a_discarded_import_is_forgotten_at_once() -> None:
    one = checked(FILE)
    forgetting.discard(one, now(), actor=None)
    assert not ImportPart.objects.exists()
    assert not ImportRow.objects.exists()
    assert CustomerImport.objects.get().state == "discarded"
    with pytest.raises(DomainError, match="cannot be discarded any more"):
        forgetting.discard(imported(as_csv(["1", "Alice", "Home"])), now(), actor=None)


def test_an_erased_customer_is_forgotten_by_the_import_it_came_in() -> None:
    one = imported(as_csv(["1", "Alice", "Home"], ["2", "Bob", "Home"]))
    alice = Customer.objects.get(external_id="1")
    assert forgetting.forget_customer(alice.pk) == 1
    assert not one.parts.exists()
    assert undone(one).lines.get().outcome == "removed"
    assert Customer.objects.get() == alice


def test_a_refused_file_leaves_nothing() -> None:
    with pytest.raises(DomainError):
        upload(b"%PDF-1.7")
    assert not CustomerImport.objects.exists()
