"""What somebody who owns the database can still do to payments is found and named."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from billing.models import Payment
from billing.payments.verification import findings
from customers.models import Customer
from tests import builders
from tests.billing.test_verify_ledger import tamper

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def paid(alice: Customer, bob: Customer) -> list[Payment]:
    return [builders.payment(alice), builders.payment(bob), builders.payment(None)]


def test_untouched_payments_verify() -> None:
    assert list(findings()) == []


@pytest.mark.feature("W-5")
@pytest.mark.parametrize(
    "change",
    [
        "amount = 99",
        "payer_id = NULL, party_id = NULL",
        "payer_id = (SELECT id FROM customers_customer WHERE code = 'BOB001')",
        "taken_back_on = received_on",
        "into_account = 'gateway_clearing'",
    ],
)
def test_a_payment_that_says_something_else_than_the_ledger_is_named(change: str) -> None:
    tamper(f"UPDATE billing_payment SET {change} WHERE number = 1")
    (found,) = findings()
    assert found.startswith("REC-2026-000001 of ")
    with pytest.raises(CommandError, match="1 findings"):
        call_command("verify_ledger")


@pytest.mark.feature("W-5")
def test_a_missing_payment_is_named_with_what_it_left_behind(paid: list[Payment]) -> None:
    pk = paid[1].pk
    tamper(
        f"DELETE FROM billing_paymentposting WHERE payment_id = {pk}",
        f"DELETE FROM billing_payment WHERE id = {pk}",
    )
    first, second = findings()
    assert first == "receipt 2026 number 2 is missing"
    assert f"(payment:{pk}:0) belongs to no payment" in second


def test_a_number_that_was_never_given_is_named() -> None:
    tamper("UPDATE billing_payment SET number = 7, receipt = 'REC-2026-000007' WHERE number = 3")
    assert set(findings()) == {
        "receipt 2026 number 3 is missing",
        "REC-2026-000007 has a number that was never given",
    }
