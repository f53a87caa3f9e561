"""The table of worked examples, each row through the real act: name in, account code out."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from customers.accounts import gates
from customers.accounts.models import CodeCounter, Customer, GateKind
from customers.accounts.onboarding import NewCustomer, add_customer
from customers.models import Preferences
from ispbilling.core.clock import now
from ispbilling.core.errors import DomainError
from tests import builders

P, C = "individual", "company"
ROWS = [
    ("2D Consulting", C, "2DC001"),
    ("Frikkie Visser", P, "FRI001"),
    ("Tannie Poeke Smit", P, "POE001"),
    ("Dr. K Retief", P, "KRE001"),
    ("I @ U Consulting", C, "IUC001"),
    ("Mr. Piet Slabbert", P, "PIE001"),
    ("G Joubert", P, "GJO001"),
    ("Jennifer du Plessis", P, "JEN001"),
    ("Alice Liddel", P, "ALI001"),
    ("Grammy Norma", P, "GRA001"),
    ("Wonderland (Pty) Ltd", C, "WON001"),
    ("Mr. Slabbert", P, "SLA001"),
    ("Jo Smith", P, "JOS001"),
    ("JP Botha", P, "JBO001"),
    ("J.P. Botha", P, "JBO001"),
    ("J P van Wyk", P, "JVA001"),
    ("JP BOTHA", P, "JPB001"),
    ("Slabbert, Piet", P, "PIE001"),
    ("Mr & Mrs Smith", P, "SMI001"),
    ("Mr and Mrs J Smith", P, "JSM001"),
    ("Prof. Dr. K Retief", P, "KRE001"),
    ("Élodie Du Toit", P, "ELO001"),
    ("D'Arcy Nel", P, "DAR001"),
    ("Mary-Anne Botha", P, "MAR001"),
    ("M & J Plumbing", C, "MJP001"),
    ("R&B Ltd", C, "RBL001"),
    ("A & B", C, "ABX001"),
    ("3M", C, "3MX001"),
    ("Mr Price", C, "MRP001"),
]


def add(name: str, kind: str = P, **more: object) -> str:
    home = more.pop("group", None) or builders.group()
    return add_customer(NewCustomer(group=home, name=name, type=kind, **more), now(), actor=None).code


@pytest.mark.feature("ACC-1", "ACC-2", "ACC-4", "ACC-5", "ACC-6", "ACC-7", "ACC-8", "ACC-9", "D-24")
@pytest.mark.parametrize(("name", "kind", "code"), ROWS)
def test_it_gives_the_code_of_the_table(db: None, name: str, kind: str, code: str) -> None:
    assert add(name, kind) == code


@pytest.mark.feature("ACC-10")
@pytest.mark.parametrize("kind", [P, C])
@pytest.mark.parametrize("name", ["@@@", ""])
def test_it_gives_no_code_where_nothing_is_left(db: None, name: str, kind: str) -> None:
    with pytest.raises(DomainError, match="no letters or digits"):
        add(name, kind)


@pytest.mark.feature("ACC-3", "D-23", "D-25")
def test_persons_and_companies_count_on_and_no_number_comes_back(db: None) -> None:
    assert [add("Frikkie Visser"), add("Frikkie Nel"), add("Fritz (Pty) Ltd", C)] == [
        "FRI001",
        "FRI002",
        "FRI003",
    ]
    gates.close(Customer.objects.get(code="FRI003"), GateKind.DELETED, now(), actor=None)
    assert add("Friedl") == "FRI004"
    CodeCounter.objects.filter(stem="FRI").update(last=999)
    assert add("Frik") == "FRI1000"


@pytest.mark.feature("ACC-4")
def test_the_provider_says_which_words_are_titles(db: None) -> None:
    assert add("Baas Jan Nel") == "BAA001"
    Preferences.objects.update(titles="Baas")
    assert [add("Baas Jan Nel"), add("Dr Jan Nel")] == ["JAN001", "DRJ001"]


STEMS = [f"{first}{second}a Nel" for first in "ABCDE" for second in "lmno"]


@pytest.mark.feature("ACC-10", "D-23")
@pytest.mark.django_db(transaction=True)
def test_two_hundred_at_once_get_different_codes_without_a_gap() -> None:
    """Forty people at a time, each on a connection of its own; every eleventh is refused and leaves no gap."""
    groups = [builders.group() for _ in range(7)]
    builders.staff(username="taken")
    start = threading.Barrier(40)

    def one(n: int) -> str:
        try:
            if n < 40:
                start.wait(10)
            try:
                return add(STEMS[n % 20], group=groups[n % 7], username="taken" if n % 11 == 10 else "")
            except DomainError:
                return ""
        finally:
            connection.close()

    with ThreadPoolExecutor(40) as people:
        given = list(people.map(one, range(220)))
    codes = [code for code in given if code]
    assert len(codes) == len(set(codes)) == 200
    for stem in {code[:3] for code in codes}:
        assert sorted(c for c in codes if c.startswith(stem)) == [f"{stem}{n:03}" for n in range(1, 11)]
    assert set(CodeCounter.objects.values_list("last", flat=True)) == {10}
