"""Everything that can be recomputed about the money: the ledger's findings, then numbers and paper. Reads
only."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from django.db import connection

from billing.documents.digests import (
    document_body,
    document_digest,
    issuer_digest,
    party_digest,
    rounding_word,
)
from billing.documents.models import ISSUED_WITH, Issuer, Party
from billing.ledger import verification


def findings() -> Iterator[str]:
    """A sentence per row that does not fit. Nothing found means: the books are as they were written."""
    yield from verification.findings(document_digests)
    yield from papers()


def papers() -> Iterator[str]:
    """What is asked of paper and its numbers apart from the ledger."""
    with connection.cursor() as cursor:
        for query, sentence in _CHECKS:
            cursor.execute(query)
            for row in cursor.fetchall():
                yield sentence.format(*row)
    for party in Party.objects.filter(erased_at=None).iterator():
        if party_digest(party.name, party.address, party.vat_number, party.code) != bytes(party.digest):
            yield f"party {party.pk} does not match its digest"
    for issuer in Issuer.objects.iterator():
        if issuer_digest(getattr(issuer, name) for name in ISSUED_WITH) != bytes(issuer.digest):
            yield f"issuer {issuer.pk} does not match its digest"


def document_digests(ids: Sequence[int]) -> dict[int, bytes]:
    """The digests of documents as they now stand."""
    lines = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_LINES, [list(ids)])
        for pk, *line in cursor:
            lines[pk].append(tuple(line))
        cursor.execute(_DOCUMENTS, [list(ids)])
        return {
            pk: document_digest(
                tuple(rest[:11]), document_body(tuple(rest[11:14]), lines[pk], _more(*rest[14:]))
            )
            for pk, *rest in cursor
        }


def _more(reason: str, issuer: bytes | None, served: bytes | None, rounding: str) -> tuple[str, ...]:
    digests = (bytes(one).hex() if one is not None else "" for one in (issuer, served))
    return (reason, *digests, rounding_word(rounding))


_LINES = """
SELECT document_id, recurring_line_id, description, quantity, price, discount, vat_rate, net, vat, total
FROM billing_documentline WHERE document_id = ANY(%s) ORDER BY id
"""
_DOCUMENTS = """
SELECT d.id, d.kind, d.year, d.number, d.reference, d.customer_id, d.payer_id, p.digest, d.run_id, d.corrects_id,
    d.issued_on, d.due_on, d.net, d.vat, d.total, d.reason, i.digest, s.digest, d.rounding
FROM billing_document d JOIN billing_party p ON p.id = d.party_id
LEFT JOIN billing_issuer i ON i.id = d.issuer_id LEFT JOIN billing_party s ON s.id = d.served_id
WHERE d.id = ANY(%s)
"""
_CHECKS = (
    (
        "SELECT digest FROM core_logo WHERE digest <> encode(sha256(data), 'hex') ORDER BY 1",
        "logo {0} is another picture",
    ),
    (
        """SELECT s.kind, s.year, n FROM billing_numbersequence s, generate_series(1, s.last) n
           WHERE s.kind <> 'receipt' AND NOT EXISTS (SELECT FROM billing_document d
               WHERE d.kind = s.kind AND d.year = s.year AND d.number = n) ORDER BY 1, 2, 3""",
        "{0} {1} number {2} is missing",
    ),
    (
        """SELECT d.reference FROM billing_document d LEFT JOIN billing_numbersequence s USING (kind, year)
           WHERE d.number > coalesce(s.last, 0) ORDER BY 1""",
        "{0} has a number that was never given",
    ),
    (
        """SELECT d.reference FROM billing_document d
           WHERE (SELECT count(*) FROM billing_posting p WHERE p.document_id = d.id) <> 1 ORDER BY 1""",
        "{0} is not posted exactly once",
    ),
    (
        """SELECT d.reference, d.total, coalesce(sum(l.total), 0) FROM billing_document d
           LEFT JOIN billing_documentline l ON l.document_id = d.id
           GROUP BY d.id HAVING coalesce(sum(l.total), 0) <> d.total
              OR coalesce(sum(l.net), 0) <> d.net ORDER BY 1""",
        "{0} says {1}, its lines say {2}",
    ),
    (
        """SELECT d.reference, d.total, coalesce(sum(l.amount), 0) FROM billing_document d
           LEFT JOIN billing_posting p ON p.document_id = d.id
           LEFT JOIN billing_line l ON l.posting_id = p.id AND l.customer_id = d.payer_id
           GROUP BY d.id HAVING coalesce(sum(l.amount), 0) <> d.total ORDER BY 1""",
        "{0} says {1}, the ledger says {2}",
    ),
    (
        """SELECT b.recurring_line_id, b.period
           FROM (SELECT recurring_line_id, period FROM billing_billedperiod
                 GROUP BY 1, 2 HAVING count(*) > 1) a
           JOIN billing_billedperiod b USING (recurring_line_id, period),
                generate_series(b.since, b.until - 1, interval '1 day') day
           WHERE NOT EXISTS (SELECT FROM billing_document c WHERE c.corrects_id = b.document_id)
           GROUP BY 1, 2, day HAVING sum(CASE WHEN b.credit THEN -1 ELSE 1 END) NOT IN (0, 1)
           ORDER BY 1, 2""",
        "recurring line {0} is billed twice for {1}",
    ),
    (
        """SELECT d.reference FROM billing_callbill b JOIN billing_document d ON d.id = b.document_id
           LEFT JOIN billing_call k ON k.bill_id = b.id
           GROUP BY b.id, d.id
           HAVING CASE WHEN EXISTS (SELECT FROM billing_document c WHERE c.corrects_id = d.id) THEN count(k.id) > 0
               ELSE (count(k.id), sum(k.seconds), sum(k.price))
                   IS DISTINCT FROM (b.calls::bigint, b.seconds, b.amount) END
           ORDER BY 1""",
        "{0} charges other calls than it counted",
    ),
)
