"""Adding, changing, ending, reopening and replacing recurring lines: the only writer of `RecurringLine`."""

from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max

from billing.recurring.models import RecurringLine
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.meanwhile import refuse_if_changed
from ispbilling.core.models import User

COLUMNS = (
    "product",
    "data_account",
    "description",
    "quantity",
    "price",
    "discount",
    "vat_exempt",
    "gl_code",
    "frequency",
    "timing",
    "proration",
    "starts_on",
    "ends_on",
    "bill_from",
    "credit_unused",
)


def add(line: RecurringLine, on: date, *, actor: User | None) -> RecurringLine:
    """Store a new line; what is due of the present month comes with the next run, whichever month that is for.

    Raises DomainError when its data account is somebody else's, or it has no price from anywhere.
    """
    if line.bill_from is None:
        line.bill_from = max(line.starts_on, on.replace(day=1))
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


def change(
    line: RecurringLine, values: dict[str, Any], on: date, *, actor: User | None, seen: int | None = None
) -> RecurringLine:
    """Change columns of a line; what was billed stays as it was, and what becomes due of days gone by comes with
    the next run. Raises DomainError as `add`, ChangedMeanwhile when it was edited after `seen` (core.meanwhile)."""
    with transaction.atomic():
        # A run that bills the line meanwhile refers to it, and holds the numbers that we may need next.
        stored = RecurringLine.objects.select_for_update(of=("self",), no_key=True).get(pk=line.pk)
        refuse_if_changed(stored, seen, "recurring_line.edited")
        before = {column: getattr(stored, column) for column in COLUMNS}
        for column, value in values.items():
            setattr(stored, column, value)
        if "bill_from" not in values:
            stored.bill_from = _catch_up(stored, before, on)
        _check(stored)
        after = {column: getattr(stored, column) for column in COLUMNS}
        if changed := events.changes(before, after):
            stored.save(update_fields=list(changed))
            events.record(
                "recurring_line.edited", stored, actor=actor, about=stored.customer, changes=changed
            )
    return stored


def end(
    line: RecurringLine, last_day: date, on: date, *, credit_unused: bool = False, actor: User | None
) -> RecurringLine:
    """Set the last day that is charged. Raises DomainError for a day before the first."""
    if last_day < line.starts_on:
        raise DomainError(f"The line began on {line.starts_on}; its last day cannot be before that.")
    return change(line, {"ends_on": last_day, "credit_unused": credit_unused}, on, actor=actor)


def reopen(line: RecurringLine, first_day: date, on: date, *, actor: User | None) -> RecurringLine:
    """Charge an ended line again. From the day after its last day it goes on, and no day is lost; from a later day
    a line like it begins, and the days between are free. Returns the line that is charged.

    Raises DomainError when it is open, or the day is not after its last day.
    """
    if line.ends_on is None:
        raise DomainError("The line is open; it is charged already.")
    following = line.ends_on + timedelta(days=1)
    if first_day < following:
        raise DomainError(f"It is charged up to {line.ends_on}; choose a later day.")
    if first_day == following:
        return change(line, {"ends_on": None, "credit_unused": False}, on, actor=actor)
    return repeat(line, first_day, on, actor=actor)


def repeat(line: RecurringLine, first_day: date, on: date, *, actor: User | None) -> RecurringLine:
    """Begin a line with the same terms; what this one was billed for is no affair of it."""
    return add(_like(line, first_day), on, actor=actor)


def replace(
    line: RecurringLine, day: date, values: dict[str, Any], on: date, *, actor: User | None
) -> RecurringLine:
    """Change what a line costs from a day on: the line ends the day before, and another one begins. Days of the old
    line that were billed already come off the next invoice, which charges them anew. Returns the new line.

    Raises DomainError for a day after its last one; on its first day or before, the line itself is changed.
    """
    if line.ends_on is not None and day > line.ends_on:
        raise DomainError(f"The line ends on {line.ends_on}; choose a day up to then.")
    if day <= line.starts_on:
        return change(line, values, on, actor=actor)
    with transaction.atomic():
        following = _like(line, day)
        following.ends_on, following.bill_from = line.ends_on, day
        for column, value in values.items():
            setattr(following, column, value)
        end(line, day - timedelta(days=1), on, credit_unused=True, actor=actor)
        return add(following, on, actor=actor)


def withdraw(line: RecurringLine, *, actor: User | None) -> None:
    """Take away a line that no document charged. Raises DomainError when one did: end it instead."""
    with transaction.atomic():
        stored = RecurringLine.objects.select_for_update(of=("self",)).get(pk=line.pk)
        if stored.billed_periods.exists() or stored.billed_on.exists():
            raise DomainError(f"{stored} was billed; end it instead.")
        events.record("recurring_line.withdrawn", stored, actor=actor, about=stored.customer)
        stored.delete()


def _like(line: RecurringLine, first_day: date) -> RecurringLine:
    """An open line with the same terms, not stored."""
    kept = {column: getattr(line, column) for column in COLUMNS}
    kept |= {"starts_on": first_day, "ends_on": None, "bill_from": None, "credit_unused": False}
    return RecurringLine(customer=line.customer, **kept)


def _catch_up(line: RecurringLine, before: dict[str, Any], on: date) -> date | None:
    """The day from which the line is to be looked at again after a change: nothing may fall between two runs.

    A line whose end moves out owes the days from then on. One whose period or timing changes goes on where it was
    billed last, and is not billed for what somebody else billed before.
    """
    back = line.bill_from
    ended = before["ends_on"]
    if ended is not None and (line.ends_on is None or line.ends_on > ended):
        month = (ended + timedelta(days=1)).replace(day=1)
        back = month if back is None else min(back, month)
    if (before["frequency"], before["timing"]) != (line.frequency, line.timing):
        billed = line.billed_periods.aggregate(until=Max("until"))["until"]
        back = billed or on.replace(day=1)
    return None if back is None else max(back, line.starts_on)


def _check(line: RecurringLine) -> None:
    if line.data_account is not None and line.data_account.customer_id != line.customer_id:
        raise DomainError(f"{line.data_account} belongs to another customer.")
    if (
        line.price is None
        and line.data_account is None
        and (line.product is None or line.product.price is None)
    ):
        raise DomainError("Give a price, or a product or data account whose price applies.")
