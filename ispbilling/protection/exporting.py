"""One zip with everything about a customer: asked for with a reason, made by a sweep, gone after a few days."""

import hashlib
import os
import shutil
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction

from billing.documents.rendering import render_pdf
from billing.models import Document
from customers.merging.models import records_of
from customers.models import Attachment, Customer, SubjectExport
from customers.protection.models import ExportState
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.files import keeping
from ispbilling.core.models import Provider, User
from ispbilling.core.plans import Plan, Step
from ispbilling.protection import subject

README = """Everything {provider} holds about {customer}, made on {now:%Y-%m-%d %H:%M} UTC.

data/       one file per kind of record, as JSON
documents/  invoices and credit notes as PDF
files/      files handed in

Left out:
{left_out}
Passwords and other secrets are never handed out.
"""


def ask(customer: Customer, reason: str, now: datetime, *, actor: User) -> SubjectExport:
    """Order an export. Raises DomainError while one is being made."""
    try:
        with transaction.atomic():
            row = SubjectExport.objects.create(customer=customer, reason=reason, asked_by=actor, asked_at=now)
            events.record("subject_export.asked", row, actor=actor, about=customer, at=now, reason=reason)
    except IntegrityError as error:
        raise DomainError("An export of this customer is being made already.") from error
    return row


def hand_out(export: SubjectExport, now: datetime, *, actor: User) -> Path:
    """The file, for somebody who is recorded as having taken it. Raises DomainError when it has expired."""
    if not export.is_there(now):
        raise DomainError("This export has expired. Ask for a new one.")
    events.record("subject_export.downloaded", export, actor=actor, about=export.customer, at=now)
    return keeping.place(export.path)


def plan(now: datetime) -> Plan:
    """The sweep: exports to make, and exports whose days are over."""
    waiting = SubjectExport.objects.filter(state=ExportState.WAITING).select_related("customer")
    over = SubjectExport.objects.filter(state=ExportState.READY, expires_at__lte=now)
    steps = [Step(("make", one.pk), str(one), "make the zip", one.reason) for one in waiting.order_by("pk")]
    steps += [
        Step(("expire", one.pk), str(one), "delete the zip", f"expired {one.expires_at:%Y-%m-%d %H:%M}")
        for one in over.select_related("customer").order_by("pk")
    ]
    return Plan("subject_exports", steps, _apply, chunk=1)


def _apply(steps: Sequence[Step], now: datetime) -> int:
    return sum(_make(pk, now) if act == "make" else _expire(pk, now) for act, pk in (s.key for s in steps))


def _make(pk: int, now: datetime) -> int:
    export = _claim(pk, ExportState.WAITING)
    if export is None:
        return 0
    path = keeping.new_path()
    try:
        with transaction.atomic():
            write(export.customer, keeping.place(path), now)
    except Exception as error:  # noqa: BLE001 - one person's export must neither block the others nor hang
        keeping.discard(path)
        export.state, export.error = ExportState.FAILED, f"{type(error).__name__}: {error}"[:300]
        export.save(update_fields=["state", "error"])
        events.record("subject_export.failed", export, about=export.customer, at=now)
        return 1
    with keeping.place(path).open("rb") as file:
        export.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        export.size = os.fstat(file.fileno()).st_size
    export.state, export.path = ExportState.READY, path
    export.ready_at, export.expires_at = now, now + timedelta(days=settings.EXPORT_KEEP_DAYS)
    export.save(update_fields=["state", "path", "size", "sha256", "ready_at", "expires_at"])
    events.record("subject_export.made", export, about=export.customer, at=now)
    return 1


def _expire(pk: int, now: datetime) -> int:
    export = _claim(pk, ExportState.READY)
    if export is None or export.is_there(now):
        return 0
    keeping.discard_after_commit([export.path])
    export.state, export.path = ExportState.EXPIRED, ""
    export.save(update_fields=["state", "path"])
    events.record("subject_export.expired", export, about=export.customer, at=now)
    return 1


def _claim(pk: int, state: ExportState) -> SubjectExport | None:
    rows = SubjectExport.objects.select_for_update(of=("self",), skip_locked=True, no_key=True)
    return rows.select_related("customer").filter(pk=pk, state=state).first()


def write(customer: Customer, target: Path, now: datetime) -> None:
    """Write the zip, row by row: its size costs disk, not memory."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with target.open("xb") as raw, ZipFile(raw, "w", ZIP_DEFLATED) as bundle:
        target.chmod(0o600)
        for model in subject.exported():
            _write_json(bundle, f"data/{model._meta.label_lower}.json", subject.records(model, customer))
        _write_json(bundle, "data/portal_sessions.json", _portal_sessions(customer))
        _write_json(bundle, "data/events.json", subject.happenings(customer))
        for document in subject.rows_of(Document, customer).select_related("party", "corrects", "customer"):
            bundle.writestr(f"documents/{document.reference.replace('/', '-')}.pdf", render_pdf(document))
        for attachment in subject.rows_of(Attachment, customer):
            _add_file(bundle, attachment)
        bundle.writestr("README.txt", _readme(customer, now))


def _write_json(bundle: ZipFile, name: str, records: Iterable[dict[str, Any]]) -> None:
    """A JSON list, one record a line; a table without rows leaves no file."""
    first = next(iterator := iter(records), None)
    if first is None:
        return
    encoder = DjangoJSONEncoder(ensure_ascii=False)
    with bundle.open(name, "w") as file:
        file.write(b"[\n" + encoder.encode(first).encode())
        for record in iterator:
            file.write(b",\n" + encoder.encode(record).encode())
        file.write(b"\n]\n")


def _portal_sessions(customer: Customer) -> Iterable[dict[str, Any]]:
    """Where the person's own log-ins came from."""
    for session in UserSession.objects.filter(user__portal_login__customer__in=records_of(customer)).order_by(
        "pk"
    ):
        yield {
            "username": session.user.username,
            "created_at": session.created_at,
            "ip": session.ip,
            "user_agent": session.user_agent,
        }


def _add_file(bundle: ZipFile, attachment: Attachment) -> None:
    """The file under its name and number; what is packed already is not packed again."""
    try:
        source = keeping.place(attachment.path).open("rb")
    except OSError:
        bundle.writestr(
            f"files/{attachment.pk} {attachment.name}.missing.txt", "The file is not on our disk."
        )
        return
    with source:
        info_name = f"files/{attachment.pk} {attachment.name}"
        bundle.compression = ZIP_STORED
        with bundle.open(info_name, "w") as file:
            shutil.copyfileobj(source, file, 1024 * 1024)
        bundle.compression = ZIP_DEFLATED


def _readme(customer: Customer, now: datetime) -> str:
    left_out = "\n".join(f"- {label}: {why}" for label, why in sorted(subject.LEFT_OUT.items()))
    return README.format(provider=Provider.get().name, customer=customer, now=now, left_out=left_out)
