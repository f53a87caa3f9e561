"""Result files: read, previewed, and recorded line by line in the background, each result once.

A line finds its row by the row's own reference, which the provider gives back, else by the account reference with
amount and day; a line about a whole batch stands for all of its rows. What a row already knows is not recorded again,
whatever file says it; what fits no row is listed and left alone.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import PurePath

from django.db import transaction
from django.db.models.functions import Upper

from billing.debiting import formats, settling
from billing.debiting.formats.told import Line
from billing.debiting.models import (
    DebitBatch,
    DebitRow,
    DebitSettings,
    LineState,
    Outcome,
    ResultImport,
    ResultLine,
    ResultState,
    RowState,
)
from billing.payments import receiving
from ispbilling.core import events
from ispbilling.core.clock import local_day
from ispbilling.core.copying import copy_objects
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.money import ZERO, format_money

_ROW = re.compile(r"\bD([0-9]{9})\b")
_BATCH = re.compile(r"\bDEB-([0-9]{6,})\b")
_WORD = re.compile(r"[A-Z0-9/_-]{5,22}")
#: How long after its action day a bank may still say that it does not pay; disputes come within 40 days.
_LATE = timedelta(days=90)


def receive(content: bytes, name: str, now: datetime, *, actor: User | None) -> ResultImport:
    """Keep the results of a file for a preview. Raises Unreadable with what is wrong with it."""
    used = DebitSettings.get().format
    told = formats.FORMATS[used].read(content)
    with transaction.atomic():
        one = ResultImport.objects.create(
            name=PurePath(name.replace("\\", "/")).name[-200:] or "file",
            format=used,
            created_at=now,
            created_by=actor,
            others=told.others,
            problems=told.problems,
        )
        copy_objects(_judged(one, told.lines))
        events.record("debit_result.uploaded", one, actor=actor, at=now)
    return one


def discard(one: ResultImport, now: datetime, *, actor: User | None) -> None:
    """Throw a preview away; nothing of it was recorded."""
    with transaction.atomic():
        row = _previewed(one)
        events.record("debit_result.discarded", row, actor=actor, at=now)
        row.delete()


def post(one: ResultImport, now: datetime, *, actor: User | None) -> ResultImport:
    """Ask for a preview to be recorded. Raises DomainError when it is none, or has nothing to record."""
    with transaction.atomic():
        row = _previewed(one)
        if not row.lines.filter(state=LineState.NEW).exists():
            raise DomainError("There is nothing to record in it.")
        row.state = ResultState.POSTING
        row.save(update_fields=["state"])
        events.record("debit_result.asked", row, actor=actor, at=now)
    return row


def waiting(one: ResultImport) -> list[int]:
    """The keys of the lines left to record: what was paid before what was not, as it happened."""
    rows = one.lines.filter(state=LineState.NEW).order_by("outcome", "number", "pk")
    return list(rows.values_list("pk", flat=True))


def post_line(pk: int, now: datetime) -> bool:
    """Record one result; False when there is nothing to do."""
    with transaction.atomic():
        lines = ResultLine.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        line = (
            lines.filter(pk=pk, state=LineState.NEW, result_import__state=ResultState.POSTING)
            .select_related("result_import__created_by", "row__batch", "row__payer")
            .first()
        )
        if line is None or line.row is None:
            return False
        row = DebitRow.objects.select_for_update(no_key=True, of=("self",)).listed().get(pk=line.row.pk)
        state, remark = judge(row, line.outcome, line.amount)
        if state == LineState.NEW:
            state, remark = LineState.POSTED, ""
            try:
                with transaction.atomic():
                    _settle(row, line, now)
            except DomainError as refusal:
                state, remark = LineState.REFUSED, str(refusal)[:200]
        line.state, line.remark = state, remark
        line.save(update_fields=["state", "remark"])
    return True


def finish(pk: int, now: datetime) -> bool:
    """Close the work on a file whose lines are all done."""
    with transaction.atomic():
        one = ResultImport.objects.select_for_update(no_key=True).filter(pk=pk).first()
        if one is None or one.state != ResultState.POSTING or waiting(one):
            return False
        one.state = ResultState.POSTED
        one.save(update_fields=["state"])
        recorded = one.lines.filter(state=LineState.POSTED).count()
        events.record("debit_result.posted", one, at=now, recorded=recorded)
    return True


ACTS: dict[str, Callable[[int, datetime], bool]] = {"record": post_line, "finish": finish}


def judge(row: DebitRow, outcome: str, amount: Decimal) -> tuple[LineState, str]:
    """What a result means for its row as it is now, and why it is not recorded. Pure."""
    if row.state in (RowState.DRAFT, RowState.CANCELLED):
        return LineState.DIFFERENT, "The collection was never sent"
    if row.amount != amount:
        return LineState.DIFFERENT, f"The collection asked {format_money(row.amount)}"
    if outcome == Outcome.PAID:
        if row.state in (RowState.ACCEPTED, RowState.RETURNED):
            return LineState.KNOWN, ""
        if row.state == RowState.REJECTED:
            return LineState.DIFFERENT, "It was recorded as unpaid"
    elif row.state in (RowState.REJECTED, RowState.RETURNED):
        return LineState.KNOWN, ""
    return LineState.NEW, ""


def _settle(row: DebitRow, line: ResultLine, now: datetime) -> None:
    actor, settings = line.result_import.created_by, DebitSettings.get()
    on = min(line.told_on, local_day(now))
    if line.outcome == Outcome.PAID:
        settling.accept(row, max(on, receiving.first_open_day()), now, actor=actor)
    elif row.state == RowState.SENT:
        sent = local_day(row.batch.sent_at) if row.batch.sent_at else on
        settling.reject(row, line.code, line.reason, max(on, sent), now, actor=actor, fee=settings.fee)
    else:
        settling.give_back(row, line.code, line.reason, on, now, actor=actor, fee=settings.fee)


@dataclass(frozen=True, slots=True)
class _Found:
    """A line and one of the rows it is about, or none."""

    line: Line
    row: DebitRow | None
    amount: Decimal


def _judged(one: ResultImport, lines: Sequence[Line]) -> list[ResultLine]:
    """The lines as they are stored, with what would become of each."""
    said: set[tuple[int, str]] = set()
    made = []
    for found in _matched(lines):
        line, row = found.line, found.row
        if row is None:
            state, remark = LineState.UNKNOWN, ""
        else:
            state, remark = judge(row, line.outcome, found.amount)
            if state == LineState.NEW and (row.pk, line.outcome) in said:
                state, remark = LineState.KNOWN, "It stands in this file twice"
            said.add((row.pk, line.outcome))
        made.append(
            ResultLine(
                result_import=one, number=line.number, told_on=line.told_on, outcome=line.outcome,
                amount=found.amount, reference=line.text, code=line.code, reason=line.reason, row=row,
                state=state, remark=remark,
            )
        )  # fmt: skip
    return made


def _matched(lines: Sequence[Line]) -> Iterable[_Found]:
    rows = DebitRow.objects.listed()
    named = {int(key) for line in lines for key in _ROW.findall(line.text)}
    by_key = rows.in_bulk(named)
    words = {word for line in lines for word in _WORD.findall(line.text.upper())}
    by_reference: dict[str, list[DebitRow]] = {}
    for row in rows.annotate(known_as=Upper("mandate__reference")).filter(known_as__in=words):
        by_reference.setdefault(row.mandate.reference.upper(), []).append(row)
    for line in lines:
        own = [by_key[int(key)] for key in _ROW.findall(line.text) if int(key) in by_key]
        if own:
            yield _Found(line, own[0], line.amount)
        elif whole := _whole_batch(line):
            yield from (_Found(line, row, row.amount) for row in whole)
        else:
            yield _Found(line, _by_reference(line, by_reference), line.amount)


def _whole_batch(line: Line) -> list[DebitRow]:
    """The rows of a batch that one line says were all paid."""
    named = _BATCH.search(line.text.upper())
    if named is None or line.outcome != Outcome.PAID:
        return []
    batch = DebitBatch.objects.defer("file").filter(pk=int(named[1])).first()
    rows = list(batch.rows.listed().exclude(state=RowState.CANCELLED)) if batch else []
    return rows if sum((row.amount for row in rows), ZERO) == line.amount else []


def _by_reference(line: Line, known: dict[str, list[DebitRow]]) -> DebitRow | None:
    """The last collection before the result with its account reference and amount; with another amount if none."""
    rows = [
        row
        for word in _WORD.findall(line.text.upper())
        for row in known.get(word, ())
        if row.state not in (RowState.DRAFT, RowState.CANCELLED)
        and row.batch.action_on <= line.told_on <= _until(row.batch.action_on)
    ]
    return max(rows, key=lambda row: (row.amount == line.amount, row.batch.action_on, row.pk), default=None)


def _until(action_on: date) -> date:
    return action_on + _LATE


def _previewed(one: ResultImport) -> ResultImport:
    row = ResultImport.objects.select_for_update(no_key=True).filter(pk=one.pk).first()
    if row is None or row.state != ResultState.PREVIEWED:
        raise DomainError("It was changed meanwhile; reload the page.")
    return row
