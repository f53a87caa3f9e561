"""Forgetting files and rows: when an import is discarded, and when it has lain for KEEP."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from customers.imports.models import KEEP, CustomerImport, ImportPart, ImportRow, ImportState
from customers.imports.progress import claim
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.plans import Plan, Step

_BUSY = (ImportState.CHECKING, ImportState.APPLYING, ImportState.UNDOING)


def discard(one: CustomerImport, now: datetime, *, actor: User | None) -> None:
    """Throw the file and the report away. Raises DomainError once the import began."""
    allowed = (ImportState.UPLOADED, ImportState.CHECKING, ImportState.CHECKED)
    with transaction.atomic():
        changed = CustomerImport.objects.filter(pk=one.pk, state__in=allowed).update(
            state=ImportState.DISCARDED, touched_at=now
        )
        if not changed:
            raise DomainError(
                "This import cannot be discarded any more; an import that is done can be undone."
            )
        events.record("import.discarded", one, actor=actor, at=now)
        if claim(one.pk):  # else a worker is at it; the sweep forgets it afterwards
            forget(one, now)


def due(now: datetime) -> Plan:
    """The imports whose file and rows have been kept long enough, or were discarded under a worker's hands."""
    kept = CustomerImport.objects.filter(purged_at=None).exclude(state__in=_BUSY)
    old = kept.filter(touched_at__lt=now - KEEP) | kept.filter(state=ImportState.DISCARDED)
    steps = [
        Step(one.pk, str(one), "forget its rows", f"last touched {one.touched_at:%Y-%m-%d}")
        for one in old.order_by("pk")
    ]
    return Plan("forget_imports", steps, _forget_due, chunk=1)


def _forget_due(steps: Sequence[Step], now: datetime) -> int:
    done = 0
    for step in steps:
        one = due_again(step.key, now)
        if one is not None and claim(one.pk):
            forget(one, now)
            done += 1
    return done


def due_again(import_id: int, now: datetime) -> CustomerImport | None:
    """The import, if it is still to be forgotten."""
    one = CustomerImport.objects.filter(pk=import_id, purged_at=None).exclude(state__in=_BUSY).first()
    if one is None or not (one.state == ImportState.DISCARDED or one.touched_at < now - KEEP):
        return None
    return one


def forget(one: CustomerImport, now: datetime) -> None:
    """Forget the file and its rows; who imported what and how many stays. Not undoable any more."""
    one.parts.all().delete()
    one.lines.all().delete()
    CustomerImport.objects.filter(pk=one.pk).update(first_rows="", refusal="", purged_at=now)


def forget_customer(customer_id: int) -> int:
    """Forget what imports kept of one customer: its rows, and the files they came in. The rest of such an
    import can still be undone. Returns how many rows it was."""
    rows = ImportRow.objects.filter(customer_id=customer_id)
    imports = CustomerImport.objects.filter(pk__in=rows.values("of"))
    ImportPart.objects.filter(of__in=imports).delete()
    imports.update(first_rows="")
    return rows.delete()[0]
