"""While a number or an address is typed, customers who have it already are named; nobody is refused."""

from typing import Any

import pytest
from django.test import Client

from customers.accounts import gates
from customers.accounts.models import Customer, GateKind
from ispbilling.core.clock import now
from ispbilling.core.models import Role
from tests import builders

URL = "/customers/hints/duplicates/"


def hint(client: Client, **data: object) -> str:
    return client.post(URL, data).content.decode()


@pytest.mark.feature("ADD-10")
@pytest.mark.parametrize(
    "data",
    [
        {"email": "new@x.test, ALICE@example.test"},
        {"email": "second@example.test"},
        {"phone": "082 123-4567"},
        {"mobile": "+27821234567\n0110000000"},
        {"mobile": "(083) 555 1212"},
    ],
)
def test_it_names_who_shares_a_number_or_an_address(
    as_manager: Client, alice: Customer, data: dict[str, str]
) -> None:
    alice.contacts.update(more_emails="x@y.test\nsecond@example.test", more_mobiles="+27 83 555 1212")
    body = hint(as_manager, **data)
    assert f'href="{alice.get_absolute_url()}"' in body
    assert "ALI001 Alice Liddell" in body
    assert "Nothing stops you" in body


@pytest.mark.parametrize(
    "data",
    [
        {}, {"email": "lice@example.test"}, {"phone": "123456"}, {"phone": "082 123 4568"},
        {"email": "\0", "customer": "²"}, {"email": "x" * 5000, "phone": "9" * 5000},
    ],
)  # fmt: skip
def test_it_says_nothing_where_nothing_is_shared(
    as_manager: Client, alice: Customer, data: dict[str, str]
) -> None:
    assert hint(as_manager, **data).strip() == ""


def test_a_customer_is_no_duplicate_of_itself_and_a_deleted_one_says_so(
    as_manager: Client, alice: Customer, bob: Customer
) -> None:
    gates.close(bob, GateKind.DELETED, now(), actor=None)
    alice.contacts.update(email="bob@example.test")
    body = hint(as_manager, email="bob@example.test", customer=alice.pk)
    assert "ALI001" not in body
    assert "BOB001" in body
    assert "Deleted since" in body


def test_it_names_five_at_most(as_manager: Client, db: None) -> None:
    for _ in range(7):
        builders.customer(email="family@example.test")
    assert hint(as_manager, email="family@example.test").count("<li>") == 5


@pytest.mark.feature("ADD-10")
def test_the_same_id_number_is_a_hint_that_does_not_tell_the_number(
    as_manager: Client, alice: Customer, bob: Customer
) -> None:
    Customer.objects.filter(pk=alice.pk).update(id_number="8001015009087")
    body = hint(as_manager, id_number="800101 5009 087")
    assert "ALI001 Alice Liddell</a> has the same ID number" in body
    assert "5009" not in body
    for other in ("8001015009088", "80010150", ""):
        assert hint(as_manager, id_number=other).strip() == ""


def test_a_lost_key_is_no_fault_of_the_form(as_manager: Client, alice: Customer, settings: Any) -> None:
    Customer.objects.filter(pk=alice.pk).update(id_number="8001015009087")
    settings.SECRETS_KEYS = "other:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="
    assert hint(as_manager, id_number="8001015009087").strip() == ""


def test_who_may_not_edit_learns_nothing(client: Client, alice: Customer) -> None:
    client.force_login(builders.staff(Role.READ_ONLY))
    assert client.post(URL, {"email": "alice@example.test"}).status_code == 403
