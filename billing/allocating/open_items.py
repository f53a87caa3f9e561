"""The items of payers and what of them is open on a day, as PostgreSQL finds them: for one payer or for all.

`OPEN` is `fifo.allocate` in closed form: lay the debits of a payer end to end in the order they are due, the
credits in the order they came; the credits reach as far as their sum. Seen from the other end, what is open of
somebody who owes is the debits due last, of as much as the balance: so for most payers of a large provider only the
last weeks are read, however many years there are.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from billing.allocating.fifo import Allocation, Item, Share, allocate
from billing.allocating.models import Pin
from billing.ledger.posting import RECEIVABLE, account_id
from customers.merging.models import records_of
from customers.models import Customer

#: What is older than that is read only of payers who owe more than what came since.
RECENT_DAYS = 70


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
    query, params = _scoped(_RECORDS + _ITEMS, on, records_of(payer))
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


def open_query(
    on: date, payers: Collection[int] | None = None, recent_days: int = RECENT_DAYS
) -> tuple[str, dict[str, Any]]:
    """The rows of `OpenItem` as a query with named parameters, to be read from or joined; None: all payers.

    Of all payers, what was posted or is due in the last `recent_days` is read first; who owes more than that,
    has more unused credit, or had a credit used otherwise by hand, is looked up with all the years behind.
    """
    if payers is not None:
        return _scoped(_RECORDS + _ITEMS + _OPEN + _LEFT, on, payers)
    query = _RECORDS + _RECENT + _ITEMS.replace("SCOPE", _OLDER) + _OPEN + _SETTLED_LATELY + _LEFT
    return query, {
        "receivable": account_id(RECEIVABLE),
        "on": on,
        "since": on - timedelta(days=recent_days),
    }


def by_place(query: str, named: dict[str, Any]) -> tuple[str, list[Any]]:
    """A query with named parameters as one with `%s` and the list of their values."""
    names = re.findall(r"%\((\w+)\)s", query)
    return re.sub(r"%\(\w+\)s", "%s", query), [named[name] for name in names]


def _scoped(query: str, on: date, payers: Collection[int]) -> tuple[str, dict[str, Any]]:
    params = {"receivable": account_id(RECEIVABLE), "on": on, "payers": list(payers)}
    return query.replace("SCOPE", _NAMED), params


#: An array, so that the index on customer and day is used; with all records of whoever is named.
_NAMED = """l.customer_id = ANY(ARRAY(
        SELECT unnest(%(payers)s::bigint[])
        UNION SELECT payer FROM record WHERE id = ANY(%(payers)s)
        UNION SELECT o.id FROM record o WHERE o.payer = ANY(%(payers)s)
            OR o.payer IN (SELECT payer FROM record WHERE id = ANY(%(payers)s))))"""

_OLDER = """l.customer_id = ANY(ARRAY(
        SELECT payer FROM older UNION SELECT o.id FROM record o JOIN older USING (payer)))"""

_RECORDS = """
WITH RECURSIVE above (id, payer) AS (
    SELECT loser_id, survivor_id FROM customers_merge WHERE undone_at IS NULL
    UNION
    SELECT a.id, m.survivor_id FROM above a
    JOIN customers_merge m ON m.loser_id = a.payer AND m.undone_at IS NULL
), record AS (
    -- Whoever was merged away, and whose record it is now.
    SELECT a.id, a.payer FROM above a
    WHERE NOT EXISTS (SELECT FROM customers_merge m WHERE m.loser_id = a.payer AND m.undone_at IS NULL)
)"""

#: The posting that a line belongs to, of those its own answers: a return of a payment may be returned in its turn,
#: and all of it belongs to the first, the oldest. Looked up line by line, for few lines answer anything.
_FIRST = """(WITH RECURSIVE up (id) AS (
            SELECT coalesce(p.reverses_id, (SELECT o.id FROM billing_posting o WHERE o.document_id = d.corrects_id))
            UNION ALL
            SELECT q.reverses_id FROM up JOIN billing_posting q ON q.id = up.id WHERE q.reverses_id IS NOT NULL
        ) SELECT min(id) FROM up)"""

_RECENT = """, owed AS (
    SELECT payer, sum(amount) AS amount FROM (
        SELECT coalesce(r.payer, b.customer_id) AS payer, b.amount
        FROM billing_balance b LEFT JOIN record r ON r.id = b.customer_id WHERE b.amount <> 0
        UNION ALL
        SELECT coalesce(r.payer, l.customer_id), -l.amount
        FROM billing_line l LEFT JOIN record r ON r.id = l.customer_id
        WHERE l.account_id = %(receivable)s AND l.posted_on > %(on)s) moved
    GROUP BY 1 HAVING sum(amount) <> 0
), late_line AS MATERIALIZED (
    SELECT o.payer, l.posting_id, l.amount FROM (
        SELECT customer_id, posting_id, amount FROM billing_line
        WHERE account_id = %(receivable)s AND posted_on > %(since)s AND posted_on <= %(on)s
        UNION ALL
        -- Issued before, and due since; with what answered it before.
        SELECT l.customer_id, l.posting_id, l.amount
        FROM billing_document d JOIN billing_posting p ON p.document_id = d.id
        LEFT JOIN billing_document c ON c.corrects_id = d.id
        LEFT JOIN billing_posting cp ON cp.document_id = c.id
        JOIN billing_line l ON l.posting_id IN (p.id, cp.id) AND l.account_id = %(receivable)s
        WHERE d.due_on > %(since)s AND d.issued_on <= %(since)s AND d.corrects_id IS NULL AND l.posted_on <= %(since)s
    ) l LEFT JOIN record r ON r.id = l.customer_id JOIN owed o ON o.payer = coalesce(r.payer, l.customer_id)
), late AS (
    SELECT l.payer, p.id, p.document_id, p.posted_on, coalesce(d.due_on, p.posted_on) AS due_on, l.amount,
        CASE WHEN p.reverses_id IS NOT NULL OR d.corrects_id IS NOT NULL THEN FIRST_OF END AS first
    FROM late_line l
    -- The newest are read by their numbers, not searched for among all.
    JOIN billing_posting p ON p.id = l.posting_id AND p.id >= (SELECT min(posting_id) FROM late_line)
    LEFT JOIN billing_document d ON d.id = p.document_id
), late_item AS (
    SELECT payer, id, document_id, posted_on, due_on, sum(amount) AS amount FROM (
        SELECT payer, id, document_id, posted_on, due_on, amount FROM late WHERE first IS NULL
        UNION ALL
        SELECT l.payer, p.id, p.document_id, p.posted_on, coalesce(d.due_on, p.posted_on), l.amount
        FROM late l JOIN billing_posting p ON p.id = l.first LEFT JOIN billing_document d ON d.id = p.document_id
        WHERE l.first IS NOT NULL) whole
    WHERE posted_on > %(since)s OR due_on > %(since)s
    GROUP BY 1, 2, 3, 4, 5 HAVING sum(amount) <> 0
), late_laid AS (
    -- From the last one backwards: what is open of somebody who owes is the debits due last, of as much.
    SELECT i.*, o.amount AS owed, sum(abs(i.amount)) OVER (PARTITION BY payer
        ORDER BY CASE WHEN i.amount > 0 THEN due_on ELSE posted_on END DESC, posted_on DESC, i.id DESC) AS reach
    FROM late_item i JOIN owed o USING (payer)
    WHERE (i.amount > 0) = (o.amount > 0) AND (i.amount > 0 OR i.posted_on > %(since)s)
), older AS (
    SELECT payer FROM owed EXCEPT SELECT payer FROM late_laid WHERE reach >= abs(owed)
    UNION
    SELECT coalesce(r.payer, l.customer_id) FROM billing_pin pin
    JOIN billing_line l ON l.posting_id = pin.credit_id AND l.account_id = %(receivable)s
    LEFT JOIN record r ON r.id = l.customer_id
)""".replace("FIRST_OF", _FIRST)

_ITEMS = """, line AS (
    SELECT coalesce(r.payer, l.customer_id) AS payer, l.posting_id, l.amount,
        CASE WHEN p.reverses_id IS NOT NULL OR d.corrects_id IS NOT NULL THEN FIRST_OF END AS first
    FROM billing_line l
    LEFT JOIN record r ON r.id = l.customer_id
    JOIN billing_posting p ON p.id = l.posting_id
    LEFT JOIN billing_document d ON d.id = p.document_id AND d.corrects_id IS NOT NULL
    WHERE l.account_id = %(receivable)s AND l.posted_on <= %(on)s AND SCOPE
), summed AS (
    SELECT payer, coalesce(first, posting_id) AS posting_id, sum(amount) AS amount,
        sum(amount) FILTER (WHERE first IS NULL) AS at_first
    FROM line GROUP BY 1, 2 HAVING sum(amount) <> 0
), item AS (
    SELECT s.payer, s.posting_id, p.document_id, p.posted_on, coalesce(d.due_on, p.posted_on) AS due_on,
        s.amount, s.amount IS NOT DISTINCT FROM s.at_first AS whole
    FROM summed s JOIN billing_posting p ON p.id = s.posting_id
    LEFT JOIN billing_document d ON d.id = p.document_id
)""".replace("FIRST_OF", _FIRST)

_OPEN = """, pin_end AS MATERIALIZED (
    -- Few: whatever PostgreSQL guesses of the size of these sets, joining them costs nothing.
    SELECT * FROM item WHERE whole AND (posting_id IN (SELECT credit_id FROM billing_pin)
        OR posting_id IN (SELECT debit_id FROM billing_pin))
), pinned AS (
    SELECT c.posting_id AS credit_id, d.posting_id AS debit_id, pin.amount
    FROM billing_pin pin
    JOIN pin_end c ON c.posting_id = pin.credit_id AND c.amount < 0
    JOIN pin_end d ON d.posting_id = pin.debit_id AND d.amount > 0 AND d.payer = c.payer
), unpinned AS (
    SELECT payer, posting_id, document_id, posted_on, due_on, amount, sum(part) AS rest FROM (
        SELECT payer, posting_id, document_id, posted_on, due_on, amount, abs(amount) AS part FROM item
        UNION ALL
        SELECT e.payer, e.posting_id, e.document_id, e.posted_on, e.due_on, e.amount, -pin.amount
        FROM pinned pin JOIN pin_end e ON e.posting_id IN (pin.credit_id, pin.debit_id)) parts
    GROUP BY 1, 2, 3, 4, 5, 6
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
"""

_SETTLED_LATELY = """
    UNION ALL
    SELECT payer, id, document_id, posted_on, due_on, amount,
        sign(amount) * least(abs(amount), greatest(abs(owed) - (reach - abs(amount)), 0))
    FROM late_laid WHERE NOT EXISTS (SELECT FROM older o WHERE o.payer = late_laid.payer)
"""

_LEFT = """
)
SELECT payer, posting_id, document_id, posted_on, due_on, amount, open FROM left_over WHERE open <> 0"""
