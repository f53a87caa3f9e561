"""What uses a row that may not go while it is used."""

from collections import defaultdict

from django.db import models
from django.db.models import Q

from ispbilling.core.errors import DomainError
from ispbilling.core.units import counted


def users(row: models.Model) -> list[str]:
    """`3 data accounts`, `1 package`: the rows of each table that point to it and protect it."""
    pointing: dict[type[models.Model], Q] = defaultdict(Q)
    for relation in row._meta.get_fields(include_hidden=True):  # what is called "+" protects it, too
        if isinstance(relation, models.ForeignObjectRel) and relation.on_delete is models.PROTECT:
            pointing[relation.related_model] |= Q(**{relation.field.name: row})
    found = []
    for model, points in pointing.items():
        if count := model._base_manager.filter(points).count():
            found.append(counted(count, str(model._meta.verbose_name)))
    return found


def refuse_if_used(row: models.Model, instead: str) -> None:
    """Raises DomainError that says what uses the row, and what to do instead. To be asked under the row's lock."""
    if found := users(row):
        raise DomainError(f"{' and '.join(found)} {_use(found)} {row}, so it stays. {instead}")


def _use(found: list[str]) -> str:
    return "uses" if len(found) == 1 and found[0].startswith("1 ") else "use"
