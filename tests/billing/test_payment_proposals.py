"""Whose money may it be: read from what people write on a payment."""

from decimal import Decimal

import pytest

from billing.payments import proposing
from billing.payments.proposing import Clue, invoice_references, words
from customers.accounts import gates
from customers.models import CodeAlias, Customer, GateKind
from ispbilling.core.clock import now
from tests import builders


def proposed(text: str, amount: str = "1.00") -> list[tuple[str, str, bool]]:
    found = proposing.propose([Clue(1, text, Decimal(amount))], now()).get(1, [])
    return [(one.customer.code, one.why, one.sure) for one in found]


def test_words_of_a_reference_are_whole_joined_and_inside_of_others() -> None:
    assert words("pie 001 rent") == ["PIE", "001", "RENT", "PIE001", "001RENT"]
    assert "PIE001" in words("ABSAPIE001 INTERNET")
    assert "PIE001" in words("eft/pie001-nov")
    assert "PIE0012" not in words("XPIE00123456")
    assert words("\x00 ²é") == []
    assert len(words("A1 " * 10_000)) < 10


@pytest.mark.parametrize(
    ("text", "references"),
    [
        ("INV-2026-000012", ["INV-2026-000012"]),
        ("pay inv2026 12 thanks", ["INV-2026-000012"]),
        ("inv 2026/000012", ["INV-2026-000012"]),
        ("cell 0822026123", []),
    ],
)
def test_invoice_references_are_read_however_they_are_written(text: str, references: list[str]) -> None:
    assert invoice_references(text) == references


@pytest.mark.parametrize("text", ["ALI001", "ali 001 fibre", "FNB APP PAYMENT FROM ALI001", "ABSAALI001"])
def test_an_account_code_names_the_customer(alice: Customer, bob: Customer, text: str) -> None:
    assert [(code, sure) for code, _, sure in proposed(text)] == [("ALI001", True)]


def test_a_former_code_names_the_customer(alice: Customer) -> None:
    CodeAlias.objects.create(customer=alice, code="OLD007")
    assert proposed("old007") == [("ALI001", "former account code OLD007", True)]


def test_an_invoice_number_names_who_pays_it(alice: Customer, bob: Customer) -> None:
    builders.invoice(bob, payer=alice)
    assert proposed("inv2026-1") == [("ALI001", "invoice INV-2026-000001", True)]


def test_a_sub_accounts_code_names_its_master(alice: Customer, bob: Customer) -> None:
    Customer.objects.filter(pk=alice.pk).update(is_master=True)
    Customer.objects.filter(pk=bob.pk).update(master=alice, bill_all_to_master=True)
    assert proposed("bob001") == [("ALI001", "account code BOB001, which it pays for", True)]


def test_who_owes_exactly_this_much_is_a_guess(alice: Customer, bob: Customer) -> None:
    builders.invoice(alice)
    assert proposed("thank you", "115.00") == [("ALI001", "owes exactly this much", False)]
    assert proposed("thank you", "115.01") == []


def test_many_who_owe_the_same_say_nothing() -> None:
    for _ in range(4):
        builders.invoice(builders.customer())
    assert proposed("thank you", "115.00") == []


def test_a_deleted_customer_is_not_proposed(alice: Customer) -> None:
    gates.close(alice, GateKind.DELETED, now(), actor=None, reason="gone")
    assert proposed("ALI001") == []


def test_a_code_that_is_a_word_or_a_number_is_a_guess() -> None:
    builders.customer(code="RENT")
    builders.customer(code="2026")
    assert [sure for _, _, sure in proposed("rent 2026")] == [False, False]


def test_only_one_name_is_certain(alice: Customer, bob: Customer) -> None:
    def certain(text: str) -> str | None:
        found = proposing.certain(proposing.propose([Clue(1, text, Decimal(1))], now()).get(1, []))
        return found.customer.code if found else None

    assert certain("ali001") == "ALI001"
    assert certain("ali001 and bob001") is None
    assert certain("nobody") is None
