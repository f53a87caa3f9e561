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

    def reload(self, connection: Connection, between) -> None:
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


class LongBook(Notebook):
    """Takes long to read everything; somebody is suspended and a package is changed meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = 0

    def reload(self, connection: Connection, between) -> None:
        self.whole += 1
        if self.whole == 2:
            with connect("test") as other, other.cursor() as cursor:
                cursor.execute("SELECT pg_notify('radius', 'customer:7'), pg_notify('radius', 'package:8')")
            eventually(lambda: between() or ("customer", [7]) in self.read, 2)
            self.read.append(("everything", []))


def test_a_suspension_does_not_wait_until_everything_has_been_read():
    book = LongBook()
    follower = Follower(book, "test")
    follower.start(lambda: False)
    try:
        with connect("test") as other, other.cursor() as cursor:
            cursor.execute("SELECT pg_notify('radius', '*')")
        assert eventually(lambda: ("package", [8]) in book.read, 20)
        everything = book.read.index(("everything", []))
        assert ("customer", [7]) in book.read[:everything], "at once"
        assert ("package", [8]) not in book.read[:everything], "what many lines share: when all are in place"
        assert eventually(lambda: ("customer", [7]) in book.read[everything:]), "and the rest once more"
    finally:
        follower.stop()
