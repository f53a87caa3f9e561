"""The accounting code: every example of the guide, the edge cases, and the shape for whatever is typed."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.accounts import codes

PERSONS = {
    "Frikkie Visser": "FRI",
    "Tannie Poeke Smit": "POE",
    "Dr. K Retief": "KRE",
    "Mr. Piet Slabbert": "PIE",
    "G Joubert": "GJO",
    "Jennifer du Plessis": "JEN",
    "Alice Liddel": "ALI",
    "Grammy Norma": "GRA",
    "Mr. Slabbert": "SLA",
    "Jo Smith": "JOS",
    "JP Botha": "JBO",
    "J.P. Botha": "JBO",
    "J P van Wyk": "JVA",
    "JP BOTHA": "JPB",
    "Slabbert, Piet": "PIE",
    "Mr & Mrs Smith": "SMI",
    "Mr and Mrs J Smith": "JSM",
    "Prof. Dr. K Retief": "KRE",
    "Mnr en Mev Botha": "BOT",
    "Élodie Du Toit": "ELO",
    "D'Arcy Nel": "DAR",
    "Mary-Anne Botha": "MAR",
    "Łukasz Øre": "LUK",
    "Bo": "BOX",
    "Mr": "MRX",
    "  Frikkie   Visser ": "FRI",
}
COMPANIES = {
    "2D Consulting": "2DC",
    "I @ U Consulting": "IUC",
    "Wonderland (Pty) Ltd": "WON",
    "Fritz (Pty) Ltd": "FRI",
    "M & J Plumbing": "MJP",
    "R&B Ltd": "RBL",
    "A & B": "ABX",
    "3M": "3MX",
    "Mr Price": "MRP",
    "Dr Dish": "DRD",
}


@pytest.mark.feature("ACC-1")
@pytest.mark.feature("ACC-3")
@pytest.mark.feature("ACC-4")
@pytest.mark.feature("ACC-5")
@pytest.mark.feature("ACC-6")
@pytest.mark.parametrize(("name", "expected"), PERSONS.items())
def test_it_cuts_a_persons_stem_from_the_first_name(name: str, expected: str) -> None:
    assert codes.stem(name, company=False) == expected


@pytest.mark.feature("ACC-2")
@pytest.mark.feature("ACC-3")
@pytest.mark.feature("ACC-7")
@pytest.mark.feature("ACC-8")
@pytest.mark.feature("ACC-9")
@pytest.mark.feature("D-24")
@pytest.mark.parametrize(("name", "expected"), COMPANIES.items())
def test_it_cuts_a_companys_stem_from_the_whole_name(name: str, expected: str) -> None:
    assert codes.stem(name, company=True) == expected


@pytest.mark.feature("ACC-10")
@pytest.mark.parametrize("name", ["", "   ", "@@@", "&", "王小明", ", ,"])
@pytest.mark.parametrize("company", [True, False])
def test_it_has_no_stem_for_a_name_without_letters(name: str, company: bool) -> None:
    assert codes.stem(name, company=company) is None


@given(st.text(), st.booleans())
def test_it_never_raises_and_always_has_the_shape(name: str, company: bool) -> None:
    stem = codes.stem(name, company=company)
    assert stem is None or re.fullmatch(r"[A-Z0-9]{3}", stem)
    codes.lacks_first_name(name)


@pytest.mark.feature("ACC-5")
def test_it_knows_when_to_ask_for_the_first_name() -> None:
    assert all(map(codes.lacks_first_name, ["Mr. Slabbert", "G Joubert", "JP Botha", "Dr. K Retief"]))
    assert not any(map(codes.lacks_first_name, ["Mr. Piet Slabbert", "Frikkie Visser", "Madonna", ""]))


@pytest.mark.feature("ACC-4")
def test_it_drops_the_titles_of_the_setting_and_no_others() -> None:
    titles = codes.title_words("Mnr, Tannie; Éminence\nPs.")
    assert codes.stem("Éminence Tannie Poeke", company=False, titles=titles) == "POE"
    assert codes.stem("Doctor Kay", company=False, titles=titles) == "DOC"
    assert codes.lacks_first_name("Mnr Botha", titles)
    assert codes.stem("Mr Jo Nel", company=False, titles=frozenset()) == "MRJ"


@pytest.mark.feature("ACC-1")
def test_it_writes_at_least_three_digits_and_overflows_into_four() -> None:
    assert [codes.code("FRI", n) for n in (1, 12, 999, 1000)] == ["FRI001", "FRI012", "FRI999", "FRI1000"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("FRI001", ("FRI", 1)),
        ("2DC1000", ("2DC", 1000)),
        ("112001", ("112", 1)),
        ("FRI", None),
        ("FRI-001", None),
        ("FRI1234567890", None),
    ],
)
def test_it_reads_back_the_number_of_a_code(code: str, expected: tuple[str, int] | None) -> None:
    assert codes.numbered(code) == expected


@pytest.mark.feature("ADD-4")
def test_it_tidies_a_typed_code_and_refuses_other_characters() -> None:
    assert codes.tidy(" cpt/fri-1_a ") == "CPT/FRI-1_A"
    for wrong in ("", "A B", "FRI001!", "É01", "X" * 21):
        with pytest.raises(ValueError, match="1 to 20"):
            codes.tidy(wrong)
