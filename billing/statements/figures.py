"""What a statement says: opening, dated entries and closing straight from the ledger, and what of it is open."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet, Sum

from billing.ageing.buckets import Ages, ages
from billing.ageing.items import ItemRow, name, rows_of
from billing.ledger.models import Line, Posting
from billing.ledger.posting import RECEIVABLE
from billing.recurring.models import AgeBy, BillingSettings
from customers.merging.models import records_of
from customers.models import Customer
from ispbilling.core.money import ZERO


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: what happened on a day, and what was owed after it. `amount` above zero was charged."""

    on: date
    what: str
    served: str
    amount: Decimal
    balance: Decimal
    url: str | None = None
    settles: list[str] = field(default_factory=list)

    @property
    def charged(self) -> Decimal | None:
        return self.amount if self.amount > 0 else None

    @property
    def credited(self) -> Decimal | None:
        return -self.amount if self.amount < 0 else None


@dataclass(frozen=True, slots=True)
class Statement:
    """The account of a payer from the first day to the last, both included."""

    payer: Customer
    since: date
    until: date
    opening: Decimal
    entries: list[Entry]
    closing: Decimal
    open_items: list[ItemRow]
    ages: Ages

    @property
    def to_pay(self) -> Decimal:
        """What it asks for; nothing when the account is in credit."""
        return max(self.closing, ZERO)

    @property
    def charged(self) -> Decimal:
        return sum((entry.charged or ZERO for entry in self.entries), ZERO)

    @property
    def credited(self) -> Decimal:
        return sum((entry.credited or ZERO for entry in self.entries), ZERO)

    @property
    def by_account(self) -> list[tuple[str, Decimal]]:
        """What was charged and taken back for each account served, when there are several (2.4)."""
        sums: dict[str, Decimal] = {}
        for entry in self.entries:
            if entry.url:
                served = entry.served or str(self.payer)
                sums[served] = sums.get(served, ZERO) + entry.amount
        return sorted(sums.items()) if len(sums) > 1 else []


def statement(payer: Customer, since: date, until: date) -> Statement:
    """The statement of a payer, all its records together. What is dated after `until` is not in it."""
    by = AgeBy(BillingSettings.get().age_by)
    rows = rows_of(payer, until, by)
    settles = {row.pk: row.others for row in rows if row.item.amount < 0}
    opening = _balance(payer, since)
    entries = list(entries_of(opening, _postings(payer, since, until), settles))
    still_open = sorted((row for row in rows if row.open), key=lambda row: (row.item.due_on, row.pk))
    return Statement(
        payer=payer,
        since=since,
        until=until,
        opening=opening,
        entries=entries,
        closing=entries[-1].balance if entries else opening,
        open_items=still_open,
        ages=ages([(row.item.posted_on, row.item.due_on, row.open) for row in still_open], until, by),
    )


def entries_of(
    opening: Decimal, postings: Iterable[tuple[Posting, Decimal]], settles: dict[int, list[str]]
) -> Iterable[Entry]:
    """The entries with the balance after each, in the order given."""
    balance = opening
    for posting, amount in postings:
        balance += amount
        document = posting.document
        apart = document is not None and document.customer_id != document.payer_id
        yield Entry(
            on=posting.posted_on,
            what=f"{document.get_kind_display()} {document}" if document else name(posting),
            served=str(document.customer) if document and apart else "",
            amount=amount,
            balance=balance,
            url=document.get_absolute_url() if document else None,
            settles=settles.get(posting.pk, []),
        )


def _lines(payer: Customer) -> QuerySet[Line]:
    return Line.objects.filter(account__code=RECEIVABLE, customer__in=records_of(payer))


def _balance(payer: Customer, before: date) -> Decimal:
    """What was owed when the day began."""
    found = _lines(payer).filter(posted_on__lt=before).aggregate(sum=Sum("amount"))["sum"]
    return found or ZERO


def _postings(payer: Customer, since: date, until: date) -> list[tuple[Posting, Decimal]]:
    """What moved the balance in those days, by day; a transfer between two records of the payer moved nothing."""
    sums = dict(
        _lines(payer)
        .filter(posted_on__range=(since, until))
        .order_by()
        .values_list("posting")
        .annotate(sum=Sum("amount"))
        .exclude(sum=0)
    )
    postings = Posting.objects.filter(pk__in=sums).select_related("document__customer")
    return [(posting, sums[posting.pk]) for posting in postings.order_by("posted_on", "pk")]
