"""Filling the product's own tables by COPY, which a hundred thousand forms would take hours for."""

from collections.abc import Iterable
from typing import Any

from django.db import connection, models

from bench.sql import copy

CHUNK = 20_000


def copy_rows(model: type[models.Model], rows: Iterable[dict[str, Any]]) -> None:
    """COPY rows given by field name; every other field gets its default, as it would from a form."""
    fields = [field for field in model._meta.concrete_fields if field.column]
    defaults = {field.name: field.get_default() for field in fields}
    columns = [field.column for field in fields]
    with connection.cursor() as wrapped:
        chunk: list[list[Any]] = []
        for row in rows:
            chunk.append([(defaults | row)[field.name] for field in fields])
            if len(chunk) == CHUNK:
                copy(wrapped.cursor, model._meta.db_table, columns, chunk)
                chunk.clear()
        copy(wrapped.cursor, model._meta.db_table, columns, chunk)


def restart_numbering(*tables: type[models.Model]) -> None:
    """Let new rows be numbered after those that came with their ids."""
    with connection.cursor() as cursor:
        for model in tables:
            table = model._meta.db_table
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"  # noqa: S608
            )
