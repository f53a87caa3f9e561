"""Posting: the only writer of postings, lines, seals, the chain head and balances.

One fact: `post(entry, now)`. Many at once (a chunk of a run): `write_lines` early, then, after the numbers
are taken, `seal` as the last thing before COMMIT. Both refuse to work outside a transaction.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from django.db import connection
from django.db.transaction import TransactionManagementError

from billing.ledger import books
from billing.ledger.digests import posting_digest, seal_hash
from billing.ledger.models import Account, Balance, Line, Posting, Seal
from ispbilling.core.copying import copy, take_ids
from ispbilling.core.errors import DomainError

RECEIVABLE, REVENUE, VAT, BANK = "receivable", "revenue", "vat", "bank"
ADJUSTMENT, BAD_DEBT = "adjustment", "bad_debt"
SUSPENSE = "suspense"
#: Money that a payment provider, or the bank for debit orders, has taken for us and not paid out yet.
GATEWAY_CLEARING, DEBIT_CLEARING = "gateway_clearing", "debit_clearing"
BANK_CHARGES = "bank_charges"
#: Where money that comes in can lie.
RECEIVED_INTO = (BANK, GATEWAY_CLEARING, DEBIT_CLEARING)


class Amount(NamedTuple):
    """So much on an account: positive is debit. `customer_id` is the payer of a receivable."""

    account: str
    amount: Decimal
    customer_id: int | None = None


class Entry(NamedTuple):
    """One fact to post. `source_key` names its cause, which posts once; zero amounts are left out."""

    source_key: str
    on: date
    memo: str
    amounts: tuple[Amount, ...]
    document_id: int | None = None
    document_digest: bytes = b""
    reverses_id: int | None = None

    @property
    def lines(self) -> list[tuple[int, int | None, date, Decimal]]:
        """(account id, customer id, day, amount) of what is not zero."""
        return [
            (account_id(part.account), part.customer_id, self.on, part.amount)
            for part in self.amounts
            if part.amount
        ]

    @property
    def digest(self) -> bytes:
        return posting_digest(
            self.source_key, self.on, self.memo, self.document_digest, self.reverses_id, self.lines
        )


@cache
def account_id(code: str) -> int:
    """The id of a system account; they are made by a migration and never change."""
    return int(Account.objects.values_list("pk", flat=True).get(code=code))


def post(entry: Entry, now: datetime) -> Posting:
    """Post one fact and seal it; call it last in the transaction.

    Posting the same fact again returns what is there. Raises ValueError when the source key was used for
    something else, IntegrityError when the amounts do not sum to zero, DomainError in closed books.
    """
    head = _lock_head()
    known = Posting.objects.filter(source_key=entry.source_key).first()
    if known is not None:
        if bytes(known.digest) != entry.digest:
            raise ValueError(f"{entry.source_key} was posted before, and differently")
        return known
    ids = write_lines([entry])
    _seal(head, [entry], [entry.digest], ids, now)
    return Posting.objects.get(pk=ids[0])


def reverse(posting: Posting, on: date, now: datetime, memo: str = "") -> Posting:
    """Answer a posting with its mirror, which points back. Doing it twice returns the first mirror.

    Raises DomainError for the posting of a document: the paper would stand, and nobody would owe it.
    """
    if posting.document_id is not None:
        raise DomainError(f"{posting.document} is taken back by a credit note, not by a reversal.")
    mirrored = tuple(
        Amount(line.account.code, -line.amount, line.customer_id)
        for line in posting.lines.select_related("account")
    )
    entry = Entry(
        source_key=f"reverse:{posting.pk}",
        on=on,
        memo=memo or f"Reversal of {posting.memo}"[:200],
        amounts=mirrored,
        reverses_id=posting.pk,
    )
    return post(entry, now)


def carry(from_id: int, to_id: int, source_key: str, on: date, memo: str, now: datetime) -> Posting | None:
    """Transfer the whole balance of one customer to another; None when there is none. Call it last.

    The balance is read under the lock of the chain head, so nothing posted meanwhile is left behind.
    """
    _lock_head()
    amount = Balance.objects.filter(customer=from_id).values_list("amount", flat=True).first()
    if not amount:
        return None
    parts = (Amount(RECEIVABLE, -amount, from_id), Amount(RECEIVABLE, amount, to_id))
    return post(Entry(source_key=source_key, on=on, memo=memo[:200], amounts=parts), now)


def write_lines(entries: Sequence[Entry]) -> list[int]:
    """Store the lines of facts that `seal` will complete; returns the ids their postings will have.

    Lines go before postings so that the sum-to-zero triggers see whole sets and queue nothing. Raises
    DomainError when one is dated in closed books.
    """
    if not connection.in_atomic_block:
        raise TransactionManagementError("posting needs a transaction around it")
    if entries:
        books.require_open(min(entry.on for entry in entries))
    ids = sorted(take_ids(Posting, len(entries)))
    copy(
        Line,
        ("posting_id", "account_id", "customer_id", "posted_on", "amount"),
        [
            (posting_id, account, customer, on, amount)
            for posting_id, entry in zip(ids, entries, strict=True)
            for account, customer, on, amount in entry.lines
        ],
    )
    return ids


def seal(entries: Sequence[Entry], ids: Sequence[int], now: datetime) -> int:
    """Complete the facts whose lines are stored: one seal, the postings, the balances. Returns the seal's
    number.

    Takes the chain head and holds it until COMMIT, so it comes last, after the numbers.
    """
    digests = [entry.digest for entry in entries]
    return _seal(_lock_head(), entries, digests, ids, now)


def hold() -> None:
    """Wait for whoever is posting, and have the others wait until COMMIT."""
    _lock_head()


def _lock_head() -> tuple[int, bytes]:
    if not connection.in_atomic_block:
        raise TransactionManagementError("posting needs a transaction around it")
    with connection.cursor() as cursor:
        cursor.execute("SELECT seq, hash FROM billing_chainhead WHERE id = 1 FOR NO KEY UPDATE")
        seq, hash_ = cursor.fetchone()
    return seq, bytes(hash_)


def _seal(
    head: tuple[int, bytes],
    entries: Sequence[Entry],
    digests: Sequence[bytes],
    ids: Sequence[int],
    now: datetime,
) -> int:
    seq, previous = head[0] + 1, head[1]
    hash_ = seal_hash(previous, seq, digests)
    Seal.objects.create(seq=seq, postings=len(entries), prev=previous, hash=hash_, at=now)
    copy(
        Posting,
        ("id", "source_key", "document_id", "reverses_id", "posted_on", "memo", "digest", "seal_id"),
        (
            (posting_id, one.source_key, one.document_id, one.reverses_id, one.on, one.memo, digest, seq)
            for posting_id, one, digest in zip(ids, entries, digests, strict=True)
        ),
    )
    with connection.cursor() as cursor:
        cursor.execute("UPDATE billing_chainhead SET seq = %s, hash = %s WHERE id = 1", [seq, hash_])
        owed = _owed(entries)
        cursor.execute(_BALANCES, [list(owed), list(owed.values())])
    return seq


def _owed(entries: Sequence[Entry]) -> dict[int, Decimal]:
    """What each payer owes more."""
    found: dict[int, Decimal] = defaultdict(Decimal)
    for entry in entries:
        for part in entry.amounts:
            if part.account == RECEIVABLE and part.customer_id is not None and part.amount:
                found[part.customer_id] += part.amount
    return found


# Under the head lock, so two transactions never wait for each other's balance rows.
_BALANCES = """
INSERT INTO billing_balance (customer_id, amount)
SELECT * FROM unnest(%s::bigint[], %s::numeric[])
ON CONFLICT (customer_id) DO UPDATE SET amount = billing_balance.amount + EXCLUDED.amount
"""
