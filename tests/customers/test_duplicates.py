"""While a number or an address is typed, customers who have it already are named; nobody is refused."""

import pytest
from django.test import Client

from customers.accounts import gates
from customers.accounts.models import Customer, GateKind
from ispbilling.core.clock import now
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
