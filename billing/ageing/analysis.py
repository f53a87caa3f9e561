"""The age analysis of many payers: one query, whatever it is narrowed to and ordered by.

`Analysis` stands where a list page expects a queryset: it counts, slices and walks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Prefetch, QuerySet
from django.urls import reverse

from billing.ageing.buckets import Ages
from billing.allocating.open_items import by_place, open_query
from billing.recurring.models import AgeBy
from customers.models import Contact, Customer

#: Which payers are shown: all with something open, those past a due date, those with unused credit.
SHOWN = {"open": "TRUE", "overdue": "overdue > 0", "credit": "credit < 0"}
#: Column of the list -> what it is ordered by.
ORDERS = {
    "code": "c.code",
    "name": "upper(c.name)",
    "contact": "upper(coalesce(nullif(c.contact_name, ''), k.name, ''))",
    "phone": "coalesce(nullif(c.phone, ''), k.mobile, '')",
    "email": "upper(coalesce(k.email, ''))",
    "group": "upper(g.title)",
    **{name: name for name in Ages.__slots__},
    "balance": "balance",
}
CHUNK = 2000


@dataclass(frozen=True, slots=True)
class AgeRow:
    """One payer and what it owes by age."""

    customer: Customer
    ages: Ages
    url: str

    def __str__(self) -> str:
        return str(self.customer)

    @property
    def pk(self) -> int:
        return self.customer.pk

    def get_absolute_url(self) -> str:
        return self.url


class Analysis:
    """The payers among `customers` with anything open on the day. `expected` is the part that is asked for
    first; counting comes with reading it."""

    def __init__(
        self,
        customers: QuerySet[Customer],
        on: date,
        by: AgeBy,
        *,
        shown: str = "open",
        order: Sequence[str] = (),
        expected: slice = slice(0, 1),
    ) -> None:
        self.customers, self.on, self.by, self.shown, self.order = customers, on, by, shown, order
        self.expected = expected
        self._read: tuple[slice, list[tuple[Any, ...]]] | None = None
        self._count, self._totals = 0, Ages()

    def __len__(self) -> int:
        self._ask_first()
        return self._count

    @property
    def totals(self) -> Ages:
        """Of all payers that match, not only of those that are read."""
        self._ask_first()
        return self._totals

    def __getitem__(self, part: slice) -> list[AgeRow]:
        self._ask_first()
        assert self._read is not None  # noqa: S101 - just read
        read, rows = self._read
        if part.start != read.start or part.stop > read.stop:
            return self._dressed(self._rows(part))
        return self._dressed(rows[: part.stop - part.start])

    def __iter__(self) -> Iterator[AgeRow]:
        rows = self._rows(slice(0, None))
        for start in range(0, len(rows), CHUNK):
            yield from self._dressed(rows[start : start + CHUNK])

    def _ask_first(self) -> None:
        if self._read is not None:
            return
        self._read = self.expected, self._rows(self.expected)
        if not self._read[1] and self.expected.start:  # past the end: the count is still to be found
            self._rows(slice(0, 1))

    def _rows(self, part: slice) -> list[tuple[Any, ...]]:
        """(payer, its ages ...) in the asked order; counts and totals of all come with any of them."""
        try:
            among, params = self.customers.order_by().values("pk").query.sql_with_params()
        except EmptyResultSet:
            return []
        query, positional = by_place(*open_query(self.on))
        since = "due_on" if self.by == AgeBy.DUE else "posted_on"
        text = _QUERY.replace("OPEN_ITEMS", query).replace("SINCE", since).replace("AMONG", among)
        text = text.replace("SHOWN", SHOWN[self.shown]).replace("SORTING", self._order())
        limit = None if part.stop is None else part.stop - (part.start or 0)
        days = [self.on] * 6
        with connection.cursor() as cursor:
            cursor.execute(text, [*days, *positional, *params, limit, part.start or 0])
            found = cursor.fetchall()
        if found:
            self._count, self._totals = found[0][8], Ages(*found[0][9:])
        return [row[:8] for row in found]

    def _order(self) -> str:
        found = [
            ORDERS[name.lstrip("-")] + (" DESC" if name.startswith("-") else "")
            for name in self.order
            if name.lstrip("-") in ORDERS
        ]
        return ", ".join([*found, "c.code", "payer"])

    def _dressed(self, rows: list[tuple[Any, ...]]) -> list[AgeRow]:
        primary = Prefetch("contacts", Contact.objects.filter(primary=True), to_attr="primary_contacts")
        known = (
            Customer.objects.select_related("group")
            .prefetch_related(primary)
            .defer("id_number")
            .in_bulk([row[0] for row in rows])
        )
        return [AgeRow(known[row[0]], Ages(*row[1:]), self._url(row[0])) for row in rows]

    def _url(self, payer: int) -> str:
        return f"{reverse('billing:open_items', args=[payer])}?on={self.on}&by={self.by}"


_QUERY = """
SELECT payer, current, days30, days60, days90, days120, credit, overdue,
    count(*) OVER (), sum(current) OVER (), sum(days30) OVER (), sum(days60) OVER (), sum(days90) OVER (),
    sum(days120) OVER (), sum(credit) OVER (), sum(overdue) OVER ()
FROM (
    SELECT payer, sum(open) AS balance,
        coalesce(sum(open) FILTER (WHERE open > 0 AND %s - SINCE < 30), 0) AS current,
        coalesce(sum(open) FILTER (WHERE open > 0 AND %s - SINCE BETWEEN 30 AND 59), 0) AS days30,
        coalesce(sum(open) FILTER (WHERE open > 0 AND %s - SINCE BETWEEN 60 AND 89), 0) AS days60,
        coalesce(sum(open) FILTER (WHERE open > 0 AND %s - SINCE BETWEEN 90 AND 119), 0) AS days90,
        coalesce(sum(open) FILTER (WHERE open > 0 AND %s - SINCE >= 120), 0) AS days120,
        coalesce(sum(open) FILTER (WHERE open < 0), 0) AS credit,
        coalesce(sum(open) FILTER (WHERE open > 0 AND due_on < %s), 0) AS overdue
    FROM (OPEN_ITEMS) o GROUP BY payer
) a
JOIN customers_customer c ON c.id = a.payer
JOIN groups_customergroup g ON g.id = c.group_id
LEFT JOIN customers_contact k ON k.customer_id = c.id AND k."primary"
WHERE SHOWN AND a.payer IN (AMONG)
ORDER BY SORTING
LIMIT %s OFFSET %s
"""
