"""Rows in which a word is found: in fields of their own, or of what they belong to."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import CompositePrimaryKey, Model, Q


def holds(rows: Any, word: str, paths: Sequence[str]) -> Q:
    """Of these rows those with the word in one of the fields, `name` or `customer__name`.

    Each table is asked by itself and the keys are united: of an OR over joined tables no index is used. `rows` are not
    to be narrowed by another word's condition, in which this one would stand again for each table.
    """
    conditions = [
        _in_table(rows.model, relation, names, word) for relation, names in _by_relation(rows.model, paths)
    ]
    if len(conditions) == 1 or isinstance(rows.model._meta.pk, CompositePrimaryKey):
        return Q(*conditions, _connector=Q.OR)
    keys = [rows.order_by().filter(condition).values("pk") for condition in conditions]
    return Q(pk__in=keys[0].union(*keys[1:]))


def _by_relation(model: type[Model], paths: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The last names of the paths by the relation that leads to them, "" for the rows' own."""
    found: dict[str, list[str]] = {}
    for path in paths:
        relation, _, name = path.rpartition("__")
        if relation and _related(model, relation) is None:
            relation, name = "", path
        found.setdefault(relation, []).append(name)
    return list(found.items())


def _in_table(model: type[Model], relation: str, names: Sequence[str], word: str) -> Q:
    there = Q(*(Q((f"{name}__icontains", word)) for name in names), _connector=Q.OR)
    if not relation:
        return there
    related = _related(model, relation)
    assert related is not None  # noqa: S101 - else its path counts as the rows' own
    return Q((f"{relation}__in", related._base_manager.filter(there)))


def _related(model: type[Model], relation: str) -> type[Model] | None:
    """The model at the end of a path of relations; None for a path that leaves them: JSON, an annotation."""
    found: Any = model
    for part in relation.split("__"):
        try:
            found = found._meta.get_field(part).related_model
        except FieldDoesNotExist:
            return None
        if found is None:
            return None
    related: type[Model] = found
    return related
