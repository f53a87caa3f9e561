"""Numbers behind the stems: shared by persons and companies, never reused, safe with two people at once."""

import threading

import pytest
from django.db import IntegrityError, connection, transaction

from customers.accounts import gates, numbering
from customers.accounts.models import CodeAlias, CodeCounter, GateKind
from ispbilling.core.clock import now
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.mark.feature("ACC-10")
@pytest.mark.feature("D-25")
def test_it_counts_one_sequence_per_stem() -> None:
    assert [numbering.next_code(stem) for stem in ("FRI", "FRI", "ALI", "FRI")] == [
        "FRI001", "FRI002", "ALI001", "FRI003",
    ]  # fmt: skip


@pytest.mark.feature("D-23")
def test_it_never_gives_the_number_of_a_deleted_customer_again() -> None:
    for code in ("FRI001", "FRI002", "FRI003"):
        customer = builders.customer(code=code)
    gates.close(customer, GateKind.DELETED, now(), actor=None)
    assert numbering.next_code("FRI") == "FRI004"


def test_it_never_gives_a_former_code_again() -> None:
    CodeAlias.objects.create(customer=builders.customer(code="XYZ001"), code="FRI007")
    assert numbering.next_code("FRI") == "FRI008"


def test_it_overflows_into_four_digits() -> None:
    CodeCounter.objects.create(stem="FRI", last=999)
    assert numbering.next_code("FRI") == "FRI1000"


def test_it_goes_past_a_typed_code() -> None:
    numbering.claim("FRI041")
    numbering.claim("FRI007")
    numbering.claim("OWN-CONVENTION")
    assert numbering.next_code("FRI") == "FRI042"


def test_it_shows_the_next_code_without_taking_it() -> None:
    builders.customer(code="FRI004")
    assert [numbering.peek("FRI"), numbering.peek("FRI"), numbering.next_code("FRI")] == ["FRI005"] * 3
    assert numbering.peek("FRI") == "FRI006"


def test_it_skips_a_code_that_came_in_another_way() -> None:
    numbering.next_code("FRI")
    builders.customer(code="FRI002")
    assert numbering.next_code("FRI") == "FRI003"


def test_it_keeps_codes_unique_and_in_shape_in_the_database() -> None:
    builders.customer(code="FRI001")
    for code in ("FRI001", "fri001", "FR 1", ""):
        with pytest.raises(IntegrityError), transaction.atomic():
            builders.customer(code=code)


@pytest.mark.django_db(transaction=True)
def test_it_gives_two_people_at_once_different_numbers() -> None:
    """The second waits for the first to commit, then takes the next number."""
    second: list[str] = []

    def other() -> None:
        with transaction.atomic():
            second.append(numbering.next_code("FRI"))
        connection.close()

    thread = threading.Thread(target=other)
    with transaction.atomic():
        first = numbering.next_code("FRI")
        thread.start()
        thread.join(0.3)
        assert thread.is_alive(), "the second transaction has to wait for the counter's lock"
    thread.join(10)
    assert [first, *second] == ["FRI001", "FRI002"]


def test_many_at_once_are_counted_as_one_by_one() -> None:
    numbering.next_code("FRI")
    builders.customer(code="FRI003")
    CodeAlias.objects.create(customer=builders.customer(code="XYZ001"), code="ALI002")
    given = numbering.next_codes({"FRI": 3, "ALI": 2, "NEW": 1}, ["ALI001", "NEW007", "OWN-CODE", "OTH005"])
    assert given == {"FRI": ["FRI002", "FRI004", "FRI005"], "ALI": ["ALI003", "ALI004"], "NEW": ["NEW008"]}
    assert [numbering.next_code(stem) for stem in ("FRI", "ALI", "NEW", "OTH")] == [
        "FRI006", "ALI005", "NEW009", "OTH006",
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_many_at_once_leave_no_gap_beside_somebody_who_adds_one() -> None:
    stems = {f"S{n:02}": 5 for n in range(20)}
    given: list[str] = []

    def some() -> None:
        try:
            for _ in range(3):
                with transaction.atomic():
                    found = numbering.next_codes(stems)
                given.extend(code for codes in found.values() for code in codes)
                given.append(numbering.next_code("S07"))
        finally:
            connection.close()

    threads = [threading.Thread(target=some) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = {f"{stem}{n:03}" for stem in stems for n in range(1, 61)} | {
        f"S07{n:03}" for n in range(61, 73)
    }
    assert len(given) == len(set(given))
    assert set(given) == expected
