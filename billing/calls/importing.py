"""The acts on a file of calls: keep it, choose its columns, read it in the background, take it back.

Reading goes part by part, each in a transaction of its own (the sweep `call_imports`): whatever is killed goes on
where it stopped. A call that any file brought before is known and adds nothing; what nobody answered is left alone.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from itertools import islice
from json import dumps, loads
from pathlib import PurePath

from django.db import transaction

from billing.calls import pricing
from billing.calls.models import Call, CallImport, CallImportPart, CallImportState, CallSettings
from billing.calls.pricing import Pricer, Told
from billing.calls.reading import Columns, Found, call_of, guess
from customers.imports import reading as files
from ispbilling.core import events
from ispbilling.core.clock import zone
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.plans import Plan, Step
from ispbilling.core.units import counted

PART = 2000
#: Rows that are shown beside the columns; problems that are told one by one.
HEAD, TOLD = 25, 100
_BATCH = 1000


def receive(content: bytes, name: str, now: datetime, *, actor: User | None) -> CallImport:
    """Keep the rows of a file, with its columns guessed. Raises Unreadable with what is wrong with the file."""
    file = io.BytesIO(content)
    opening = files.inspect(file, len(content))
    with transaction.atomic():
        one = CallImport.objects.create(
            name=PurePath(name.replace("\\", "/")).name[-200:] or "file", created_at=now, created_by=actor
        )
        with files.rows(file, opening.shape) as rows:
            head: list[tuple[int, list[str]]] = []
            for number, part in enumerate(_parts(rows)):
                CallImportPart.objects.create(of=one, number=number, rows=dumps(part))
                one.parts_count, one.rows = number + 1, one.rows + len(part) - (number == 0)
                head = head or part[:HEAD]
        columns = guess([cells for _, cells in head])
        if columns is not None:
            columns = replace(columns, first=head[columns.first - 1][0])
        one.head, one.columns = dumps(head), asdict(columns) if columns else None
        one.save(update_fields=["head", "columns", "parts_count", "rows"])
        events.record("call_import.uploaded", one, actor=actor, at=now, rows=one.rows)
    return one


def _parts(rows: Iterator[tuple[int, list[str]]]) -> Iterator[list[tuple[int, list[str]]]]:
    while part := list(islice(rows, PART)):
        yield part


def head_of(one: CallImport) -> list[tuple[int, list[str]]]:
    """The first rows of a preview, with their numbers."""
    return [(number, cells) for number, cells in loads(str(one.head))] if one.head else []


def columns_of(one: CallImport) -> Columns | None:
    """The chosen columns."""
    return Columns(**one.columns) if one.columns else None


def choose_columns(one: CallImport, columns: Columns) -> CallImport:
    """Read it with other columns. Raises DomainError when it is not a preview any more."""
    with transaction.atomic():
        row = _in_state(one, CallImportState.PREVIEWED)
        row.columns = asdict(columns)
        row.save(update_fields=["columns"])
    return row


def sample(one: CallImport, now: datetime) -> tuple[list[tuple[Found, pricing.Verdict]], list[str]]:
    """What the first rows would become, and which of them could not be read and why."""
    columns = columns_of(one)
    if columns is None:
        return [], []
    found, problems = _read(head_of(one), columns, now)
    return list(zip(found, _decide(found), strict=True)), problems


def start(one: CallImport, now: datetime, *, actor: User | None) -> CallImport:
    """Ask for a preview to be imported. Raises DomainError when it is none, or its columns are not chosen."""
    with transaction.atomic():
        row = _in_state(one, CallImportState.PREVIEWED)
        if row.columns is None:
            raise DomainError("Choose its columns first.")
        row.state, row.head = CallImportState.READING, ""
        row.save(update_fields=["state", "head"])
        events.record("call_import.asked", row, actor=actor, at=now, rows=row.rows)
    return row


def discard(one: CallImport, now: datetime, *, actor: User | None) -> None:
    """Throw a preview away; nothing of it was imported."""
    with transaction.atomic():
        row = _in_state(one, CallImportState.PREVIEWED)
        events.record("call_import.discarded", row, actor=actor, at=now)
        row.delete()


def undo(one: CallImport, now: datetime, *, actor: User | None) -> CallImport:
    """Take the calls that a file brought out again; it may then be imported anew.

    Raises DomainError while one of them is on an invoice.
    """
    with transaction.atomic():
        row = _in_state(one, CallImportState.READ)
        if why := why_not_undone(row):
            raise DomainError(why)
        gone, _ = Call.objects.open().filter(imported_from=row).delete()
        if row.calls.exists():
            raise DomainError("Some of its calls were billed just now; reload the page.")
        row.state = CallImportState.UNDONE
        row.save(update_fields=["state"])
        events.record("call_import.undone", row, actor=actor, at=now, calls=gone)
    return row


def why_not_undone(one: CallImport) -> str:
    """Why its calls cannot be taken out, as a sentence; empty when they can."""
    if billed := one.calls.exclude(bill=None).count():
        return f"{counted(billed, 'call')} of it {'is' if billed == 1 else 'are'} on invoices; credit them first."
    return ""


def plan(now: datetime) -> Plan:
    """Every part of files that staff asked to import."""
    steps = []
    for one in CallImport.objects.filter(state=CallImportState.READING).defer("head").order_by("pk"):
        parts = one.parts.order_by("number").values_list("number", flat=True)
        steps += [
            Step(("read", one.pk, n), f"{one}, part {n + 1}", "import its calls", "asked for") for n in parts
        ]
        steps.append(Step(("finish", one.pk, 0), str(one), "finish", "all parts are read"))
    return Plan("call_imports", steps, _work, chunk=1)


def _work(steps: Sequence[Step], now: datetime) -> int:
    return sum(_ACTS[act](pk, number, now) for act, pk, number in (step.key for step in steps))


def read_part(pk: int, number: int, now: datetime) -> bool:
    """Import the calls of one part; False when another worker has it or it is done. Call it inside a transaction."""
    part = (
        CallImportPart.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(of=pk, number=number, of__state=CallImportState.READING)
        .first()
    )
    if part is None:
        return False
    pricing.together()
    one = CallImport.objects.defer("head").get(pk=pk)
    columns = columns_of(one)
    if columns is None:
        raise DomainError("Its columns were not chosen.")
    rows: list[tuple[int, list[str]]] = loads(str(part.rows))
    found, problems = _read(rows, columns, now)
    answered = {call.digest: call for call in found if call.seconds or call.cost}
    before = Call.objects.filter(digest__in=list(answered)).values_list("digest", flat=True)
    known = {bytes(digest) for digest in before}
    fresh = [call for digest, call in answered.items() if digest not in known]
    _add(one, fresh)
    CallImportPart.objects.filter(of=pk, number=number).delete()
    _count(pk, found, fresh, problems)
    return True


def finish(pk: int, number: int, now: datetime) -> bool:
    """Close a file whose parts are all read. Call it inside a transaction."""
    one = CallImport.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if one is None or one.state != CallImportState.READING or one.parts.exists():
        return False
    one.state = CallImportState.READ
    one.save(update_fields=["state"])
    events.record("call_import.read", one, actor=one.created_by, at=now, calls=one.added, known=one.known)
    return True


_ACTS: dict[str, Callable[[int, int, datetime], bool]] = {"read": read_part, "finish": finish}


def _read(
    rows: Sequence[tuple[int, list[str]]], columns: Columns, now: datetime
) -> tuple[list[Found], list[str]]:
    code, local = CallSettings.get().country_code, zone()
    found, problems = [], []
    for number, cells in rows:
        if number <= columns.first:
            continue
        call = call_of(number, cells, columns, code, local, now)
        if isinstance(call, Found):
            found.append(call)
        else:
            problems.append(f"Row {number:,}: {call}")
    return found, problems


def _decide(found: Sequence[Found]) -> list[pricing.Verdict]:
    pricer = Pricer({call.caller for call in found} | {call.called for call in found})
    return [
        pricer.decide(Told(call.caller, call.called, call.day, call.seconds, call.cost)) for call in found
    ]


def _add(one: CallImport, fresh: Sequence[Found]) -> None:
    """Store calls, priced; another file that brings the same at this moment does not stop it."""
    Call.objects.bulk_create(
        [
            Call(
                digest=call.digest,
                caller=call.caller,
                called=call.called,
                started_at=call.started_at,
                day=call.day,
                seconds=call.seconds,
                cost=call.cost,
                state=verdict.state,
                number_id=verdict.number_id,
                destination=verdict.destination,
                price=verdict.price,
                reason=verdict.reason,
                imported_from=one,
            )
            for call, verdict in zip(fresh, _decide(fresh), strict=True)
        ],
        ignore_conflicts=True,
        batch_size=_BATCH,
    )


def _count(pk: int, found: Sequence[Found], fresh: Sequence[Found], problems: Sequence[str]) -> None:
    """Add a part to what the file says of itself."""
    one = CallImport.objects.select_for_update(no_key=True).defer("head").get(pk=pk)
    stored = Call.objects.filter(imported_from=one, digest__in=[call.digest for call in fresh]).count()
    silent = sum(not (call.seconds or call.cost) for call in found)
    one.added += stored
    one.unanswered += silent
    one.known += len(found) - silent - stored
    one.bad += len(problems)
    one.problems = [*one.problems, *problems][:TOLD]
    one.save(update_fields=["added", "unanswered", "known", "bad", "problems"])


def _in_state(one: CallImport, state: CallImportState) -> CallImport:
    row = CallImport.objects.select_for_update(no_key=True).filter(pk=one.pk).first()
    if row is None or row.state != state:
        raise DomainError("It was changed meanwhile; reload the page.")
    return row
