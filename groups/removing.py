"""Deleting a billing group, category, label or high site, merging it into another, and taking that back.

Whatever points to the row (customers, NASes, what joins later) is found through the relations themselves. A
reference becomes another row of the table, or none; a tag is exchanged or taken off. The event keeps the row
and who pointed to it: from it Undo makes the row again, and gives it to those who have not been changed since.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models, transaction

from groups.keeping import NOUNS
from groups.models import BillingGroup, Category, HighSite, Label
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, User

REMOVABLE: tuple[type[models.Model], ...] = (BillingGroup, Category, Label, HighSite)
CHUNK = 2000


@dataclass(frozen=True, slots=True)
class Pointer:
    """A column, or a table of pairs, by which rows of another table point to this one."""

    model: type[models.Model]
    name: str
    through: type[models.Model] | None = None

    @property
    def key(self) -> str:
        """How the event calls it."""
        return f"{self.model._meta.label_lower}.{self.name}"

    @property
    def noun(self) -> str:
        return str(self.model._meta.model_name)

    def pairs(self, target: models.Model) -> Any:
        """The rows of the pair table that name `target`."""
        assert self.through is not None  # noqa: S101 - asked of tags only
        return self.through._base_manager.filter(**{type(target)._meta.model_name or "": target})

    def keys(self, row: models.Model) -> list[int]:
        """Who points to the row."""
        if self.through is not None:
            return sorted(self.pairs(row).values_list(f"{self.noun}_id", flat=True))
        found = self.model._base_manager.filter(**{self.name: row})
        return list(found.order_by("pk").values_list("pk", flat=True))

    def put(self, keys: Iterable[int], target: models.Model) -> None:
        """Give those rows the tag."""
        assert self.through is not None  # noqa: S101
        column = f"{type(target)._meta.model_name}_id"
        pairs = [self.through(**{f"{self.noun}_id": key, column: target.pk}) for key in keys]
        self.through._base_manager.bulk_create(pairs, CHUNK, ignore_conflicts=True)

    def take(self, keys: Sequence[int], target: models.Model) -> None:
        """Take the tag off those rows."""
        for part in _parts(keys):
            self.pairs(target).filter(**{f"{self.noun}__in": part}).delete()


@dataclass(slots=True)
class Removal:
    """What a deletion did; `members` by kind of row."""

    event: Event
    members: dict[str, int] = field(default_factory=dict)


def pointers(model: type[models.Model]) -> list[Pointer]:
    """Every column and tag by which other rows point to rows of this table."""
    found = []
    for relation in model._meta.related_objects:
        column: Any = relation.field
        through = column.remote_field.through if column.many_to_many else None
        found.append(Pointer(relation.related_model, column.name, through))
    return found


def members(row: models.Model) -> dict[str, int]:
    """How many rows of each kind point to it, by the plural name of the kind; kinds without any are left out."""
    counts: dict[str, int] = {}
    for pointer in pointers(type(row)):
        if count := len(pointer.keys(row)):
            name = str(
                pointer.model._meta.verbose_name_plural if count > 1 else pointer.model._meta.verbose_name
            )
            counts[name] = count
    return counts


def delete(row: models.Model, target: models.Model | None, now: datetime, *, actor: User | None) -> Removal:
    """Delete the row; what points to it points to `target` then, or to nothing.

    Raises DomainError when either row is gone meanwhile, or when they are the same.
    """
    model, noun = type(row), NOUNS[type(row)]
    wanted = {one.pk for one in (row, target) if one is not None}
    with transaction.atomic():
        locked = model._default_manager.select_for_update().filter(pk__in=wanted).order_by("pk").in_bulk()
        if row.pk not in locked:
            raise DomainError(f"{row} is deleted already.")
        if len(locked) < len(wanted) or (target is not None and target.pk == row.pk):
            raise DomainError("Pick another one to take its place; that one is not there any more.")
        moved: dict[str, list[int]] = {}
        gained: dict[str, list[int]] = {}
        for pointer in pointers(model):
            keys = pointer.keys(row)
            if pointer.through is None:
                _point(pointer, keys, target)
            elif target is not None:
                gained[pointer.key] = sorted(set(keys) - set(pointer.keys(target)))
                pointer.put(gained[pointer.key], target)
            _record(pointer, keys, row, target, now, actor, f"{noun.replace('_', ' ')} {row} deleted")
            moved[pointer.key] = keys
        event = events.record(
            f"{noun}.deleted",
            row,
            actor=actor,
            at=now,
            row=_values(locked[row.pk]),
            target=str(target) if target else None,
            target_id=target.pk if target else None,
            moved=moved,
            gained=gained,
        )
        for pointer in pointers(model):
            if pointer.through is not None:
                pointer.take(moved[pointer.key], row)
        model._default_manager.filter(pk=row.pk).delete()
    return Removal(event, {key: len(keys) for key, keys in moved.items()})


def restore(event: Event, now: datetime, *, actor: User | None) -> models.Model:
    """Make the deleted row of that event again, for those who have not been changed since; returns it.

    Raises DomainError when it is back already, or when another row has its name.
    """
    model = model_of(event)
    noun, data = NOUNS[model], event.data
    with transaction.atomic():
        Event.objects.select_for_update().get(pk=event.pk)  # two people at once: the second finds the row
        if model._default_manager.filter(pk=event.subject_id).exists():
            raise DomainError(f"{event.label} is back already.")
        row = model(pk=event.subject_id)
        for name, value in data["row"].items():
            column: Any = model._meta.get_field(name)
            setattr(row, name, column.to_python(value))
        name = "name" if "name" in data["row"] else "title"
        if model._default_manager.filter(**{f"{name}__iexact": data["row"][name]}).exists():
            raise DomainError(f"There is a new one called {row}; rename that one first.")
        row.save(force_insert=True)
        target = model._default_manager.filter(pk=data.get("target_id")).first()
        count = 0
        for pointer in pointers(model):
            back = _still_there(pointer, data, target)
            if pointer.through is None:
                _point(pointer, back, row)
            else:
                pointer.put(back, row)
                if target is not None:
                    pointer.take(data["gained"].get(pointer.key, []), target)
            _record(pointer, back, target, row, now, actor, f"{noun.replace('_', ' ')} {row} restored")
            count += len(back)
        events.record(f"{noun}.restored", row, actor=actor, at=now, members=count)
    return row


def model_of(event: Event) -> type[models.Model]:
    """The table of a deletion's row. Raises LookupError when the event is about something else."""
    return next(model for model in REMOVABLE if f"{NOUNS[model]}.deleted" == event.kind)


def _still_there(pointer: Pointer, data: dict[str, Any], target: models.Model | None) -> list[int]:
    """Those who pointed to the deleted row and still have what they got instead."""
    moved: list[int] = data["moved"].get(pointer.key, [])
    kept: list[int] = []
    for part in _parts(moved):
        rows = pointer.model._base_manager.select_for_update(no_key=True).filter(pk__in=part)
        if pointer.through is None:
            if data.get("target_id") and target is None:
                continue  # what they got instead is deleted as well: that took them elsewhere
            rows = rows.filter(**({pointer.name: target} if target else {f"{pointer.name}__isnull": True}))
        kept += rows.order_by("pk").values_list("pk", flat=True)
    return kept


def _point(pointer: Pointer, keys: Sequence[int], target: models.Model | None) -> None:
    for part in _parts(keys):
        pointer.model._base_manager.filter(pk__in=part).update(**{pointer.name: target})


def _record(
    pointer: Pointer,
    keys: Sequence[int],
    old: models.Model | None,
    new: models.Model | None,
    now: datetime,
    actor: User | None,
    because: str,
) -> None:
    """The change on the timeline of each row."""
    change = {pointer.name: [str(old) if old else None, str(new) if new else None]}
    for part in _parts(keys):
        happened = [
            events.Happening(one.pk, one.pk, str(one), {"changes": change, "because": because})
            for one in pointer.model._base_manager.filter(pk__in=part).order_by("pk")
        ]
        events.record_many(
            f"{pointer.noun}.edited", pointer.model, pointer.model, happened, at=now, actor=actor
        )


def _values(row: models.Model) -> dict[str, Any]:
    return {
        column.name: getattr(row, column.attname) for column in row._meta.fields if not column.primary_key
    }


def _parts(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(keys), CHUNK):
        yield keys[start : start + CHUNK]
