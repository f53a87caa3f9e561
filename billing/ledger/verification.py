"""Recompute what the ledger says about itself; each finding names a row. Reads only.

The chain is walked in batches from a `Point` to the next, so that memory does not grow with the books, and a
verification in the background can stop and go on. Postings that arrive meanwhile are walked too.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from billing.ledger.digests import GENESIS, posting_digest, seal_hash
from billing.ledger.posting import RECEIVABLE

#: Document id -> the digest of the document as it now stands; given by the slice above that knows documents.
DocumentDigests = Callable[[Sequence[int]], dict[int, bytes]]
#: So many postings are read at once, or the postings of one seal where that is more.
BATCH = 2000


@dataclass(frozen=True, slots=True)
class Point:
    """How far the chain was walked: up to and with seal `seq`, whose stored hash is `hash`."""

    seq: int = 0
    hash: bytes = GENESIS
    postings: int = 0


@dataclass(frozen=True, slots=True)
class Anchored:
    """What somebody wrote down of the chain: seal `seq` had `hash`. `source` names where that stands."""

    seq: int
    hash: bytes
    source: str

    @property
    def text(self) -> str:
        """As it is printed, mailed and pasted."""
        return f"{self.seq}:{self.hash.hex()}"


START = Point()


def anchored(text: str, source: str) -> Anchored:
    """Read `seq:hash` (or, as it was printed once, `seq hash`). Raises ValueError for anything else."""
    seq, _, hash_ = text.strip().replace(" ", ":", 1).partition(":")
    if not seq.isdecimal() or len(hash_.strip()) != 64:
        raise ValueError(f"{text!r} is no anchor; one looks like 12:{GENESIS.hex()}")
    return Anchored(int(seq), bytes.fromhex(hash_), source)


def findings(document_digests: DocumentDigests, anchors: Iterable[Anchored] = ()) -> Iterator[str]:
    """A sentence per row that does not fit, the first damage first: postings and seals, head, anchors, sums,
    balances.
    """
    point = START
    while True:
        there, found = walk(point, document_digests)
        yield from found
        if there == point:
            break
        point = there
    yield from ending(point, anchors)
    yield from queries()


def walk(start: Point, document_digests: DocumentDigests, batch: int = BATCH) -> tuple[Point, list[str]]:
    """The next batch of seals with what does not fit; the same point when there is none."""
    seals = _seals(start.seq, batch)
    if not seals:
        return start, []
    first, last = seals[0][0], seals[-1][0]
    postings = _postings(first, last)
    lines = _lines(first, last)
    documents = document_digests([row[5] for rows in postings.values() for row in rows if row[5]])
    found: list[str] = []
    previous, expected, count = start.hash, start.seq + 1, start.postings
    for seq, promised, prev, stored_hash in seals:
        if seq != expected:
            found.append(f"seal {expected} is missing")
        rows = postings.get(seq, ())
        for _, pk, key, on, memo, document, reverses, stored in rows:
            told = posting_digest(key, on, memo, documents.get(document, b""), reverses, lines.get(pk, ()))
            if told != bytes(stored):
                found.append(f"posting {pk} ({key}) does not match its digest")
        if len(rows) != promised:
            found.append(f"seal {seq} has {len(rows)} of its {promised} postings")
        hash_ = seal_hash(previous, seq, (bytes(row[7]) for row in rows))
        if bytes(prev) != previous or bytes(stored_hash) != hash_:
            found.append(f"seal {seq} does not match its hash")
        previous, expected, count = bytes(stored_hash), seq + 1, count + len(rows)
    return Point(last, previous, count), found


def ending(point: Point, anchors: Iterable[Anchored] = ()) -> Iterator[str]:
    """Whether the chain that was walked to its end is all there ever was: the head's word, then the anchors'."""
    with connection.cursor() as cursor:
        # One statement, one instant: nobody can post between the two.
        cursor.execute(
            "SELECT seq, hash, (SELECT max(seq) FROM billing_seal) FROM billing_chainhead WHERE id = 1"
        )
        head, hash_, end = cursor.fetchone()
    if head != (end or 0) or (head == point.seq and bytes(hash_) != point.hash):
        yield f"the chain head is at seal {head}, the seals end at {end or 0}"
    yield from _against(sorted(anchors, key=lambda one: one.seq), end or 0)


def _against(anchors: Sequence[Anchored], end: int) -> Iterator[str]:
    """The first anchor that no longer fits, with the last one that does; and the first beyond the end."""
    stored = _hashes([one.seq for one in anchors])
    good: Anchored | None = None
    for one in anchors:
        if one.seq > end:
            yield f"{one.source} is at seal {one.seq}, the seals end at {end}: the tail was cut off{_after(good)}"
            return
        if stored.get(one.seq) != one.hash:
            yield f"seal {one.seq} is not the one of {one.source}: the books were rewritten{_after(good)}"
            return
        good = one


def _after(good: Anchored | None) -> str:
    return f" after seal {good.seq}, which fits {good.source}" if good else ""


def _hashes(seqs: Sequence[int]) -> dict[int, bytes]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT seq, hash FROM billing_seal WHERE seq = ANY(%s)", [list(seqs)])
        return {seq: bytes(hash_) for seq, hash_ in cursor.fetchall()} | {0: GENESIS}


def _seals(after: int, batch: int) -> list[tuple[int, int, Any, Any]]:
    """The next seals in order, as many as hold about so many postings."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT seq, postings, prev, hash FROM (
                   SELECT *, sum(postings) OVER (ORDER BY seq) - postings AS before
                   FROM (SELECT * FROM billing_seal WHERE seq > %s ORDER BY seq LIMIT %s) ahead
               ) counted WHERE before < %s ORDER BY seq""",
            [after, batch, batch],
        )
        return cursor.fetchall()


def _postings(first: int, last: int) -> dict[int, list[tuple[Any, ...]]]:
    """The postings of those seals, by seal and in the order of their ids."""
    found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT seal_id, id, source_key, posted_on, memo, document_id, reverses_id, digest
               FROM billing_posting WHERE seal_id BETWEEN %s AND %s ORDER BY id""",
            [first, last],
        )
        for row in cursor:
            found[row[0]].append(row)
    return found


def _lines(first: int, last: int) -> dict[int, list[tuple[Any, ...]]]:
    found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT l.posting_id, l.account_id, l.customer_id, l.posted_on, l.amount
               FROM billing_posting p JOIN billing_line l ON l.posting_id = p.id
               WHERE p.seal_id BETWEEN %s AND %s""",
            [first, last],
        )
        for pk, *line in cursor:
            found[pk].append(tuple(line))
    return found


def queries() -> Iterator[str]:
    """What is asked of whole tables, once."""
    with connection.cursor() as cursor:
        for query, sentence in _CHECKS:
            cursor.execute(query, {"receivable": RECEIVABLE})
            for row in cursor:
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
