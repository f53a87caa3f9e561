"""What the calls of closed months come to: one sum per customer, number and month, of calls that no invoice has."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from django.db import connection

from billing.calls.numbers import spoken
from ispbilling.core.units import counted

#: Why a customer waits: the sweep that prices calls is done with it in a moment.
BEING_PRICED = "Its calls are being priced again; preview again in a minute."


@dataclass(frozen=True, slots=True)
class Called:
    """The calls of a number in a month: all that no invoice has, or those of `ids`. `amount` is before VAT and not
    rounded."""

    number_id: int
    label: str
    month: date
    calls: int
    seconds: int
    amount: Decimal
    ids: tuple[int, ...] = ()

    @property
    def words(self) -> str:
        """`November 2026, 37 calls, 2 h 14 m`."""
        return f"{self.month:%B %Y}, {counted(self.calls, 'call')}, {spoken(self.seconds)}"


@dataclass(frozen=True, slots=True)
class Dues:
    """What is due of one customer's calls. `waiting`: some of them are to be priced again first."""

    called: tuple[Called, ...] = ()
    waiting: bool = False


def due(
    before: date, now: datetime, low: int, high: int, billing_group_id: int | None = None
) -> dict[int, Dues]:
    """By customer from low to high, the calls of months that ended by `before` (the first day of a month)."""
    with connection.cursor() as cursor:
        cursor.execute(
            _DUE, {"before": before, "now": now, "low": low, "high": high, "group": billing_group_id}
        )
        rows = cursor.fetchall()
    found: dict[int, Dues] = {}
    for customer, number, label, month, calls, seconds, amount, waiting in rows:
        one = found.get(customer, Dues())
        called = (Called(number, label, month, calls, int(seconds), amount),) if month else ()
        if called or waiting:
            found[customer] = Dues(one.called + called, one.waiting or waiting)
    return found


def unbillable(before: date) -> int:
    """How many calls of those months nobody is charged for, because their caller or their price is not known."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FROM billing_call
               WHERE bill_id IS NULL AND state IN ('unknown', 'unrated') AND day < %s""",
            [before],
        )
        return int(cursor.fetchone()[0])


_DUE = Path(__file__).with_name("due.sql").read_text()
