"""Work on an import in the background: one worker at a time, and how far it is, visible while it goes on.

The work is one transaction, of which nobody sees anything until it is whole; so how far it is, is written over
a connection of its own. The claim is an advisory lock of the transaction: a killed worker's is free again.
"""

import time
from types import TracebackType

from django.db import connection

#: Keeps these locks apart from other advisory locks of the project.
_SPACE = 0x1B09
_EVERY = 0.5


def claim(import_id: int) -> bool:
    """Whether this transaction is now the only one that works on the import."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [(_SPACE << 40) | import_id])
        return bool(cursor.fetchone()[0])


class Progress:
    """Tells how far the work is, at most twice a second."""

    def __init__(self, import_id: int) -> None:
        self._import_id, self._next = import_id, 0.0
        self._connection = connection.copy()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def begin(self, total: int) -> None:
        """So many rows there are."""
        self._write("total = %s, done = 0", [total])

    def tell(self, done: int) -> None:
        """So many rows are behind us."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _EVERY
            self._write("done = %s", [done])

    def _write(self, what: str, values: list[int]) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE customers_customerimport SET {what} WHERE id = %s",  # noqa: S608 - our own words
                [*values, self._import_id],
            )
