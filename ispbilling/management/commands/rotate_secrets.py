"""`manage.py rotate_secrets`: encrypt every secret again under the first key of SECRETS_KEYS."""

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import connection, transaction

from ispbilling.core.secrets import SecretField, decrypt, encrypt, key_id


class Command(BaseCommand):
    help = "Encrypts every stored secret again under the current key; safe to stop and start again."

    def handle(self, **options: Any) -> None:
        for model in apps.get_models():
            for field in model._meta.local_fields:
                if isinstance(field, SecretField):
                    self.stdout.write(
                        f"{model._meta.label}.{field.name}: {self._rotate(model, field)} rotated"
                    )

    @staticmethod
    def _rotate(model: Any, field: Any) -> int:
        quote = connection.ops.quote_name
        table, column = quote(model._meta.db_table), quote(field.column)
        columns = [quote(part.column) for part in model._meta.pk_fields]
        key, marks = f"({', '.join(columns)})", f"({', '.join(['%s'] * len(columns))})"
        current = key_id(encrypt(b""))
        done, last = 0, [0] * len(columns)
        while True:
            with transaction.atomic(), connection.cursor() as cursor:
                # Raw values: the field itself would hand out the clear text.
                cursor.execute(
                    f"SELECT {column}, {', '.join(columns)} FROM {table}"  # noqa: S608
                    f" WHERE {key} > {marks} AND length({column}) > 0"
                    f" ORDER BY {', '.join(columns)} LIMIT 1000 FOR UPDATE",
                    last,
                )
                rows = cursor.fetchall()
                if not rows:
                    return done
                stale = [(encrypt(decrypt(value)), *row) for value, *row in rows if key_id(value) != current]
                cursor.executemany(f"UPDATE {table} SET {column} = %s WHERE {key} = {marks}", stale)  # noqa: S608
            done, last = done + len(stale), list(rows[-1][1:])
