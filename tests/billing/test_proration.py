"""A period may be split anywhere, into any number of parts: together they cost what the whole costs."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.recurring.pricing import price
from billing.recurring.proration import Share, portion
from ispbilling.core.money import cents

amounts = st.decimals(min_value=0, max_value=10**7, places=4)
percents = st.decimals(min_value=0, max_value=100, places=2)


def test_half_a_month_costs_half() -> None:
    assert portion(Decimal(599), Share(0, 15, 30)) == Decimal("299.50")


def test_the_odd_cents_of_a_third_are_neither_lost_nor_charged_twice() -> None:
    thirds = [portion(Decimal(100), Share(first, first + 10, 30)) for first in (0, 10, 20)]
    assert sorted(thirds) == [Decimal("33.33"), Decimal("33.33"), Decimal("33.34")]


@pytest.mark.feature("W-6")
@given(amounts, st.integers(28, 31), st.sets(st.integers(1, 30), max_size=8))
def test_the_parts_sum_to_the_whole_and_none_is_negative(amount: Decimal, days: int, cuts: set[int]) -> None:
    edges = [0, *sorted(cut for cut in cuts if cut < days), days]
    parts = [portion(amount, Share(a, b, days)) for a, b in zip(edges, edges[1:], strict=False)]
    assert sum(parts) == cents(amount)
    assert min(parts) >= 0


@given(amounts, st.integers(0, 29), st.integers(1, 30))
def test_a_part_is_within_a_cent_of_its_share(amount: Decimal, first: int, days: int) -> None:
    until = min(first + days, 30)
    exact = amount * (until - first) / 30
    assert abs(portion(amount, Share(first, until, 30)) - exact) <= Decimal("0.01")


@given(amounts, percents, percents, percents, st.booleans())
def test_net_and_vat_are_cents_and_make_up_the_charge(
    unit: Decimal, discount: Decimal, customer: Decimal, rate: Decimal, inclusive: bool
) -> None:
    whole = Share(0, 30, 30)
    made = price(Decimal(2), unit, (discount, customer), whole, rate, includes_vat=inclusive)
    charged = cents(2 * unit * (100 - discount) * (100 - customer) / 10000)
    assert made.net >= 0
    assert made.vat >= 0
    assert made.net == cents(made.net)
    assert made.vat == cents(made.vat)
    assert (made.total if inclusive else made.net) == charged


def test_a_price_that_includes_vat_holds_fifteen_over_a_hundred_and_fifteen() -> None:
    made = price(Decimal(1), Decimal(599), (), Share(0, 30, 30), Decimal(15), includes_vat=True)
    assert (made.net, made.vat) == (Decimal("520.87"), Decimal("78.13"))


ORACLE = """
SELECT CASE WHEN inc THEN g - round(g * v / (100 + v), 2) ELSE g END,
       CASE WHEN inc THEN round(g * v / (100 + v), 2) ELSE round(g * v / 100, 2) END
FROM (SELECT %(inclusive)s AS inc, %(rate)s::numeric AS v,
             round(a * %(until)s / %(of)s, 2) - round(a * %(first)s / %(of)s, 2) AS g
      FROM (SELECT %(quantity)s::numeric * %(unit)s::numeric * (100 - %(d1)s::numeric) / 100
                   * (100 - %(d2)s::numeric) / 100 AS a) x) y
"""


@pytest.mark.feature("W-6")
@pytest.mark.django_db
def test_postgresql_comes_to_the_same_cents() -> None:
    @settings(max_examples=150, deadline=None)
    @given(
        st.decimals(min_value="0.01", max_value=999, places=2),
        st.decimals(min_value=0, max_value=99999, places=4),
        percents,
        percents,
        st.tuples(st.integers(0, 30), st.integers(1, 31)).filter(lambda pair: pair[0] < pair[1]),
        st.sampled_from([Decimal(0), Decimal(14), Decimal(15), Decimal("15.5")]),
        st.booleans(),
    )
    def check(quantity, unit, d1, d2, days, rate, inclusive) -> None:  # type: ignore[no-untyped-def]
        first, until = days
        made = price(quantity, unit, (d1, d2), Share(first, until, 31), rate, includes_vat=inclusive)
        with connection.cursor() as cursor:
            cursor.execute(
                ORACLE,
                {
                    "inclusive": inclusive, "rate": rate, "until": until, "first": first, "of": 31,
                    "quantity": quantity, "unit": unit, "d1": d1, "d2": d2,
                },
            )  # fmt: skip
            assert (made.net, made.vat) == cursor.fetchone()

    check()


def test_a_year_of_months_is_charged_to_the_day() -> None:
    start, whole = date(2026, 1, 1), Decimal("599.00")
    for _ in range(12):
        end = (start + timedelta(days=31)).replace(day=1)
        days = (end - start).days
        assert sum(portion(whole, Share(day, day + 1, days)) for day in range(days)) == whole
        start = end
