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
        table, column, pk = quote(model._meta.db_table), quote(field.column), quote(model._meta.pk.column)
        current = key_id(encrypt(b""))
        done, last = 0, 0
        while True:
            with transaction.atomic(), connection.cursor() as cursor:
                # Raw values: the field itself would hand out the clear text.
                cursor.execute(
                    f"SELECT {pk}, {column} FROM {table} WHERE {pk} > %s AND length({column}) > 0"  # noqa: S608
                    f" ORDER BY {pk} LIMIT 1000 FOR UPDATE",
                    [last],
                )
                rows = cursor.fetchall()
                if not rows:
                    return done
                stale = [(encrypt(decrypt(value)), row) for row, value in rows if key_id(value) != current]
                cursor.executemany(f"UPDATE {table} SET {column} = %s WHERE {pk} = %s", stale)  # noqa: S608
            done, last = done + len(stale), rows[-1][0]
