"""Ids of our rows in the accounting system: the only writer of `ExternalReference` (EDT-14, D-22).

One id per system, kind and row, and one row per system, kind and id; PostgreSQL says so. Which system is meant is
`Provider.accounting_system`; what rows are called in another one stays for when that is chosen again.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, models, transaction

from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import AccountingSystem, ExternalKind, ExternalReference, Provider, User


def system() -> AccountingSystem:
    """The chosen accounting system; empty while none is."""
    return AccountingSystem(Provider.get().accounting_system)


def ids(kind: ExternalKind, keys: Iterable[int], of: AccountingSystem | None = None) -> dict[int, str]:
    """What those rows are called in a system, the chosen one unless another is meant; only those that have an id."""
    rows = ExternalReference.objects.filter(
        system=system() if of is None else of, kind=kind, object_id__in=list(keys)
    )
    return dict(rows.values_list("object_id", "external_id"))


def id_of(kind: ExternalKind, key: int | None, of: AccountingSystem | None = None) -> str:
    """What one row is called there; empty where it has no id."""
    return ids(kind, [key], of).get(key, "") if key is not None else ""


def holder(kind: ExternalKind, external_id: str, of: AccountingSystem | None = None) -> int | None:
    """The key of the row that has the id."""
    found: int | None = (
        ExternalReference.objects.filter(
            system=system() if of is None else of, kind=kind, external_id=external_id.strip()
        )
        .values_list("object_id", flat=True)
        .first()
    )
    return found


def put(
    kind: ExternalKind,
    row: models.Model,
    external_id: str,
    now: datetime,
    *,
    actor: User | None,
    of: AccountingSystem | None = None,
) -> bool:
    """Give a row its id in a system, or take it away with an empty one. Whether anything changed.

    Raises DomainError when another row has it, ValueError while no system is chosen.
    """
    where = system() if of is None else of
    if not where:
        raise ValueError("no accounting system is chosen")
    wanted = external_id.strip()
    key = {"system": where.value, "kind": kind.value, "object_id": row.pk}
    try:
        with transaction.atomic():
            known = ExternalReference.objects.select_for_update().filter(**key).first()
            before = known.external_id if known else ""
            if before == wanted:
                return False
            if not wanted:
                ExternalReference.objects.filter(**key).delete()
            else:
                ExternalReference.objects.update_or_create(**key, defaults={"external_id": wanted})
            events.record(
                f"{kind.value}.edited",
                row,
                actor=actor,
                at=now,
                system=where.short,
                changes={"accounting_id": [before, wanted]},
            )
    except IntegrityError as error:
        raise DomainError(f"Another {kind.label.lower()} has this {where.short} ID.") from error
    return True
