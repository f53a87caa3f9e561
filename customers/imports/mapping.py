"""Which column of a file is which field: guessed from the headings, remembered per person, and applied.

A mapping is `{column number as text: field name}`: the form in which it is kept.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from customers.imports.fields import BY_NAME, FIELDS, Value, read
from customers.imports.models import CustomerImport, RememberedMapping
from ispbilling.core.models import User

#: The column a download of bad rows ends with; never read back.
REASON = "Why it was not imported"

_WORDS = re.compile(r"[^a-z0-9]+")
_MEANT = {
    _WORDS.sub(" ", synonym.casefold()).strip(): one.name
    for one in reversed(FIELDS)
    for synonym in (one.label, one.name, *one.synonyms)
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a row: the heading of the column, what it says, and why not."""

    column: str
    value: str
    reason: str


@dataclass(slots=True)
class Parsed:
    """A row of the file as values of fields; empty cells are absent.

    `fallback` holds what is chosen for all rows: it is for new customers whose row has no value of its own.
    """

    number: int
    values: dict[str, Value]
    fallback: dict[str, Value] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    #: Fields whose cells could not be read: their absence is not told once more.
    unread: set[str] = field(default_factory=set)


def guess(headings: Sequence[str]) -> dict[str, str]:
    """The field each heading seems to name; a field that takes one column gets the first that fits."""
    found: dict[str, str] = {}
    for number, heading in enumerate(headings):
        name = _MEANT.get(_WORDS.sub(" ", heading.casefold()).strip())
        if name and (BY_NAME[name].many or name not in found.values()):
            found[str(number)] = name
    return found


def signature(headings: Sequence[str]) -> str:
    """Stands for a set of headings: the same export of the same system next month."""
    return hashlib.sha256("\x1f".join(heading.casefold() for heading in headings).encode()).hexdigest()


def remembered(user: User, headings: Sequence[str]) -> dict[str, dict[str, str]] | None:
    """`{"columns": ..., "defaults": ...}` as this person last chose for these headings."""
    row = RememberedMapping.objects.filter(user=user, signature=signature(headings)).first()
    return {"columns": row.columns, "defaults": row.defaults} if row else None


def remember(one: CustomerImport, user: User) -> None:
    """Keep what was chosen, for the next file with these headings."""
    RememberedMapping.objects.update_or_create(
        user=user,
        signature=signature(one.headings),
        defaults={"columns": one.columns, "defaults": one.defaults},
    )


def faults(columns: Mapping[str, str], defaults: Mapping[str, str], *, all_new: bool) -> list[str]:
    """What a choice of columns lacks, as sentences."""
    chosen = list(columns.values())
    found = [
        f"{BY_NAME[name].label} is chosen for {chosen.count(name)} columns; it takes one."
        for name in dict.fromkeys(chosen)
        if chosen.count(name) > 1 and not BY_NAME[name].many
    ]
    if "name" not in chosen and "company_name" not in chosen:
        found.append("No column is the Name: every customer needs one.")
    if "group" not in chosen and not defaults.get("group"):
        found.append("Choose the column of the customer group, or one group for all rows below.")
    if not {"external_id", "code"} & set(chosen) and not all_new:
        found.append(
            "No column is the External ID or Account code, so a second import of this file would add everybody"
            " again. Choose one of them, or tick that every row is a new customer."
        )
    if ("latitude" in chosen) != ("longitude" in chosen):
        found.append("A position needs both: choose a column for Latitude and one for Longitude.")
    return found


def apply(one: CustomerImport, number: int, row: Sequence[str]) -> Parsed:
    """The row's values by the import's columns and defaults, with a problem for each that cannot be read."""
    parsed = Parsed(number, {})
    cells: dict[str, list[tuple[str, str]]] = {}
    for column, name in one.columns.items():
        place = int(column)
        if place < len(row) and row[place]:
            cells.setdefault(name, []).append((one.headings[place], row[place]))
    for name, found in cells.items():
        try:
            value = read(BY_NAME[name], [cell for _, cell in found])
        except ValueError as error:
            reason = str(error).rstrip(".") + "."
            shown = ", ".join(cell for _, cell in found)
            parsed.problems.append(Problem(found[0][0], shown, reason))
            parsed.unread.add(name)
        else:
            if value is not None:
                parsed.values[name] = value
    for name, text in one.defaults.items():
        value = read(BY_NAME[name], [text]) if name not in cells else None
        if value is not None:
            parsed.fallback[name] = value
    if len(row) > len(one.headings):
        extra = ", ".join(row[len(one.headings) :])
        parsed.problems.append(
            Problem("", extra, f"The row has {len(row)} columns and the headings {len(one.headings)}.")
        )
    return parsed
