"""Positions are read the way people paste them (D-5, EDT-5)."""

from decimal import Decimal

import pytest

from customers.accounts import positions

HERE = (Decimal("-34.067520"), Decimal("18.829710"))


@pytest.mark.feature("D-5")
@pytest.mark.feature("EDT-5")
@pytest.mark.parametrize(
    "text", ["(-34.06752, 18.829709999999977)", "-34.06752,18.82971", " ( -34.067520 ; 18.829710 ) "]
)
def test_it_reads_a_position(text: str) -> None:
    assert positions.parse(text) == HERE


@pytest.mark.parametrize("text", ["", "12 Main Road, 7130", "91, 0", "0, 181", "1,2,3", "a, b", "1,5 2,5"])
def test_it_leaves_alone_what_is_no_position(text: str) -> None:
    assert positions.parse(text) is None


def test_it_shows_what_it_reads() -> None:
    assert positions.parse(positions.show(*HERE)) == HERE
    assert positions.show(None, None) == ""
