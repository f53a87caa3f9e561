"""What is told about an import beside its list: the bad rows as a file, and who is named before an undo."""

from collections.abc import Iterator, Mapping
from itertools import islice
from json import loads

from customers.accounts.models import Customer
from customers.imports import storing
from customers.imports.mapping import REASON
from customers.imports.models import Action, CustomerImport


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


def named(found: Mapping[int, str], most: int) -> str:
    """`ALI001 (Customer edited on 2026-11-22), BOB001 (Has 1 message) and 12 more`."""
    first = dict(islice(found.items(), most))
    names = Customer.objects.in_bulk(first)
    words = ", ".join(f"{names[pk].code} ({why})" for pk, why in first.items() if pk in names)
    return words + (f" and {len(found) - most:,} more" if len(found) > most else "")
