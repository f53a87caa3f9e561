"""What is told about an import beside its list: counts, columns, how far it is, the bad rows as a file."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from json import loads
from typing import Any

from django.urls import reverse

from customers.accounts.models import Customer
from customers.imports import storing, undoing
from customers.imports.fields import BY_NAME, FIELDS, TITLED
from customers.imports.mapping import REASON
from customers.imports.models import KEEP, Action, CustomerImport, ImportState, Outcome
from ispbilling.core import clock

#: States in which the sweep works on the import and the page shows a progress bar.
BUSY = (ImportState.CHECKING, ImportState.APPLYING, ImportState.UNDOING)
#: So many of a kind are named one by one.
NAMED = 10


def bad_rows(one: CustomerImport) -> Iterator[list[str]]:
    """The headings and the rows that are not possible, as they were, each with its reasons at the end."""
    width = len(one.headings)
    yield [*one.headings, REASON]
    bad = (
        one.lines.filter(action=Action.BAD)
        .order_by("number")
        .values_list("number", "content")
        .iterator(chunk_size=1000)
    )
    with storing.opened(one) as rows:
        for number, content in bad:
            row = next((row for at, row in rows if at == number), [])
            reasons = " ".join(
                f"{column}: {reason}" if column else reason
                for column, _, reason in loads(str(content))["problems"]
            )
            yield [*row[:width], *[""] * (width - len(row)), reasons]


def named(found: Mapping[int, str]) -> str:
    """`ALI001 (Customer edited on 2026-11-22), BOB001 (Has 1 message) and 12 more`."""
    first = dict(islice(found.items(), NAMED))
    names = Customer.objects.in_bulk(first)
    words = ", ".join(f"{names[pk].code} ({why})" for pk, why in first.items() if pk in names)
    return words + (f" and {len(found) - NAMED:,} more" if len(found) > NAMED else "")


def facts(one: CustomerImport) -> list[tuple[str, str]]:
    """The counts of the report, and who did what when."""
    found = [("Uploaded", _by(one.created_at, one.created_by))]
    if one.checked_at:
        found += [
            ("Rows", f"{one.total:,}"),
            ("New customers", f"{one.to_create:,}"),
            ("Changed customers", f"{one.to_update:,}"),
            ("Unchanged", f"{one.unchanged:,}"),
            ("Not possible", f"{one.bad:,}"),
        ]
    if one.applied_at:
        found.append(("Imported", _by(one.applied_at, one.approved_by)))
    if one.undone_at:
        found.append(("Undone", _by(one.undone_at, one.undone_by)))
        found += [(Outcome(name).label, f"{count:,}") for name, count in undoing.outcomes(one).items()]
    elif one.applied_at and not one.purged_at:
        found.append(("Can be undone until", str(clock.local_day(one.touched_at + KEEP))))
    return found


def reading(one: CustomerImport) -> list[tuple[str, str]]:
    """How the columns of the file were understood, and what holds for all rows."""
    if one.checked_at is None:
        return []
    found: dict[str, list[str]] = {}
    for number, heading in enumerate(one.headings):
        name = one.columns.get(str(number), "")
        found.setdefault(name, []).append(heading or f"Column {number + 1}")
    lines = [(field.label, ", ".join(found[field.name])) for field in FIELDS if field.name in found]
    lines += [(f"{BY_NAME[name].label}, if none", text) for name, text in one.defaults.items()]
    if "" in found:
        lines.append(("Not imported", ", ".join(found[""])))
    return lines


def _by(at: datetime, who: Any) -> str:
    day = f"{at.astimezone(clock.zone()):%Y-%m-%d %H:%M}"
    return f"{day} by {who}" if who else day


def new_titles(one: CustomerImport) -> list[str]:
    """What would be added besides customers: `2 categories: Fibre, Wireless`."""
    found = []
    for name, titles in one.new_titles.items():
        more = f" and {len(titles) - NAMED} more" if len(titles) > NAMED else ""
        found.append(f"{TITLED[name]} {', '.join(titles[:NAMED])}{more}")
    return found


def progress(one: CustomerImport, now: datetime) -> Mapping[str, Any]:
    """The context of `ui/progress.html`."""
    label = {
        ImportState.CHECKING: "Checking",
        ImportState.UNDOING: "Taking back",
    }.get(ImportState(one.state), "Importing")
    spent = max((now - one.work_since).total_seconds(), 1) if one.work_since else 1
    if one.state in BUSY and not one.done:
        label += ", starting" if one.total and spent < 20 else ", waiting for a worker"
    elif one.state in BUSY:
        left = round(spent / one.done * (one.total - one.done))
        label += f": {one.done / spent:,.0f} rows a second, about {left} s left"
    return {
        "url": reverse("customers:import_progress", args=[one.pk]),
        "done": one.done,
        "total": one.total,
        "percent": int(100 * one.done / one.total) if one.total else 0,
        "label": label,
        "poll": one.state in BUSY,
    }
