"""What can be recomputed about payments: their numbers, and that each agrees with its postings. Reads only."""

from collections.abc import Iterator

from django.db import connection

from billing.payments.receiving import NUMBERS


def findings() -> Iterator[str]:
    """A sentence per row that does not fit."""
    with connection.cursor() as cursor:
        for query, sentence in _CHECKS:
            cursor.execute(query, {"kind": NUMBERS})
            for row in cursor.fetchall():
                yield sentence.format(*row)


_CHECKS = (
    (
        """SELECT s.year, n FROM billing_numbersequence s, generate_series(1, s.last) n
           WHERE s.kind = %(kind)s AND NOT EXISTS (
               SELECT FROM billing_payment p WHERE p.year = s.year AND p.number = n) ORDER BY 1, 2""",
        "receipt {0} number {1} is missing",
    ),
    (
        """SELECT p.receipt FROM billing_payment p
           LEFT JOIN billing_numbersequence s ON s.kind = %(kind)s AND s.year = p.year
           WHERE p.number > coalesce(s.last, 0) ORDER BY 1""",
        "{0} has a number that was never given",
    ),
    (
        """WITH lies AS (
               SELECT e.payment_id AS id, sum(l.amount) FILTER (WHERE k.code = 'suspense') AS suspense,
                      sum(l.amount) FILTER (WHERE k.code = 'receivable'
                          AND l.customer_id IS NOT DISTINCT FROM p.payer_id) AS credited,
                      sum(l.amount) FILTER (WHERE k.code = p.into_account) AS came,
                      sum(l.amount) FILTER (WHERE k.code IN ('suspense', 'receivable')) AS altogether
               FROM billing_paymentposting e
               JOIN billing_payment p ON p.id = e.payment_id
               JOIN billing_line l ON l.posting_id = e.posting_id
               JOIN billing_account k ON k.id = l.account_id
               GROUP BY 1)
           SELECT p.receipt, p.amount FROM billing_payment p LEFT JOIN lies USING (id)
           WHERE coalesce(altogether, 0) <> CASE WHEN taken_back_on IS NULL THEN -amount ELSE 0 END
              OR coalesce(suspense, 0) <> CASE WHEN taken_back_on IS NULL AND payer_id IS NULL THEN -amount ELSE 0 END
              OR coalesce(credited, 0) <> CASE WHEN taken_back_on IS NULL AND payer_id IS NOT NULL
                                               THEN -amount ELSE 0 END
              OR coalesce(came, 0) <> CASE WHEN taken_back_on IS NULL THEN amount ELSE 0 END
           ORDER BY 1""",
        "{0} of {1} does not lie where it says",
    ),
    (
        """SELECT g.id, g.source_key FROM billing_posting g
           LEFT JOIN billing_paymentposting e ON e.posting_id = g.id
           WHERE g.source_key LIKE 'payment:%%' AND g.document_id IS NULL AND e.id IS NULL ORDER BY 1""",
        "posting {0} ({1}) belongs to no payment",
    ),
)
