"""Which days still take postings: the books are closed up to a day, and nothing is dated on it or before.

PostgreSQL refuses, too, whatever program writes (migration 0009). Closing and reopening are `billing.closing`.
"""

from datetime import date

from django.db import connection

from ispbilling.core.errors import DomainError


def closed_until() -> date | None:
    """The last day that is closed; None while every day is open."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT closed_until FROM billing_billingsettings WHERE id = 1")
        found: date | None = cursor.fetchone()[0]
    return found


def require_open(on: date) -> None:
    """Raise DomainError for a day whose books are closed: what was reported of it must not change."""
    closed = closed_until()
    if closed is not None and on <= closed:
        raise DomainError(
            f"The books are closed up to {closed}, so nothing can be dated {on}: choose a later day."
        )
