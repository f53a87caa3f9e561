"""Whatever is changed, changed back and undone between runs: each day is charged once, under the package it is in."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.recurring.coverage import Billed, Printed, Span, by_month, cycle, parts
from billing.recurring.pricing import give_back, price
from billing.recurring.proration import Share
from billing.recurring.segments import History, Offer, Segment, Step, cut, misbilled

pytestmark = pytest.mark.feature("PKC-2")
FIRST, END = date(2026, 11, 1), date(2027, 2, 1)
OFFERS = [
    Offer(n, Decimal(amount), f"Package {n}")
    for n, amount in enumerate(("599.00", "899.00", "0.00", "333.33"))
]
VAT = Decimal(15)
days = st.integers(0, (END - FIRST).days - 1).map(lambda n: FIRST + timedelta(days=n))


class Line:
    """A line with its package changes and the paper of it; a run bills it by the functions under test."""

    def __init__(self, frequency: int) -> None:
        self.frequency = frequency
        self.steps: list[Step] = []
        self.present = OFFERS[0]
        self.rows: list[Billed] = []
        self.total = Decimal(0)
        self.pieces = 0

    def change(self, on: date, to: Offer) -> None:
        """Applied after all others, as today's are; the last of a day supersedes the one before."""
        standing = [step for step in self.steps if step.state == "applied"]
        if standing and standing[-1].on > on:
            return
        was = self.present
        if standing and standing[-1].on == on:
            was = standing[-1].was
            self.steps = [replace(s, state="superseded") if s == standing[-1] else s for s in self.steps]
        at = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=len(self.steps))
        self.steps.append(Step(len(self.steps) + 1, "applied", on, was, None, to, None, False, at))
        self.present = to

    def undo(self) -> None:
        for step in reversed([step for step in self.steps if step.state == "applied"]):
            self.steps = [replace(s, state="undone") if s == step else s for s in self.steps]
            self.present = step.was
            return

    def offer(self, day: date) -> Offer:
        """The oracle: what the line has on a day."""
        standing = sorted((s for s in self.steps if s.state == "applied"), key=lambda s: s.on)
        begun = [step for step in standing if step.on <= day]
        return begun[-1].to if begun else standing[0].was if standing else self.present

    def run(self, until: date, today: date) -> int:
        """Bill what is due up to `until` and correct what is wrong; how many corrections."""
        history = History(
            tuple(sorted(self.steps, key=lambda s: (s.on, s.id))), self.present.package, None, ""
        )
        segments = history.segments(self.present.price)
        for whole, span in list(parts(FIRST, self.frequency, "day", FIRST, until, self.rows)):
            for piece, segment in cut(span, segments):
                self._charge(whole.start, whole.end, piece, segment)
        wrong = misbilled(history, segments, END, self.rows, today) if self.steps else []
        for one in wrong:
            back = Share((one.span[0] - one.printed.since).days, (one.span[1] - one.printed.since).days,
                         (one.printed.until - one.printed.since).days)  # fmt: skip
            self.total += give_back(one.printed.net, one.printed.vat, back, includes_vat=True).total
            self._keep(one.span, None, credit=True)
            whole = cycle(FIRST, self.frequency, one.span[0])
            self._charge(whole.start, whole.end, one.span, one.segment)
        return len(wrong)

    def _charge(self, start: date, end: date, span: Span, segment: Segment) -> None:
        assert segment.price is not None
        part = Share((span[0] - start).days, (span[1] - start).days, (end - start).days)
        amount = price(Decimal(1), segment.price * self.frequency, (), part, VAT, includes_vat=True)
        self.total += amount.total
        self.pieces += 1
        printed = Printed(*span, Decimal(1), segment.price, Decimal(0), VAT, amount.net, amount.vat, "")
        self._keep(span, printed, change=segment.change)

    def _keep(
        self, span: Span, printed: Printed | None, credit: bool = False, change: int | None = None
    ) -> None:
        for month, (since, until) in by_month(span):
            generation = sum(row.period == month for row in self.rows)
            self.rows.append(Billed(month, generation, since, until, credit, True, True, printed, change))

    def charged(self, day: date) -> list[Billed]:
        """The charges of a day that no later credit took away."""
        found: list[Billed] = []
        for row in sorted(self.rows, key=lambda row: row.generation):
            if row.since <= day < row.until:
                found = found[:-1] if row.credit else [*found, row]
        return found


acts = st.one_of(
    st.tuples(st.just("change"), days, st.sampled_from(OFFERS)),
    st.tuples(st.just("undo")),
    st.tuples(st.just("run")),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(acts, max_size=12), st.sampled_from([1, 3]))
def test_every_day_is_charged_once_under_its_package_and_to_the_cent(
    history: list[tuple[object, ...]], frequency: int
) -> None:
    line = Line(frequency)
    for name, *asked in [*history, ("run",)]:
        getattr(line, str(name))(*(asked or ([END, END] if name == "run" else [])))
    assert line.run(END, END) == 0  # nothing is corrected twice
    exact = Decimal(0)
    for n in range((END - FIRST).days):
        day = FIRST + timedelta(days=n)
        (row,) = line.charged(day)
        offer = line.offer(day)
        assert row.printed is not None
        assert row.printed.price == offer.price
        whole = cycle(FIRST, frequency, day)
        exact += offer.price * frequency / whole.days
    assert abs(line.total - exact) <= Decimal("0.01") * line.pieces


@settings(max_examples=30, deadline=None)
@given(days, st.sampled_from(OFFERS[1:]))
def test_what_is_changed_and_undone_nets_nothing(on: date, to: Offer) -> None:
    line = Line(1)
    line.run(END, END)
    before = line.total
    line.change(on, to)
    line.run(END, END)
    line.undo()
    line.run(END, END)
    assert line.total == before


@settings(max_examples=30, deadline=None)
@given(days, st.sampled_from(OFFERS[1:]))
def test_a_change_on_the_first_day_of_a_period_is_not_prorated(day: date, to: Offer) -> None:
    on = day.replace(day=1)
    line = Line(1)
    line.change(on, to)
    line.run(END, END)
    assert {row.printed.net + row.printed.vat for row in line.rows if row.printed and row.since >= on} <= {
        to.price
    }


def test_a_change_to_come_corrects_nothing_that_was_billed_before_it_was_known() -> None:
    line = Line(1)
    line.run(END, END)
    line.change(date(2026, 12, 11), OFFERS[1])
    assert line.run(END, date(2026, 12, 10)) == 0
    assert line.run(END, date(2026, 12, 11)) == 2  # the rest of December, and January
