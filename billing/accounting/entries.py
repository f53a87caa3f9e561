"""What an export says of postings: entries read from the ledger, and from the paper where income is split."""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from billing.accounting.mapping import Pot
from billing.accounting.models import AccountingExport, Grouping
from billing.documents.models import BILLED
from billing.ledger.posting import REVENUE


@dataclass(frozen=True, slots=True)
class EntryLine:
    """So much of a posting, or of a day where it is summed up, on one of our accounts. Above zero is debit."""

    journal: int
    on: date
    memo: str
    pot: Pot
    payer: str
    amount: Decimal


def entries(export: AccountingExport, since: date, until: date) -> Generator[EntryLine, None, None]:
    """The lines of those postings of the export, in order; read through a cursor of the server.

    Close it within the transaction it was begun in (`contextlib.closing`): the cursor belongs to that.
    """
    query = _DETAIL if export.grouping == Grouping.DETAIL else _SUMMARY
    with connection.chunked_cursor() as cursor:
        cursor.execute(_ENTRIES + query, _asked(export, since, until))
        for journal, on, memo, account, gl_code, payer, amount in cursor:
            yield EntryLine(journal, on, memo, Pot(account, gl_code), payer, amount)


def pots_of(system: str, since: date, until: date, up_to: int) -> list[Pot]:
    """Which accounts and GL codes the postings have that are not exported yet."""
    values: dict[str, Any] = {
        "system": system,
        "since": since,
        "until": until,
        "up_to": up_to,
        "billed": [str(kind) for kind in BILLED],
        "revenue": REVENUE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ENTRIES.replace(_MINE, _WAITING) + _POTS, values)
        return [Pot(account, gl_code) for account, gl_code in cursor.fetchall()]


def movements(export: AccountingExport, since: date, until: date) -> dict[str, tuple[Decimal, Decimal]]:
    """Debit and credit of each of our accounts by the ledger lines of those postings: what the file must tie to."""
    with connection.cursor() as cursor:
        cursor.execute(_MOVEMENTS, _asked(export, since, until))
        return {code: (debit, credit) for code, debit, credit in cursor.fetchall()}


def _asked(export: AccountingExport, since: date, until: date) -> dict[str, Any]:
    return {
        "export": export.pk,
        "since": since,
        "until": until,
        "billed": [str(kind) for kind in BILLED],
        "revenue": REVENUE,
    }


_MINE = """SELECT p.id, p.posted_on, p.memo, p.document_id FROM billing_exportedposting x
    JOIN billing_posting p ON p.id = x.posting_id
    WHERE x.export_id = %(export)s AND p.posted_on BETWEEN %(since)s AND %(until)s"""
_WAITING = """SELECT p.id, p.posted_on, p.memo, p.document_id FROM billing_posting p
    WHERE p.posted_on BETWEEN %(since)s AND %(until)s AND p.seal_id <= %(up_to)s
      AND NOT EXISTS (SELECT FROM billing_exportedposting x WHERE x.system = %(system)s AND x.posting_id = p.id)"""
# Income is one account in the ledger. What the lines of invoices and credit notes say of it by GL code is taken from
# it and put there, so that the sum is the ledger's whatever paper says.
_ENTRIES = f"""
WITH mine AS MATERIALIZED ({_MINE}),
income AS MATERIALIZED (
    SELECT m.id, m.posted_on, m.memo, l.gl_code, sum(l.net) AS net
    FROM mine m JOIN billing_document d ON d.id = m.document_id AND d.kind = ANY(%(billed)s)
    JOIN billing_documentline l ON l.document_id = d.id
    WHERE l.gl_code <> '' GROUP BY 1, 2, 3, 4
),
entries AS (
    SELECT m.id, m.posted_on, m.memo, a.code AS account, '' AS gl_code, l.customer_id, l.amount
    FROM mine m JOIN billing_line l ON l.posting_id = m.id JOIN billing_account a ON a.id = l.account_id
    UNION ALL
    SELECT id, posted_on, memo, %(revenue)s, gl_code, NULL, -net FROM income
    UNION ALL
    SELECT id, posted_on, memo, %(revenue)s, '', NULL, net FROM income
)
"""  # noqa: S608 - of parts of this module
_DETAIL = """
SELECT e.id, posted_on, memo, account, gl_code, coalesce(c.code, ''), sum(amount)
FROM entries e LEFT JOIN customers_customer c ON c.id = e.customer_id
GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(amount) <> 0 ORDER BY 2, 1, 4, 5, 6
"""
_SUMMARY = """
SELECT 0, posted_on, '', account, gl_code, '', sum(amount)
FROM entries GROUP BY 2, 4, 5 HAVING sum(amount) <> 0 ORDER BY 2, 4, 5
"""
_POTS = "SELECT DISTINCT account, gl_code FROM entries ORDER BY 1, 2"
_MOVEMENTS = f"""
SELECT a.code, coalesce(sum(l.amount) FILTER (WHERE l.amount > 0), 0.00),
    coalesce(-sum(l.amount) FILTER (WHERE l.amount < 0), 0.00)
FROM ({_MINE}) m JOIN billing_line l ON l.posting_id = m.id JOIN billing_account a ON a.id = l.account_id
GROUP BY 1 ORDER BY 1
"""  # noqa: S608 - of parts of this module
