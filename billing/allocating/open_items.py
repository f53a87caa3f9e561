"""The items of payers and what of them is open on a day, as PostgreSQL finds them: for one payer or for all.

`OPEN` is `fifo.allocate` in closed form: lay the debits of a payer end to end in the order they are due, the
credits in the order they came; the credits reach as far as their sum.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from billing.allocating.fifo import Allocation, Item, Share, allocate
from billing.allocating.models import Pin
from billing.ledger.posting import RECEIVABLE, account_id
from customers.merging.models import records_of
from customers.models import Customer


@dataclass(frozen=True, slots=True)
class OpenItem:
    """What is left of an item: `open` above zero is owed by the payer, below zero is credit it has not used."""

    payer_id: int
    posting_id: int
    document_id: int | None
    posted_on: date
    due_on: date
    amount: Decimal
    open: Decimal


def of(payers: Collection[int], on: date) -> list[OpenItem]:
    """What is open on that day of these payers, whichever of its records is named; the first due first."""
    query, params = open_query(on, payers)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({query}) o ORDER BY due_on, posted_on, posting_id", params)  # noqa: S608
        return [OpenItem(*row) for row in cursor.fetchall()]


def allocation(payer: Customer, on: date) -> tuple[dict[int, Item], Allocation]:
    """All items of one payer up to that day by posting, and what settles what."""
    query, params = _scoped(_ITEMS, on, records_of(payer))
    with connection.cursor() as cursor:
        cursor.execute(
            f"{query} SELECT posting_id, posted_on, due_on, amount, whole FROM item ORDER BY 1",  # noqa: S608
            params,
        )
        items = {row[0]: Item(*row) for row in cursor.fetchall()}
    return items, allocate(items.values(), pins_of(items))


def pins_of(credits: Iterable[int]) -> list[Share]:
    """The stored pins of these credits, the first made first."""
    rows = Pin.objects.filter(credit__in=list(credits)).order_by("pk")
    return [Share(pin.credit_id, pin.debit_id, pin.amount) for pin in rows]


def open_query(on: date, payers: Collection[int] | None = None) -> tuple[str, dict[str, Any]]:
    """The rows of `OpenItem` as a query with named parameters, to be read from or joined; None: all payers."""
    return _scoped(_ITEMS + _OPEN, on, payers)


def by_place(query: str, named: dict[str, Any]) -> tuple[str, list[Any]]:
    """A query with named parameters as one with `%s` and the list of their values."""
    names = re.findall(r"%\((\w+)\)s", query)
    return re.sub(r"%\(\w+\)s", "%s", query), [named[name] for name in names]


def _scoped(query: str, on: date, payers: Collection[int] | None) -> tuple[str, dict[str, Any]]:
    params = {"receivable": account_id(RECEIVABLE), "on": on}
    if payers is None:
        return query.replace("SCOPE", _OWING), params
    return query.replace("SCOPE", _NAMED), {**params, "payers": list(payers)}


#: Everything of somebody whose lines sum to zero is settled: most of history need not be looked at.
_OWING = """coalesce(r.payer, l.customer_id) IN (
        SELECT coalesce(r.payer, l.customer_id) FROM billing_line l LEFT JOIN record r ON r.id = l.customer_id
        WHERE l.account_id = %(receivable)s AND l.posted_on <= %(on)s GROUP BY 1 HAVING sum(l.amount) <> 0)"""

#: An array, so that the index on customer and day is used; with all records of whoever is named.
_NAMED = """l.customer_id = ANY(ARRAY(
        SELECT unnest(%(payers)s::bigint[])
        UNION SELECT payer FROM record WHERE id = ANY(%(payers)s)
        UNION SELECT o.id FROM record o WHERE o.payer = ANY(%(payers)s)
            OR o.payer IN (SELECT payer FROM record WHERE id = ANY(%(payers)s))))"""

_ITEMS = """
WITH RECURSIVE above (id, payer) AS (
    SELECT loser_id, survivor_id FROM customers_merge WHERE undone_at IS NULL
    UNION
    SELECT a.id, m.survivor_id FROM above a
    JOIN customers_merge m ON m.loser_id = a.payer AND m.undone_at IS NULL
), record AS (
    -- Whoever was merged away, and whose record it is now.
    SELECT a.id, a.payer FROM above a
    WHERE NOT EXISTS (SELECT FROM customers_merge m WHERE m.loser_id = a.payer AND m.undone_at IS NULL)
), line AS (
    SELECT coalesce(r.payer, l.customer_id) AS payer, l.posting_id, l.amount,
        coalesce(p.reverses_id, paper.id) AS answers
    FROM billing_line l
    LEFT JOIN record r ON r.id = l.customer_id
    JOIN billing_posting p ON p.id = l.posting_id
    LEFT JOIN billing_document d ON d.id = p.document_id AND d.corrects_id IS NOT NULL
    LEFT JOIN billing_posting paper ON paper.document_id = d.corrects_id
    WHERE l.account_id = %(receivable)s AND l.posted_on <= %(on)s AND SCOPE
), answer AS (
    -- A return of a payment may be returned in its turn: all of it belongs to the first posting, the oldest.
    SELECT posting_id AS id, answers FROM line WHERE answers IS NOT NULL
    UNION
    SELECT a.id, p.reverses_id FROM answer a
    JOIN billing_posting p ON p.id = a.answers WHERE p.reverses_id IS NOT NULL
), summed AS (
    SELECT l.payer, coalesce(a.first, l.posting_id) AS posting_id, sum(l.amount) AS amount,
        sum(l.amount) FILTER (WHERE a.first IS NULL) AS at_first
    FROM line l LEFT JOIN (SELECT id, min(answers) AS first FROM answer GROUP BY id) a ON a.id = l.posting_id
    GROUP BY 1, 2 HAVING sum(l.amount) <> 0
), item AS (
    SELECT s.payer, s.posting_id, p.document_id, p.posted_on, coalesce(d.due_on, p.posted_on) AS due_on,
        s.amount, s.amount IS NOT DISTINCT FROM s.at_first AS whole
    FROM summed s JOIN billing_posting p ON p.id = s.posting_id
    LEFT JOIN billing_document d ON d.id = p.document_id
)"""

_OPEN = """, pinned AS (
    SELECT c.payer, c.posting_id AS credit_id, d.posting_id AS debit_id, pin.amount
    FROM billing_pin pin
    JOIN item c ON c.posting_id = pin.credit_id AND c.whole AND c.amount < 0
    JOIN item d ON d.posting_id = pin.debit_id AND d.whole AND d.amount > 0 AND d.payer = c.payer
), unpinned AS (
    SELECT i.*, abs(i.amount) - coalesce(p.amount, 0) AS rest
    FROM item i LEFT JOIN (
        SELECT payer, posting_id, sum(amount) AS amount FROM (
            SELECT payer, credit_id AS posting_id, amount FROM pinned
            UNION ALL SELECT payer, debit_id, amount FROM pinned) ends
        GROUP BY 1, 2) p USING (payer, posting_id)
), laid AS (
    SELECT u.*,
        sum(rest) OVER (PARTITION BY payer, amount > 0
            ORDER BY CASE WHEN amount > 0 THEN due_on ELSE posted_on END, posted_on, posting_id) AS reach,
        coalesce(sum(rest) FILTER (WHERE amount > 0) OVER (PARTITION BY payer), 0) AS debit,
        coalesce(sum(rest) FILTER (WHERE amount < 0) OVER (PARTITION BY payer), 0) AS credit
    FROM unpinned u
), left_over AS (
    SELECT payer, posting_id, document_id, posted_on, due_on, amount,
        CASE WHEN amount > 0 THEN least(rest, greatest(reach - credit, 0))
             ELSE -least(rest, greatest(reach - debit, 0)) END AS open
    FROM laid
)
SELECT * FROM left_over WHERE open <> 0"""
