"""What a call costs: worked examples as a carrier's price list has them, and what holds for every call."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.calls.numbers import normal, shown, spoken
from billing.calls.rating import Deck, Rate, by_rate, charged_seconds, marked_up

pytestmark = pytest.mark.feature("SET-2")

LOCAL = Rate("2721", "Cape Town", Decimal("0.4000"), first_seconds=60, next_seconds=60)
MOBILE = Rate("278", "Mobile", Decimal("0.9000"))
VODACOM = Rate("2782", "Vodacom", Decimal("0.8500"), Decimal("0.1000"), 30, 6, Decimal("0.5500"))
ALL = Rate("27", "South Africa", Decimal("1.0000"))
DECK = Deck([LOCAL, MOBILE, VODACOM, ALL])


@pytest.mark.parametrize(
    ("rate", "seconds", "costs"),
    [
        (LOCAL, 0, "0"),  # nobody answered
        (LOCAL, 1, "0.4000"),  # a whole minute
        (LOCAL, 60, "0.4000"),
        (LOCAL, 61, "0.8000"),
        (MOBILE, 1, "0.0150"),  # by the second
        (MOBILE, 134, "2.0100"),  # 2 min 14 s
        (VODACOM, 10, "0.5500"),  # 30 s are 0.425 and the fee: less than the minimum
        (VODACOM, 33, "0.6100"),  # 36 s: 0.51 and the fee
        (VODACOM, 3600, "51.1000"),
        (Rate("1", "Thirds", Decimal(1)), 20, "0.3333"),
    ],
)
def test_a_call_costs_its_increments_fee_and_minimum(rate: Rate, seconds: int, costs: str) -> None:
    assert by_rate(rate, seconds) == Decimal(costs)


def test_the_longest_prefix_wins() -> None:
    assert [
        DECK.rate_of(called)
        for called in ("27821234567", "27831234567", "27115550100", "442071234567", "anonymous")
    ] == [VODACOM, MOBILE, ALL, None, None]
    assert Deck([]).price("27821234567", 60, None) is None


def test_a_markup_applies_to_what_the_carrier_told_and_rates_to_the_rest() -> None:
    deck = Deck([ALL], markup=Decimal("25.00"))
    assert deck.price("27821234567", 60, Decimal("0.4000")).price == Decimal("0.5000")
    assert deck.price("27821234567", 60, None).price == Decimal("1.0000")
    assert deck.price("442071234567", 60, Decimal("2")).price == Decimal("2.5000")
    assert deck.price("442071234567", 60, None) is None
    assert DECK.price("27115550100", 60, Decimal("0.4")).price == Decimal("1.0000")  # no markup: by rate


PREFIXES = st.text("0123456789", min_size=1, max_size=5)
PRICES = st.decimals(0, 99, places=4)
RATES = st.builds(
    Rate, PREFIXES, st.just("x"), PRICES, PRICES, st.integers(1, 120), st.integers(1, 120), PRICES
)


@given(st.lists(RATES, max_size=12, unique_by=lambda rate: rate.prefix), st.text("0123456789", max_size=8))
def test_no_longer_prefix_of_the_number_has_a_rate(rates: list[Rate], called: str) -> None:
    fitting = [rate for rate in rates if called.startswith(rate.prefix)]
    assert Deck(rates).rate_of(called) == max(fitting, key=lambda rate: len(rate.prefix), default=None)


@given(RATES, st.integers(1, 20_000), st.integers(0, 600))
def test_a_longer_call_never_costs_less_nor_any_less_than_it_must(
    rate: Rate, seconds: int, more: int
) -> None:
    cost, counted = by_rate(rate, seconds), charged_seconds(rate, seconds)
    assert cost <= by_rate(rate, seconds + more)
    assert cost >= rate.minimum_charge
    assert cost >= rate.connection_fee
    assert seconds <= counted < seconds + max(rate.first_seconds, rate.next_seconds)
    assert (counted - rate.first_seconds) % rate.next_seconds == 0
    exact = rate.connection_fee + rate.per_minute * counted / 60
    assert abs(cost - max(exact, rate.minimum_charge)) <= Decimal("0.00005")


@given(PRICES, st.decimals(0, 1000, places=2))
def test_a_markup_is_never_below_the_cost(cost: Decimal, markup: Decimal) -> None:
    assert cost <= marked_up(cost, markup) <= cost * 11


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        ("+27 21 555 0100", "27215550100"),
        ("0027215550100", "27215550100"),
        ("(021) 555-0100", "27215550100"),
        ("27215550100", "27215550100"),
        ("215550100", "27215550100"),
        ("442071234567", "442071234567"),
        ("10111", "2710111"),
        ("101", "27101"),
        ('"Alice" <021 555 0100>', "27215550100"),
        ("sip:Alice-101@pbx.example.test;transport=udp", "alice-101"),
        ("tel:+27215550100", "27215550100"),
        ("anonymous", "anonymous"),
        ("  ", ""),
    ],
)
def test_numbers_have_one_form_however_they_are_written(text: str, identity: str) -> None:
    assert normal(text, "27") == identity
    assert normal(shown(identity, "27"), "27") == identity


@given(st.text("0123456789+ -", max_size=20))
def test_what_is_shown_of_a_number_can_be_typed_again(text: str) -> None:
    identity = normal(text, "27")
    assert normal(shown(identity, "27"), "27") == identity


def test_durations_read_as_people_say_them() -> None:
    assert [spoken(seconds) for seconds in (0, 45, 134, 8040, 3600)] == [
        "0 s",
        "45 s",
        "2 m",
        "2 h 14 m",
        "1 h 0 m",
    ]
