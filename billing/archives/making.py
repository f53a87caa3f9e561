"""Making the zip of a run: part by part in the background, joined at the end, deleted after some days.

A part is rendered in one transaction that holds the archive's row: one worker at a time makes an archive, so that
the others go on with what is urgent, and a killed worker's part is made again into the same file. Nothing of it
touches the ledger or its locks.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import structlog
from django.conf import settings
from django.db import IntegrityError, connection, transaction

from billing.archives.models import ArchiveState, RunArchive, RunArchivePart
from billing.documents.models import Document
from billing.documents.rendering import render_pdf
from billing.runs.models import Run, RunState
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.files import keeping
from ispbilling.core.models import User
from ispbilling.core.plans import Plan, Step

log = structlog.get_logger(__name__)

#: Documents per part: a few seconds of work.
PART = 100
_BUSY = (RunState.APPROVED, RunState.ISSUING, RunState.UNDOING)


def ask(run: Run, now: datetime, *, actor: User | None, part: int = PART) -> RunArchive:
    """Order the zip of what a run has issued, credit notes included.

    Raises DomainError while it is being issued or undone, without documents, and while one is being made.
    """
    run = Run.objects.get(pk=run.pk)
    if run.state in _BUSY:
        raise DomainError(
            f"This run is {run.get_state_display().lower()}; its paper is complete when that is done."
        )
    ranges = _ranges(run, part)
    if not ranges:
        raise DomainError("Nothing was issued by this run.")
    try:
        with transaction.atomic():
            archive = RunArchive.objects.create(
                run=run,
                asked_by=actor,
                asked_at=now,
                documents=sum(count for _, _, count in ranges),
                path=keeping.new_path(),
            )
            RunArchivePart.objects.bulk_create(
                RunArchivePart(
                    archive=archive,
                    number=number,
                    low=low,
                    high=high,
                    documents=count,
                    path=keeping.new_path(),
                )
                for number, (low, high, count) in enumerate(ranges)
            )
            events.record("run_archive.asked", archive, actor=actor, at=now, documents=archive.documents)
    except IntegrityError as error:
        raise DomainError("The PDFs of this run are being made already.") from error
    return archive


def hand_out(archive: RunArchive, now: datetime, *, actor: User) -> Path:
    """The file, for somebody who is recorded as having taken it. Raises DomainError when it is not there."""
    if not archive.is_there(now):
        raise DomainError("This zip has expired. Make a new one.")
    events.record("run_archive.downloaded", archive, actor=actor, at=now, documents=archive.documents)
    return keeping.place(archive.path)


def plan(now: datetime) -> Plan:
    """The sweep: parts to render, archives to join, and archives whose days are over."""
    steps = []
    for archive in RunArchive.objects.filter(state=ArchiveState.WAITING).select_related("run").order_by("pk"):
        left = archive.parts.filter(done_at=None).order_by("number")
        steps += [
            Step(("part", archive.pk, number), str(archive), f"make part {number + 1}", "somebody asked")
            for number in left.values_list("number", flat=True)
        ]
        steps.append(Step(("join", archive.pk, 0), str(archive), "join its parts", "all parts are made"))
    over = RunArchive.objects.filter(state=ArchiveState.READY, expires_at__lte=now).select_related("run")
    steps += [
        Step(("expire", one.pk, 0), str(one), "delete the zip", f"expired {one.expires_at:%Y-%m-%d %H:%M}")
        for one in over.order_by("pk")
    ]
    return Plan("run_archives", steps, _apply, chunk=1)


def _apply(steps: Sequence[Step], now: datetime) -> int:
    return sum(_ACTS[act](pk, number, now) for act, pk, number in (step.key for step in steps))


def _claimed(pk: int, state: ArchiveState) -> RunArchive | None:
    """The archive under its lock, unless another worker has it or it is in another state by now."""
    rows = RunArchive.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
    return rows.select_related("run").filter(pk=pk, state=state).first()


def _make_part(pk: int, number: int, now: datetime) -> int:
    archive = _claimed(pk, ArchiveState.WAITING)
    if archive is None or (part := archive.parts.filter(number=number, done_at=None).first()) is None:
        return 0
    try:
        with transaction.atomic():
            _write_part(archive, part)
    except Exception as error:  # noqa: BLE001 - one archive must neither block the others nor be tried for ever
        _fail(archive, error, now)
        return 1
    archive.parts.filter(number=number).update(done_at=now)
    return 1


def _write_part(archive: RunArchive, part: RunArchivePart) -> None:
    rows = (
        Document.objects.filter(run=archive.run, pk__gte=part.low, pk__lte=part.high)
        .select_related("party", "served", "issuer", "corrects", "customer", "payer")
        .prefetch_related("lines")
        .order_by("pk")
    )
    with _fresh(part.path) as bundle:
        for document in rows:
            bundle.writestr(_entry(document), render_pdf(document))


def _entry(document: Document) -> ZipInfo:
    """Dated as the paper is, so that the same documents make the same file."""
    day = document.issued_on
    info = ZipInfo(f"{document.reference.replace('/', '-')}.pdf", (day.year, day.month, day.day, 0, 0, 0))
    info.external_attr = 0o644 << 16  # who unpacks it may read it
    return info


def _join(pk: int, number: int, now: datetime) -> int:
    archive = _claimed(pk, ArchiveState.WAITING)
    if archive is None or archive.parts.filter(done_at=None).exists():
        return 0
    parts = list(archive.parts.order_by("number").values_list("path", flat=True))
    try:
        with _fresh(archive.path) as bundle:
            for path in parts:
                with ZipFile(keeping.place(path)) as part:
                    for info in part.infolist():
                        bundle.writestr(info, part.read(info))
    except Exception as error:  # noqa: BLE001 - as for a part: the disk is full, somebody cleaned up
        _fail(archive, error, now)
        return 1
    with keeping.place(archive.path).open("rb") as file:
        archive.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        archive.size = os.fstat(file.fileno()).st_size
    archive.state, archive.ready_at = ArchiveState.READY, now
    archive.expires_at = now + timedelta(days=settings.EXPORT_KEEP_DAYS)
    archive.save(update_fields=["state", "size", "sha256", "ready_at", "expires_at"])
    keeping.discard_after_commit(parts)
    events.record("run_archive.made", archive, at=now, documents=archive.documents)
    return 1


def _expire(pk: int, number: int, now: datetime) -> int:
    archive = _claimed(pk, ArchiveState.READY)
    if archive is None or archive.is_there(now):
        return 0
    keeping.discard_after_commit([archive.path])
    archive.state = ArchiveState.EXPIRED
    archive.save(update_fields=["state"])
    events.record("run_archive.expired", archive, at=now)
    return 1


_ACTS: dict[str, Callable[[int, int, datetime], int]] = {
    "part": _make_part,
    "join": _join,
    "expire": _expire,
}


def _fail(archive: RunArchive, error: Exception, now: datetime) -> None:
    log.exception("run_archive_failed", archive=archive.pk)
    keeping.discard_after_commit([archive.path, *archive.parts.values_list("path", flat=True)])
    archive.state, archive.error = ArchiveState.FAILED, f"{type(error).__name__}: {error}"[:300]
    archive.save(update_fields=["state", "error"])
    events.record("run_archive.failed", archive, at=now)


def _fresh(path: str) -> ZipFile:
    """A zip to write, in the place of whatever a killed worker left there; PDFs are packed already."""
    target = keeping.place(path)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    target.unlink(missing_ok=True)
    target.touch(mode=0o600)
    return ZipFile(target, "w", ZIP_STORED)


def _ranges(run: Run, part: int) -> list[tuple[int, int, int]]:
    """(first, last, count) of the ids of the run's documents, in parts."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT min(id), max(id), count(*) FROM (
                   SELECT id, (row_number() OVER (ORDER BY id) - 1) / %s AS part
                   FROM billing_document WHERE run_id = %s
               ) x GROUP BY part ORDER BY 1""",
            [part, run.pk],
        )
        return [(int(low), int(high), int(count)) for low, high, count in cursor.fetchall()]
