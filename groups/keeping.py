"""Adding and changing what customers are sorted by: the writer of this app's tables.

(Deleting, enabling and disabling a group concerns its customers: `customers.accounts.regroup`.)
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, models, transaction

from groups.models import BillingGroup, Category, CustomerGroup, HighSite, Label
from ispbilling.core import events, external
from ispbilling.core.errors import DomainError
from ispbilling.core.meanwhile import refuse_if_changed
from ispbilling.core.models import ExternalKind, User

#: The noun of the events about each table.
NOUNS: dict[type[models.Model], str] = {
    CustomerGroup: "group",
    BillingGroup: "billing_group",
    Category: "category",
    Label: "label",
    HighSite: "high_site",
}


def save(
    row: models.Model,
    values: Mapping[str, Any],
    now: datetime,
    *,
    actor: User | None,
    seen: int | None = None,
) -> models.Model:
    """Store a new row, or the columns of an existing one that differ; records `<noun>.added` or `.edited`.

    `accounting_id` among the values of a group is what the accounting system calls it. `seen` is what
    `meanwhile.latest` gave when the form was opened. Raises ChangedMeanwhile when the row was edited since,
    DomainError when another row took the title or that id.
    """
    noun = NOUNS[type(row)]
    values = dict(values)
    there = values.pop("accounting_id", None)
    with transaction.atomic():
        stored = _stored(row, noun, values, now, actor, seen)
        if there is not None:
            external.put(ExternalKind(noun), stored, there, now, actor=actor)
    return stored


def _stored(
    row: models.Model,
    noun: str,
    values: Mapping[str, Any],
    now: datetime,
    actor: User | None,
    seen: int | None,
) -> models.Model:
    try:
        with transaction.atomic():
            if row.pk is None:
                for name, value in values.items():
                    setattr(row, name, value)
                row.save(force_insert=True)
                events.record(f"{noun}.added", row, actor=actor, at=now)
                return row
            stored = type(row)._default_manager.select_for_update().get(pk=row.pk)
            refuse_if_changed(stored, seen, f"{noun}.edited")
            changed = events.changes({name: getattr(stored, name) for name in values}, dict(values))
            for name in changed:
                setattr(stored, name, values[name])
            if changed:
                stored.save(update_fields=list(changed))
                events.record(f"{noun}.edited", stored, actor=actor, at=now, changes=changed)
            return stored
    except IntegrityError as error:
        raise DomainError(f"There is already a {noun.replace('_', ' ')} with this title.") from error
