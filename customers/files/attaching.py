"""The only writer of attachments: add, remove, bring back, and delete for good after the days of grace."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from customers.accounts.models import Customer
from customers.files.models import Attachment, AttachmentQuerySet
from ispbilling.core import events, registries
from ispbilling.core.errors import DomainError
from ispbilling.core.files import keeping
from ispbilling.core.models import User
from ispbilling.core.plans import Plan, Step


def attach(
    customer: Customer, upload: UploadedFile, now: datetime, *, actor: User | None, description: str = ""
) -> Attachment:
    """Keep a file with the customer. Raises FileRefused; then nothing is stored."""
    kept = keeping.keep(upload)
    try:
        with transaction.atomic():
            row = Attachment.objects.create(
                customer=customer,
                description=description,
                uploaded_by=actor,
                uploaded_at=now,
                **kept.columns(),
            )
            events.record("attachment.added", row, actor=actor, about=customer, at=now)
    except BaseException:
        keeping.discard(kept.path)
        raise
    return row


def remove(attachment: Attachment, now: datetime, *, actor: User) -> Attachment:
    """Hide it; it can be brought back for ATTACHMENT_KEEP_REMOVED_DAYS. Raises DomainError when it is hidden."""
    with transaction.atomic():
        row = _locked(attachment)
        if row.removed_at is not None:
            raise DomainError("This attachment has been removed; reload the page.")
        if reasons := registries.refusals("attachment.remove", row):
            raise DomainError(" ".join(reasons))
        row.removed_at, row.removed_by = now, actor
        row.save(update_fields=["removed_at", "removed_by"])
        events.record("attachment.removed", row, actor=actor, about=row.customer, at=now)
    return row


def restore(attachment: Attachment, now: datetime, *, actor: User) -> Attachment:
    """Bring a removed attachment back. Raises DomainError when it is there, or deleted meanwhile."""
    with transaction.atomic():
        row = _locked(attachment)
        if row.removed_at is None:
            raise DomainError("This attachment is there already; reload the page.")
        row.removed_at = row.removed_by = None
        row.save(update_fields=["removed_at", "removed_by"])
        events.record("attachment.restored", row, actor=actor, about=row.customer, at=now)
    return row


def purge(now: datetime) -> Plan:
    """The sweep: files removed longer ago than the days of grace, deleted with their previews."""
    days = settings.ATTACHMENT_KEEP_REMOVED_DAYS
    steps = [
        Step(pk, name, "delete the file", f"removed {removed_at:%Y-%m-%d}, more than {days} days ago")
        for pk, name, removed_at in _overdue(now).values_list("pk", "name", "removed_at")
    ]
    return Plan("purge_files", steps, _purge)


def _purge(steps: Sequence[Step], now: datetime) -> int:
    rows = list(
        _overdue(now)
        .filter(pk__in=[step.key for step in steps])
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("customer")
    )
    for row in rows:
        events.record("attachment.deleted", row, about=row.customer, at=now, sha256=row.sha256)
    keeping.discard_after_commit([row.path for row in rows])
    Attachment.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)


def _overdue(now: datetime) -> AttachmentQuerySet:
    before = now - timedelta(days=settings.ATTACHMENT_KEEP_REMOVED_DAYS)
    return Attachment.objects.filter(removed_at__lt=before).order_by("pk")


def _locked(attachment: Attachment) -> Attachment:
    row = (
        Attachment.objects.select_for_update(of=("self",), no_key=True)
        .select_related("customer")
        .filter(pk=attachment.pk)
        .first()
    )
    if row is None:
        raise DomainError("This attachment has been deleted for good meanwhile.")
    return row
