"""A mistyped South African ID number is told apart from a right one and from a passport."""

from datetime import date

import pytest
from django.test import Client

from customers.accounts import idnumbers
from customers.accounts.models import Customer
from groups.models import CustomerGroup
from tests import builders

pytestmark = pytest.mark.feature("PRO-3")


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("8001015009087", "8001015009087"),
        (" 800101 5009 087 ", "8001015009087"),
        ("7503305044089", "7503305044089"),
        ("a1234567", "A1234567"),
        ("m-00 123 456", "M00123456"),
        ("", ""),
        ("   ", ""),
    ],
)
def test_what_is_right_is_stored_tidily(typed: str, stored: str) -> None:
    assert idnumbers.tidy(typed) == stored


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("8001015009088", "check digit"),
        ("8001015009078", "check digit"),
        ("8013015009087", "no date of birth"),
        ("8002305009082", "date of birth|check digit"),
        ("12345", "6 to 20 letters and digits"),
        ("A" * 21, "6 to 20"),
        ("PASS<script>", "6 to 20"),
        ("८००१०१५००९०८७", "6 to 20"),
    ],
)
def test_what_is_wrong_says_how(typed: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        idnumbers.tidy(typed)


def test_a_number_tells_when_its_owner_was_born() -> None:
    assert idnumbers.birth_date("8001015009087") == date(1980, 1, 1)
    assert idnumbers.birth_date("A1234567") is None
    assert not idnumbers.is_south_african("8001015009088")


def test_the_add_form_refuses_a_mistyped_one_at_its_field(as_manager: Client, db: None) -> None:
    group = CustomerGroup.objects.first() or builders.group()
    data = {
        "group": group.pk, "type": "individual", "contact_name": "Jan Smit", "mobile": "0821234567",
        "email": "jan@example.test", "id_number": "8001015009088",
    }  # fmt: skip
    found = as_manager.post("/customers/add/", data)
    assert "its check digit does not fit" in found.content.decode()
    assert not Customer.objects.filter(name="Jan Smit").exists()
