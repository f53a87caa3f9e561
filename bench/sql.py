"""What both sides need of PostgreSQL: where it is, empty databases, and COPY."""

import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import unquote

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def address(url: str) -> dict[str, str]:
    """Host (a socket's folder), port and user out of a DATABASE_URL of ours, for any database of that server."""
    user, _, place = url.split("://")[1].rpartition("/")[0].rpartition("@")
    host, _, port = place.rpartition(":")
    return {"host": unquote(host), "port": port, "user": user}


def connect(where: dict[str, str], database: str) -> Connection:
    """A connection that commits every statement by itself."""
    connection = psycopg2.connect(dbname=database, **where)
    connection.autocommit = True
    return connection


def make_afresh(where: dict[str, str], *databases: str) -> None:
    """Drop and make these databases, so that every run starts from the same state."""
    administrative = connect(where, "postgres")
    with administrative.cursor() as cursor:
        for name in databases:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{name}"')
    administrative.close()


def copy_database(where: dict[str, str], name: str, template: str) -> None:
    """Make `name` anew as it stands in `template`, which nobody may be connected to."""
    administrative = connect(where, "postgres")
    with administrative.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    administrative.close()


def drop_database(where: dict[str, str], name: str) -> None:
    """Drop it, whoever is connected."""
    administrative = connect(where, "postgres")
    with administrative.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    administrative.close()


def copy(cursor: Cursor, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Append `rows` to `table`."""
    text = "".join("\t".join(map(_field, row)) + "\n" for row in rows)
    names = ", ".join(f'"{name}"' for name in columns)
    cursor.copy_expert(f'COPY "{table}" ({names}) FROM STDIN', io.StringIO(text))


def _field(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bytes):
        return "\\\\x" + value.hex()
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value).translate(_ESCAPES)
