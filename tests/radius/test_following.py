"""The copy in memory follows PostgreSQL: no change is missed."""

import pytest
from psycopg2.extensions import connection as Connection

from radius.server.following import Follower, connect
from tests.radius.conftest import eventually

pytestmark = pytest.mark.django_db(transaction=True)


class Notebook:
    """Notes what it is told to read again; something else changes while it reads the first."""

    def __init__(self) -> None:
        self.read: list[tuple[str, list[int]]] = []

    def reload(self, connection: Connection) -> None:
        self.change_meanwhile(connection, 1)

    def apply(self, connection: Connection, scope: str, ids: list[int]) -> None:
        self.read.append((scope, ids))
        if ids == [1]:
            self.change_meanwhile(connection, 2)

    def change_meanwhile(self, connection: Connection, number: int) -> None:
        with connect("test") as other, other.cursor() as cursor:
            cursor.execute("SELECT pg_notify('radius', %s)", (f"account:{number}",))
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.1)")


def test_a_change_during_a_read_is_read_too():
    notebook = Notebook()
    follower = Follower(notebook, "test")
    follower.start(lambda: False)
    try:
        assert eventually(lambda: notebook.read == [("account", [1]), ("account", [2])])
    finally:
        follower.stop()
