"""Adding, changing and ending recurring lines: the only writer of `RecurringLine`."""

from datetime import date
from typing import Any

from django.db import transaction

from billing.recurring.models import RecurringLine
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User

COLUMNS = (
    "data_account",
    "description",
    "quantity",
    "price",
    "discount",
    "vat_exempt",
    "starts_on",
    "ends_on",
)


def add(line: RecurringLine, *, actor: User | None) -> RecurringLine:
    """Store a new line. Raises DomainError when its data account is somebody else's."""
    _check(line)
    with transaction.atomic():
        line.save(force_insert=True)
        events.record(
            "recurring_line.added",
            line,
            actor=actor,
            about=line.customer,
            **{column: getattr(line, column) for column in COLUMNS},
        )
    return line


def change(line: RecurringLine, values: dict[str, Any], *, actor: User | None) -> RecurringLine:
    """Change columns of a line; what was billed stays as it was. Raises DomainError as `add`."""
    with transaction.atomic():
        stored = RecurringLine.objects.select_for_update(of=("self",)).get(pk=line.pk)
        before = {column: getattr(stored, column) for column in values}
        for column, value in values.items():
            setattr(stored, column, value)
        _check(stored)
        if changed := events.changes(before, values):
            stored.save(update_fields=list(changed))
            events.record(
                "recurring_line.edited", stored, actor=actor, about=stored.customer, changes=changed
            )
    return stored


def end(line: RecurringLine, last_day: date, *, actor: User | None) -> RecurringLine:
    """Set the last day that is charged. Raises DomainError for a day before the first."""
    if last_day < line.starts_on:
        raise DomainError(f"The line began on {line.starts_on}; its last day cannot be before that.")
    return change(line, {"ends_on": last_day}, actor=actor)


def _check(line: RecurringLine) -> None:
    if line.data_account is not None and line.data_account.customer_id != line.customer_id:
        raise DomainError(f"{line.data_account} belongs to another customer.")
    if line.price is None and line.data_account is None:
        raise DomainError("Give a price, or a data account whose price applies.")
