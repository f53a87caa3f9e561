"""What a line with package changes costs, from when on, and which of its billed days were billed otherwise. Pure.

A line that follows its data account costs what the account's package does. Its package changes cut it into segments,
each with a price a month and the change that it came with. A day that was billed under one change and is now under
another is credited at what was printed and charged anew, unless the two say the same: so a change that is changed
back costs nothing, one that is undone gives back exactly its difference, and a package whose price was merely raised
is not billed a second time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal

from billing.recurring.coverage import Billed, Printed, Span, charged

#: States of a change that holds, or will (`radius.changes`).
APPLIED, SCHEDULED = "applied", "scheduled"


@dataclass(frozen=True, slots=True)
class Offer:
    """A package with what it costs this customer a month."""

    package: int
    price: Decimal
    title: str


@dataclass(frozen=True, slots=True)
class Step:
    """A package change of the line: from `on` it has `to` instead of `was`; `was_price` is the line's own price
    before it, `own_price` the one it brings, and `list_price` clears it. Once applied, `was` is what it found."""

    id: int
    state: str
    on: date
    was: Offer
    was_price: Decimal | None
    to: Offer
    own_price: Decimal | None
    list_price: bool
    applied_at: datetime | None = None

    def price_after(self, before: Decimal | None) -> Decimal | None:
        if self.own_price is not None:
            return self.own_price
        return None if self.list_price else before


@dataclass(frozen=True, slots=True)
class Segment:
    """From `since` (None: from the beginning) the line costs `price` a month. `change` brought it; None: it has had
    it all along."""

    since: date | None
    price: Decimal | None
    title: str
    change: int | None


Terms = tuple[int, Decimal | None]


@dataclass(frozen=True, slots=True)
class History:
    """The package changes of a data account, in the order of their days, and what it has: package and own price."""

    steps: tuple[Step, ...]
    package: int
    own_price: Decimal | None
    title: str = ""
    _terms: dict[int | None, Terms] = field(default_factory=dict, compare=False, repr=False)

    @property
    def titles(self) -> frozenset[str]:
        """The packages it had or is to have, by name."""
        return frozenset(
            {self.title, *(step.was.title for step in self.steps), *(step.to.title for step in self.steps)}
        )

    def segments(self, present: Decimal | None) -> tuple[Segment, ...]:
        """Cut at its standing changes; `present` is what it costs a month as it is now."""
        applied = [step for step in self.steps if step.state == APPLIED]
        found: list[Segment] = []
        since, change = None, None
        for step in applied:
            price = step.was.price if step.was_price is None else step.was_price
            found.append(Segment(since, price, step.was.title, change))
            since, change = step.on, step.id
        found.append(Segment(since, present, self.title, change))
        own = self.own_price
        for step in (step for step in self.steps if step.state == SCHEDULED):
            own = step.price_after(own)
            found.append(Segment(step.on, step.to.price if own is None else own, step.to.title, step.id))
        return tuple(found)

    def alike(self, one: int | None, other: int | None) -> bool:
        """Whether two changes (None: before any) leave the line with the same package and own price."""
        return one == other or self._of(one) == self._of(other)

    def title_of(self, change: int | None) -> str:
        """The package that a change brought; before any, the first there was."""
        for step in self.steps:
            if step.id == change:
                return step.to.title
        return self._first.was.title if self._first else self.title

    @property
    def _first(self) -> Step | None:
        """The change that found what the line had before any; none was applied, and it has that."""
        applied = [(step.applied_at, step.id, step) for step in self.steps if step.applied_at is not None]
        return min(applied)[2] if applied else None

    def _of(self, change: int | None) -> Terms:
        if not self._terms:
            first = self._first
            self._terms[None] = (
                (first.was.package, first.was_price) if first else (self.package, self.own_price)
            )
            for step in self.steps:
                self._terms[step.id] = (step.to.package, step.price_after(step.was_price))
        return self._terms.get(change, self._terms[None])


def cut(span: Span, segments: Sequence[Segment]) -> list[tuple[Span, Segment]]:
    """The days of the span by the segment they are in, in order."""
    since, until = span
    found = []
    for segment, following in zip(segments, [*segments[1:], None], strict=True):
        begin = since if segment.since is None else max(since, segment.since)
        end = until if following is None or following.since is None else min(until, following.since)
        if begin < end:
            found.append(((begin, end), segment))
    return found


@dataclass(frozen=True, slots=True)
class Misbilled:
    """Days that a document charged under other terms than those of their segment, for the package `former`."""

    printed: Printed
    span: Span
    segment: Segment
    former: str


def misbilled(
    history: History, segments: Sequence[Segment], until: date, rows: Sequence[Billed], today: date
) -> list[Misbilled]:
    """What is to be credited and charged anew of the days before `until`.

    A change that is to come corrects nothing yet: days that were billed before it was known are left until it
    takes effect.
    """
    effective = [one for one in segments if one.since is None or one.since <= today]
    found: list[Misbilled] = []
    for row, days in charged(date.min, until, rows):
        if row.printed is None:
            continue
        for span, segment in cut(days, segments):
            if history.alike(row.change, segment.change):
                continue
            for part, present in cut(span, effective):
                if not history.alike(row.change, present.change):
                    _add(found, Misbilled(row.printed, part, segment, history.title_of(row.change)))
    return found


def _add(found: list[Misbilled], one: Misbilled) -> None:
    """Joined with the one before it when a document's line goes on over the end of a month."""
    last = found[-1] if found else None
    if last and (last.printed, last.segment, last.span[1]) == (one.printed, one.segment, one.span[0]):
        found[-1] = replace(one, span=(last.span[0], one.span[1]))
    else:
        found.append(one)
