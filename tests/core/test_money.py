"""Cents are rounded in one place and parts always sum to the whole."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ispbilling.core.money import cents, format_money, split, vat_in_gross, vat_of_net

amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=2)


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("0.005", "0.01"), ("-0.005", "-0.01"), ("1.004", "1.00"), ("2.675", "2.68"), ("199.995", "200.00")],
)
def test_it_rounds_half_away_from_zero(amount: str, rounded: str) -> None:
    assert cents(Decimal(amount)) == Decimal(rounded)


def test_it_gives_the_lost_cent_to_the_first_part() -> None:
    assert split(Decimal("10.00"), [1, 1, 1]) == [Decimal("3.34"), Decimal("3.33"), Decimal("3.33")]


@given(amounts, st.lists(st.integers(0, 400), min_size=1, max_size=12).filter(any))
def test_parts_sum_to_the_whole_and_are_within_a_cent_of_their_share(
    total: Decimal, weights: list[int]
) -> None:
    parts = split(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        share = Fraction(total) * weight / sum(weights)
        assert abs(Fraction(part) - share) < Fraction(1, 100)


def test_it_refuses_to_split_by_nothing_or_below_a_cent() -> None:
    with pytest.raises(ValueError, match="weights"):
        split(Decimal("1.00"), [0, 0])
    with pytest.raises(ValueError, match="whole cents"):
        split(Decimal("1.005"), [1])


@given(st.decimals(min_value=0, max_value=10**7, places=2))
def test_vat_taken_out_of_a_gross_amount_is_the_vat_on_what_is_left_to_the_cent(gross: Decimal) -> None:
    rate = Decimal(15)
    inside = vat_in_gross(gross, rate)
    assert abs(inside - vat_of_net(gross - inside, rate)) <= Decimal("0.01")


def test_it_is_shown_as_on_paper() -> None:
    assert format_money(Decimal("34343.29")) == "R 34,343.29"
    assert format_money(Decimal(0)) == "R 0.00"
    assert format_money(Decimal("-20")) == "-R 20.00"
