"""Recompute what the ledger says about itself; each finding names a row. Reads only."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal

from django.db import connection

from billing.ledger.digests import GENESIS, posting_digest, seal_hash
from billing.ledger.models import ChainHead, Line, Posting, Seal
from billing.ledger.posting import RECEIVABLE

#: Document id -> the digest of the document as it now stands; given by the slice above that knows documents.
DocumentDigests = Callable[[Sequence[int]], dict[int, bytes]]
BATCH = 2000


def findings(document_digests: DocumentDigests) -> Iterator[str]:
    """A sentence per row that does not fit, the first damage first: postings and seals, head, sums,
    balances.
    """
    yield from _chain(document_digests)
    yield from _queries()


def _chain(document_digests: DocumentDigests) -> Iterator[str]:
    previous, expected = GENESIS, 1
    for seals in _batches():
        postings = defaultdict(list)
        for row in (
            Posting.objects.filter(seal__seq__range=(seals[0].seq, seals[-1].seq))
            .order_by("pk")
            .values_list(
                "seal_id", "pk", "source_key", "posted_on", "memo", "document_id", "reverses_id", "digest"
            )
        ):
            postings[row[0]].append(row[1:])
        lines = _lines([row[0] for rows in postings.values() for row in rows])
        documents = document_digests([row[4] for rows in postings.values() for row in rows if row[4]])
        for seal in seals:
            if seal.seq != expected:
                yield f"seal {expected} is missing"
            rows = postings[seal.seq]
            for pk, key, on, memo, document, reverses, stored in rows:
                told = posting_digest(key, on, memo, documents.get(document, b""), reverses, lines[pk])
                if told != bytes(stored):
                    yield f"posting {pk} ({key}) does not match its digest"
            if len(rows) != seal.postings:
                yield f"seal {seal.seq} has {len(rows)} of its {seal.postings} postings"
            hash_ = seal_hash(previous, seal.seq, (bytes(row[6]) for row in rows))
            if bytes(seal.prev) != previous or bytes(seal.hash) != hash_:
                yield f"seal {seal.seq} does not match its hash"
            previous, expected = bytes(seal.hash), seal.seq + 1
    head = ChainHead.objects.get(pk=1)
    if head.seq != expected - 1 or bytes(head.hash) != previous:
        yield f"the chain head is at seal {head.seq}, the seals end at {expected - 1}"


def _batches() -> Iterator[list[Seal]]:
    """All seals in order, in runs of about BATCH postings."""
    batch: list[Seal] = []
    for seal in Seal.objects.order_by("seq").iterator():
        batch.append(seal)
        if sum(one.postings for one in batch) >= BATCH or len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _lines(postings: Sequence[int]) -> dict[int, list[tuple[int, int | None, date, Decimal]]]:
    found: dict[int, list[tuple[int, int | None, date, Decimal]]] = defaultdict(list)
    for pk, *line in Line.objects.filter(posting__in=postings).values_list(
        "posting_id", "account_id", "customer_id", "posted_on", "amount"
    ):
        found[pk].append(tuple(line))  # type: ignore[arg-type]
    return found


def _queries() -> Iterator[str]:
    with connection.cursor() as cursor:
        for query, sentence in _CHECKS:
            cursor.execute(query, {"receivable": RECEIVABLE})
            for row in cursor.fetchall():
                yield sentence.format(*row)


_CHECKS = (
    (
        "SELECT posting_id, sum(amount) FROM billing_line GROUP BY 1 HAVING sum(amount) <> 0 ORDER BY 1",
        "posting {0} sums to {1}, not to zero",
    ),
    (
        """SELECT l.id, l.posting_id FROM billing_line l LEFT JOIN billing_posting p ON p.id = l.posting_id
           WHERE p.id IS NULL ORDER BY 1""",
        "line {0} belongs to posting {1}, which is missing",
    ),
    (
        """SELECT p.id, p.seal_id FROM billing_posting p LEFT JOIN billing_seal s ON s.seq = p.seal_id
           WHERE s.seq IS NULL ORDER BY 1""",
        "posting {0} names seal {1}, which is missing",
    ),
    (
        """SELECT c.code, coalesce(b.amount, 0), coalesce(l.amount, 0)
           FROM (SELECT l.customer_id, sum(l.amount) AS amount FROM billing_line l
                 JOIN billing_account a ON a.id = l.account_id AND a.code = %(receivable)s GROUP BY 1) l
           FULL JOIN billing_balance b USING (customer_id)
           LEFT JOIN customers_customer c ON c.id = customer_id
           WHERE coalesce(b.amount, 0) <> coalesce(l.amount, 0) ORDER BY 1""",
        "the balance of {0} is {1}, its lines say {2}",
    ),
)
