"""Where each person wants the parts of a detail page: order, column and what is hidden (PRO-15). Pure but for
`of`, `save` and `reset`, the only writers of `PageLayout`.

A layout names only what its owner has seen. A part it does not name, because a later app added it or because it
belongs to few objects, stands at its default place among the others.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ispbilling.core.models import PageLayout, User

COLUMNS = 3
MOVES = ("up", "down", "left", "right")


@dataclass(frozen=True, slots=True)
class Part:
    """A panel or widget and its default place."""

    name: str
    column: int
    weight: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Names by column, and the hidden ones, which keep their place."""

    columns: tuple[tuple[str, ...], ...] = ((),) * COLUMNS
    hidden: frozenset[str] = frozenset()

    def place(self, name: str) -> tuple[int, int] | None:
        """(column index, index in it) of a name."""
        for number, column in enumerate(self.columns):
            if name in column:
                return number, column.index(name)
        return None


def arrange(parts: Sequence[Part], layout: Layout | None) -> Layout:
    """All of the parts, each where its owner wants it or at its default place."""
    layout = layout or Layout()
    known = {part.name: part for part in parts}
    columns = [[name for name in column if name in known] for column in layout.columns]
    placed = {name for column in columns for name in column}
    for part in sorted(parts, key=lambda part: (part.column, part.weight, part.name)):
        if part.name in placed:
            continue
        column = columns[min(max(part.column, 1), COLUMNS) - 1]
        after = (i for i, name in enumerate(column) if _follows(known[name], part))
        at = next(after, len(column))
        column.insert(at, part.name)
    return Layout(tuple(map(tuple, columns)), layout.hidden & known.keys())


def _follows(one: Part, other: Part) -> bool:
    """Whether it comes later by default; what was moved here from another column says nothing about that."""
    return one.column == other.column and (one.weight, one.name) > (other.weight, other.name)


def moved(layout: Layout, name: str, move: str) -> Layout:
    """The part one place up or down among the visible ones, or at the same height one column to the side."""
    place = layout.place(name)
    if place is None or move not in MOVES:
        return layout
    number, at = place
    columns = [list(column) for column in layout.columns]
    if move in ("left", "right"):
        other = number + (1 if move == "right" else -1)
        if not 0 <= other < COLUMNS:
            return layout
        columns[number].remove(name)
        columns[other].insert(min(at, len(columns[other])), name)
    else:
        other = at + (1 if move == "down" else -1)
        if not 0 <= other < len(columns[number]):
            return layout
        columns[number].insert(other, columns[number].pop(at))
    return Layout(tuple(map(tuple, columns)), layout.hidden)


def told(placed: Iterable[str], hidden: Iterable[str], known: Iterable[str]) -> Layout:
    """What a page sent: "column:name" in the order of the page. Strangers and repetitions are left out."""
    columns: list[list[str]] = [[] for _ in range(COLUMNS)]
    left = set(known)
    for text in placed:
        number, _, name = text.partition(":")
        if name in left and number in ("1", "2", "3"):
            columns[int(number) - 1].append(name)
            left.discard(name)
    return Layout(tuple(map(tuple, columns)), frozenset(hidden) & set(known))


def merged(old: Layout | None, new: Layout) -> Layout:
    """The new layout with what the old one knew and this page did not show, each after its old neighbour."""
    if old is None:
        return new
    columns = [list(column) for column in new.columns]
    seen = {name for column in columns for name in column}
    for number, column in enumerate(old.columns):
        before = ""
        for name in column:
            if name not in seen:
                target = columns[number]
                target.insert(target.index(before) + 1 if before in target else 0, name)
            before = name
    return Layout(tuple(map(tuple, columns)), new.hidden | (old.hidden - seen))


def of(user: User, page: str) -> Layout | None:
    """The person's layout of a page, or None for the default."""
    row = PageLayout.objects.filter(user=user, page=page).first()
    if row is None:
        return None
    columns = [*row.columns, *[[]] * COLUMNS][:COLUMNS]
    return Layout(tuple(map(tuple, columns)), frozenset(row.hidden))


def save(user: User, page: str, layout: Layout) -> None:
    """Remember it."""
    values = {"columns": [list(column) for column in layout.columns], "hidden": sorted(layout.hidden)}
    PageLayout.objects.update_or_create(user=user, page=page, defaults=values)


def reset(user: User, page: str) -> None:
    """Back to the default."""
    PageLayout.objects.filter(user=user, page=page).delete()
