"""Who opened which profile: written down once a quarter of an hour, never changed, read by those who may."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from customers.accounts.models import Customer
from customers.models import Visit
from customers.protection import visits
from ispbilling.core.clock import now
from ispbilling.core.models import Event, Role, User
from tests import builders

pytestmark = pytest.mark.feature("PRO-3")


def test_opening_a_profile_is_written_down_once_a_quarter_of_an_hour(
    as_manager: Client, manager: User, alice: Customer, bob: Customer
) -> None:
    for _ in range(3):
        as_manager.get(alice.get_absolute_url())
    as_manager.get(bob.get_absolute_url())
    assert alice.visits.filter(user=manager).count() in (1, 2), "two when the quarter just changed"
    assert bob.visits.count() == 1
    later = now() + timedelta(minutes=16)
    before = alice.visits.count()
    visits.note(alice, manager, later)
    visits.note(alice, builders.staff(), later)
    assert alice.visits.count() == before + 2


def test_no_header_hides_who_looked(as_manager: Client, alice: Customer) -> None:
    """A page or a widget of it, however it is asked for: one visit."""
    asked_by_script = {"HX-Request": "true", "HX-Target": "widget-account"}
    as_manager.get(alice.get_absolute_url(), {"widget": "account"}, headers=asked_by_script)
    assert alice.visits.count() == 1
    as_manager.get(alice.get_absolute_url(), headers=asked_by_script)
    as_manager.get(alice.get_absolute_url(), {"widget": "account"})
    assert alice.visits.count() == 1


def test_the_edit_dialog_shows_as_much_and_counts_as_much(as_manager: Client, alice: Customer) -> None:
    as_manager.get(reverse("customers:customer_edit", args=[alice.pk]))
    assert alice.visits.count() == 1


def test_it_costs_one_statement(manager: User, alice: Customer, django_assert_num_queries) -> None:  # noqa: ANN001 - a fixture of pytest-django
    with transaction.atomic(), django_assert_num_queries(1):
        visits.note(alice, manager, now())


@pytest.mark.parametrize(
    "statement", ["UPDATE customers_visit SET at = now()", "DELETE FROM customers_visit"]
)
def test_the_database_refuses_to_change_it(manager: User, alice: Customer, statement: str) -> None:
    visits.note(alice, manager, now())
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute(statement)


def test_it_is_read_and_exported_by_those_who_may(
    as_manager: Client, manager: User, alice: Customer, bob: Customer
) -> None:
    sam = builders.staff(Role.SUPPORT, first_name="Sam")
    visits.note(alice, sam, now())
    visits.note(bob, manager, now())
    there = reverse("customers:customer_visits", args=[alice.pk])
    found = as_manager.get(there).content.decode()
    assert "Sam" in found
    lines = b"".join(as_manager.get(there, {"export": "csv"}).streaming_content).decode().splitlines()
    assert lines[0].lstrip("\ufeff") == "Opened,By,Role"
    assert lines[1].endswith("Sam,Support")
    support = Client()
    support.force_login(sam)
    assert support.get(there).status_code == 403
    assert "Data Protection" not in support.get(alice.get_absolute_url()).content.decode()
    assert "Data Protection" in as_manager.get(alice.get_absolute_url()).content.decode()


def test_the_id_number_is_shown_for_a_reason_that_stays(as_manager: Client, alice: Customer) -> None:
    Customer.objects.filter(pk=alice.pk).update(id_number="8001015009087")
    there = reverse("customers:customer_id_number", args=[alice.pk])
    assert "8001015009087" not in as_manager.post(there, {"reason": " "}).content.decode()
    assert not Event.objects.filter(kind="customer.id_number_shown").exists()
    assert "8001015009087" in as_manager.post(there, {"reason": "RICA audit"}).content.decode()
    page = as_manager.get(reverse("protection:subject", args=[alice.pk])).content.decode()
    assert "RICA audit" in page
    assert "8001015009087" not in page
    assert Visit.objects.count() == 0
