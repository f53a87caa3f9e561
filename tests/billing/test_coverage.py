"""Which days of a line are due: every day of service once, whatever its period, and however often it changes."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.recurring.coverage import Billed, Printed, by_month, cycle, left, parts, unused
from billing.recurring.pricing import give_back
from billing.recurring.proration import Share

START = date(2026, 11, 1)
days = st.integers(0, 60).map(lambda n: START + timedelta(days=n))
spans = st.tuples(days, days).map(sorted).filter(lambda pair: pair[0] < pair[1])


def row(since: date, until: date, generation: int = 0, **kwargs: bool) -> Billed:
    facts = {"credit": False, "standing": True, "settled": True, **kwargs}
    return Billed(since.replace(day=1), generation, since, until, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("frequency", "day", "expected"),
    [
        (1, date(2026, 11, 30), (date(2026, 11, 1), date(2026, 12, 1))),
        (3, date(2026, 11, 30), (date(2026, 9, 1), date(2026, 12, 1))),
        (6, date(2027, 2, 28), (date(2026, 9, 1), date(2027, 3, 1))),
        (12, date(2027, 9, 1), (date(2027, 9, 1), date(2028, 9, 1))),
        (12, date(2026, 8, 31), (date(2025, 9, 1), date(2026, 9, 1))),
    ],
)
def test_cycles_are_whole_months_from_the_month_of_the_first_day(
    frequency: int, day: date, expected: tuple[date, date]
) -> None:
    found = cycle(date(2026, 9, 16), frequency, day)
    assert (found.start, found.end) == expected


def test_what_nobody_paid_for_is_left() -> None:
    tenth = date(2026, 11, 11)
    assert left(START, date(2026, 12, 1), [row(START, tenth)]) == [(tenth, date(2026, 12, 1))]
    assert left(START, tenth, [row(START, tenth)]) == []
    hole = [row(START, date(2026, 11, 6)), row(date(2026, 11, 21), date(2026, 12, 1), 1)]
    assert left(START, date(2026, 12, 1), hole) == [(date(2026, 11, 6), date(2026, 11, 21))]


def test_a_day_that_was_credited_is_due_again_until_it_is_charged_again() -> None:
    middle, end = date(2026, 11, 16), date(2026, 12, 1)
    rows = [row(START, end), row(middle, end, 1, credit=True)]
    assert left(START, end, rows) == [(middle, end)]
    assert left(START, end, [*rows, row(middle, end, 2)]) == []


def test_a_full_price_is_due_once_and_a_part_that_costs_nothing_never() -> None:
    since, until = date(2026, 11, 16), date(2026, 12, 1)
    whole = (START, until)
    assert [span for _, span in parts(since, 1, "full", since, until, [])] == [whole]
    assert list(parts(since, 1, "full", since, until, [row(*whole)])) == []
    assert list(parts(since, 1, "none", since, until, [])) == []
    assert [span for _, span in parts(START, 1, "none", START, until, [])] == [whole]


@pytest.mark.feature("W-6")
@given(st.dates(date(2020, 1, 1), date(2026, 12, 31)), st.sampled_from([1, 3, 6, 12]), spans, st.lists(spans))
def test_every_wanted_day_is_due_exactly_once(
    starts_on: date, frequency: int, wanted: tuple[date, date], paid: list[tuple[date, date]]
) -> None:
    """The oracle counts days one by one."""
    rows = [row(*part, n) for n, span in enumerate(paid) for _, part in by_month(span)]
    counted = Counter[date]()
    for whole, (since, until) in parts(starts_on, frequency, "day", *wanted, rows):
        assert whole.start <= since < until <= whole.end
        for n in range((until - since).days):
            counted[since + timedelta(days=n)] += 1
    expected = {
        START + timedelta(days=n)
        for n in range(61)
        if wanted[0] <= START + timedelta(days=n) < wanted[1]
        and not any(since <= START + timedelta(days=n) < until for since, until in paid)
    }
    assert counted == Counter(expected)


@pytest.mark.feature("W-6")
@given(spans)
def test_months_make_up_the_span(span: list[date]) -> None:
    months = list(by_month(span))
    assert [months[0][1][0], months[-1][1][1]] == span
    assert all(a[1][1] == b[1][0] for a, b in zip(months, months[1:], strict=False))
    assert all(month <= since and until <= (month + timedelta(days=31)).replace(day=1)
               for month, (since, until) in months)  # fmt: skip


def printed(net: Decimal, vat: Decimal) -> Printed:
    return Printed(START, date(2026, 12, 1), Decimal(1), net + vat, Decimal(0), Decimal(15), net, vat, "")


def test_days_that_are_not_used_are_found_once() -> None:
    end, paper = date(2026, 12, 1), printed(Decimal("520.87"), Decimal("78.13"))
    charge = Billed(START, 0, START, end, credit=False, standing=True, settled=True, printed=paper)
    after = date(2026, 11, 16)
    assert unused(after, [charge]) == [(paper, (after, end))]
    assert unused(after, [charge, row(after, end, 1, credit=True)]) == []
    assert unused(end, [charge]) == []
    taken_back = Billed(START, 0, START, end, credit=False, standing=False, settled=True, printed=paper)
    assert unused(after, [taken_back]) == []


amounts = st.decimals(min_value=0, max_value=10**6, places=2)


@pytest.mark.feature("W-6")
@given(amounts, amounts, st.sets(st.integers(1, 29), max_size=6), st.booleans())
def test_no_more_is_given_back_than_was_charged_and_all_of_it_in_the_end(
    net: Decimal, vat: Decimal, cuts: set[int], inclusive: bool
) -> None:
    edges = [0, *sorted(cuts), 30]
    back = [
        give_back(net, vat, Share(a, b, 30), includes_vat=inclusive)
        for a, b in zip(edges, edges[1:], strict=False)
    ]
    assert sum(part.net for part in back) == -net
    assert sum(part.vat for part in back) == -vat
    assert all(part.total <= 0 for part in back)
