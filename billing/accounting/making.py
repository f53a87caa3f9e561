"""Exports: asked for, made month by month in the background, kept as they are, taken back while they are the newest.

A part claims its postings and writes its journals in one transaction that holds the export's row: a posting is in
one export for ever (the primary key says so), and a killed worker's part is made again. Nothing of it touches the
ledger or its locks.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import structlog
from django.db import IntegrityError, connection, transaction
from django.db.models import Max

from billing.accounting import mapping
from billing.accounting.entries import EntryLine, entries, movements, pots_of
from billing.accounting.mapping import Codes, Pot
from billing.accounting.models import (
    AccountingExport,
    AccountingExportPart,
    AccountingSettings,
    ExportedPosting,
    ExportState,
)
from billing.accounting.packages import PACKAGES, Package
from billing.accounting.writing import Written, journals, write
from billing.ledger.models import ChainHead
from ispbilling.core import events
from ispbilling.core.clock import add_months
from ispbilling.core.errors import DomainError
from ispbilling.core.files import keeping
from ispbilling.core.models import User
from ispbilling.core.money import ZERO
from ispbilling.core.plans import Plan, Step

log = structlog.get_logger(__name__)


def missing(package: Package, since: date, until: date) -> list[Pot]:
    """Accounts with movement that is not exported yet and that nobody mapped."""
    codes = mapping.codes(package)
    up_to = ChainHead.objects.get(pk=1).seq
    return [pot for pot in pots_of(package.system, since, until, up_to) if codes.find(pot) is None]


def ask(package: Package, since: date, until: date, now: datetime, *, actor: User | None) -> AccountingExport:
    """Order the journals of those days.

    Raises DomainError for days before the minimum transaction date, without postings that are not exported yet,
    for accounts that are not mapped, and while another export for the package is being made.
    """
    settings = AccountingSettings.get()
    if until < since:
        raise DomainError("The last day is before the first.")
    if settings.first_day is not None and since < settings.first_day:
        raise DomainError(
            f"Nothing dated before {settings.first_day} is exported (minimum transaction date); choose a later day."
        )
    up_to = ChainHead.objects.get(pk=1).seq
    codes = mapping.codes(package)
    used = pots_of(package.system, since, until, up_to)
    if not used:
        raise DomainError(f"Every posting from {since} to {until} is exported already, or there is none.")
    if unmapped := [pot.key.rstrip(":") for pot in used if codes.find(pot) is None]:
        raise DomainError(f"Say first what these accounts are in {package.title}: {', '.join(unmapped)}.")
    first, last = _first_and_last(package.system, since, until, up_to)
    try:
        with transaction.atomic():
            AccountingSettings.objects.select_for_update(no_key=True).get(pk=1)
            made = AccountingExport.objects.filter(system=package.system)
            number = (made.aggregate(last=Max("number"))["last"] or 0) + 1
            export = AccountingExport.objects.create(
                system=package.system,
                number=number,
                since=since,
                until=until,
                grouping=settings.grouping,
                up_to=up_to,
                codes=codes.told(),
                asked_by=actor,
                asked_at=now,
                path=keeping.new_path(),
            )
            AccountingExportPart.objects.bulk_create(
                AccountingExportPart(
                    export=export, number=part, since=start, until=end, path=keeping.new_path()
                )
                for part, (start, end) in enumerate(_months(first, last))
            )
            events.record("accounting_export.asked", export, actor=actor, at=now, since=since, until=until)
    except IntegrityError as error:
        raise DomainError(
            f"Another export for {package.title} is being made; wait until it is done."
        ) from error
    return export


def first_waiting(package: Package) -> date | None:
    """The first day with a posting that is not exported; the minimum transaction date counts."""
    first = AccountingSettings.get().first_day or date.min
    up_to = ChainHead.objects.get(pk=1).seq
    return _first_and_last(package.system, first, date.max, up_to)[0]


def undo(
    export: AccountingExport, now: datetime, *, actor: User | None, reason: str = ""
) -> AccountingExport:
    """Take an export back: its postings are exported with the next one. Its file stays for the record.

    Raises DomainError while it is being made, when it was taken back, and when there is a newer one.
    """
    with transaction.atomic():
        AccountingSettings.objects.select_for_update(no_key=True).get(pk=1)
        row = AccountingExport.objects.select_for_update(no_key=True).get(pk=export.pk)
        if refusal := why_not_undone(row):
            raise DomainError(refusal)
        row.state, row.undone_at, row.undone_by = ExportState.UNDONE, now, actor
        row.save(update_fields=["state", "undone_at", "undone_by"])
        count = ExportedPosting.objects.filter(export=row)._raw_delete("default")
        events.record(
            "accounting_export.undone", row, actor=actor, at=now, postings=count, reason=reason or None
        )
    return row


def why_not_undone(export: AccountingExport) -> str:
    """Why it cannot be taken back; empty when it can."""
    if export.state == ExportState.WAITING:
        return "It is being made; wait until it is done."
    if export.state != ExportState.READY:
        return f"It is {export.get_state_display().lower()}."
    newer = AccountingExport.objects.filter(
        system=export.system, number__gt=export.number, state__in=[ExportState.WAITING, ExportState.READY]
    ).first()
    return f"{newer} is newer: take that back first." if newer else ""


def hand_out(export: AccountingExport, now: datetime, *, actor: User) -> Path:
    """The file, for somebody who is recorded as having taken it. Raises DomainError when it is not there."""
    path = keeping.place(export.path)
    if not export.sha256 or not path.exists():
        raise DomainError("There is no file of it.")
    events.record("accounting_export.downloaded", export, actor=actor, at=now, sha256=export.sha256)
    return path


def plan(now: datetime) -> Plan:
    """The sweep: parts to make and exports to join."""
    steps = []
    for export in AccountingExport.objects.filter(state=ExportState.WAITING).order_by("pk"):
        left = export.parts.filter(done_at=None).order_by("number")
        steps += [
            Step(("part", export.pk, part.number), str(export), f"write {part.since:%Y-%m}", "somebody asked")
            for part in left
        ]
        steps.append(Step(("join", export.pk, 0), str(export), "join its parts", "all parts are made"))
    return Plan("accounting_exports", steps, _apply, chunk=1)


def _apply(steps: Sequence[Step], now: datetime) -> int:
    return sum(_ACTS[act](pk, number, now) for act, pk, number in (step.key for step in steps))


def _claimed(pk: int) -> AccountingExport | None:
    rows = AccountingExport.objects.select_for_update(skip_locked=True, no_key=True)
    return rows.filter(pk=pk, state=ExportState.WAITING).first()


def _make_part(pk: int, number: int, now: datetime) -> int:
    export = _claimed(pk)
    if export is None or (part := export.parts.filter(number=number, done_at=None).first()) is None:
        return 0
    try:
        with transaction.atomic():
            figures = _write_part(export, part)
    except Exception as error:  # noqa: BLE001 - one export must neither block the others nor be tried for ever
        _fail(export, error, now)
        return 1
    export.parts.filter(number=number).update(done_at=now, figures=figures)
    return 1


def _write_part(export: AccountingExport, part: AccountingExportPart) -> dict[str, Any]:
    postings = _claim(export, part)
    package, codes = PACKAGES[export.system], Codes.of(export.codes)
    by_account: dict[str, Decimal] = defaultdict(lambda: ZERO)
    by_code: dict[str, Decimal] = defaultdict(lambda: ZERO)

    def counted(lines: Iterable[EntryLine]) -> Iterator[EntryLine]:
        for line in lines:
            by_account[line.pot.account] += line.amount
            if target := codes.find(line.pot):
                by_code[target.code] += line.amount
            yield line

    with _fresh(part.path) as bundle, closing(entries(export, part.since, part.until)) as lines:
        told = journals(counted(lines), codes, f"{export.system}-{export.number}")
        stem = f"{export.system}-{export.number:04}-{part.since:%Y-%m}"
        written = write(bundle, stem, part.until, package, told)
    moved = movements(export, part.since, part.until)
    _require_tie(moved, by_account, by_code, written)
    return {
        "postings": postings,
        "lines": written.lines,
        "files": written.files,
        "debit": str(written.debit),
        "credit": str(written.credit),
        "accounts": {
            code: [str(debit), str(credit), str(by_account[code])] for code, (debit, credit) in moved.items()
        },
    }


def _require_tie(
    moved: Mapping[str, tuple[Decimal, Decimal]],
    by_account: Mapping[str, Decimal],
    by_code: Mapping[str, Decimal],
    written: Written,
) -> None:
    """Raise RuntimeError unless the file says what the ledger says: no file is better than a wrong one."""
    for account in {*moved, *by_account}:
        debit, credit = moved.get(account, (ZERO, ZERO))
        if debit - credit != by_account.get(account, ZERO):
            raise RuntimeError(
                f"{account} moved by {debit - credit}, the journals say {by_account.get(account)}"
            )
    for code in {*by_code, *written.by_code}:
        if by_code.get(code, ZERO) != written.by_code.get(code, ZERO):
            raise RuntimeError(
                f"{code}: {by_code.get(code)} was to be written, the file has {written.by_code.get(code)}"
            )
    if written.debit != written.credit:
        raise RuntimeError(f"debit {written.debit} is not credit {written.credit}")


def _claim(export: AccountingExport, part: AccountingExportPart) -> int:
    """The postings of the part that no export for the package has, as this one's. How many."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO billing_exportedposting (system, posting_id, export_id)
               SELECT %(system)s, p.id, %(export)s FROM billing_posting p
               WHERE p.posted_on BETWEEN %(since)s AND %(until)s AND p.seal_id <= %(up_to)s
                 AND NOT EXISTS (SELECT FROM billing_exportedposting x
                                 WHERE x.system = %(system)s AND x.posting_id = p.id)""",
            {
                "system": export.system,
                "export": export.pk,
                "since": part.since,
                "until": part.until,
                "up_to": export.up_to,
            },
        )
        return int(cursor.rowcount)


def _join(pk: int, number: int, now: datetime) -> int:
    export = _claimed(pk)
    if export is None or export.parts.filter(done_at=None).exists():
        return 0
    parts = list(export.parts.order_by("number"))
    try:
        _put_together(export, parts)
    except Exception as error:  # noqa: BLE001 - as for a part: the disk is full, somebody cleaned up
        _fail(export, error, now)
        return 1
    with keeping.place(export.path).open("rb") as file:
        export.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        export.size = os.fstat(file.fileno()).st_size
    figures = [part.figures for part in parts]
    export.postings, export.lines, export.files = (
        sum(one[name] for one in figures) for name in ("postings", "lines", "files")
    )
    export.debit, export.credit = (
        sum((Decimal(one[name]) for one in figures), ZERO) for name in ("debit", "credit")
    )
    export.certificate = {"accounts": _added(figures)}
    export.state, export.made_at = ExportState.READY, now
    export.save(
        update_fields=[
            "sha256", "size", "postings", "lines", "files", "debit", "credit", "certificate", "state", "made_at",
        ]
    )  # fmt: skip
    keeping.discard_after_commit([part.path for part in parts])
    events.record("accounting_export.made", export, at=now, postings=export.postings, total=export.debit)
    return 1


def _put_together(export: AccountingExport, parts: Sequence[AccountingExportPart]) -> None:
    """One file as it is, or all of them as a zip."""
    if sum(part.figures["files"] for part in parts) == 1:
        for part in parts:
            with ZipFile(keeping.place(part.path)) as bundle:
                for info in bundle.infolist():
                    target = _place(export.path)
                    target.write_bytes(bundle.read(info))
        return
    with _fresh(export.path) as whole:
        for part in parts:
            with ZipFile(keeping.place(part.path)) as bundle:
                for info in bundle.infolist():
                    whole.writestr(info, bundle.read(info))


def _added(figures: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """[account, debit, credit, net in the file] of all parts."""
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO, ZERO])
    for one in figures:
        for account, amounts in one["accounts"].items():
            sums[account] = [a + Decimal(b) for a, b in zip(sums[account], amounts, strict=True)]
    return [[account, *(f"{amount:.2f}" for amount in amounts)] for account, amounts in sorted(sums.items())]


_ACTS: dict[str, Callable[[int, int, datetime], int]] = {"part": _make_part, "join": _join}


def _fail(export: AccountingExport, error: Exception, now: datetime) -> None:
    """Nothing of it counts: its postings are free for another try."""
    log.exception("accounting_export_failed", export=export.pk)
    keeping.discard_after_commit([export.path, *export.parts.values_list("path", flat=True)])
    ExportedPosting.objects.filter(export=export)._raw_delete("default")
    export.state, export.error = ExportState.FAILED, f"{type(error).__name__}: {error}"[:300]
    export.save(update_fields=["state", "error"])
    events.record("accounting_export.failed", export, at=now)


def _place(path: str) -> Path:
    target = keeping.place(path)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    target.unlink(missing_ok=True)
    target.touch(mode=0o600)
    return target


def _fresh(path: str) -> ZipFile:
    """A zip to write, in the place of whatever a killed worker left there."""
    return ZipFile(_place(path), "w", ZIP_DEFLATED)


def _first_and_last(system: str, since: date, until: date, up_to: int) -> tuple[Any, Any]:
    """The days of the first and the last posting that is to be exported; None where there is none."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT min(posted_on), max(posted_on) FROM billing_posting p
               WHERE posted_on BETWEEN %s AND %s AND seal_id <= %s AND NOT EXISTS (
                   SELECT FROM billing_exportedposting x WHERE x.system = %s AND x.posting_id = p.id)""",
            [since, until, up_to, system],
        )
        first, last = cursor.fetchone()
    return first, last


def _months(since: date, until: date) -> Iterator[tuple[date, date]]:
    """The days cut at the ends of months."""
    while since <= until:
        end = min(add_months(since.replace(day=1), 1) - timedelta(days=1), until)
        yield since, end
        since = end + timedelta(days=1)
