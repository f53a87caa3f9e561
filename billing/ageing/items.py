"""The items of one payer as people read them: what it was, what settled it, how old the rest is."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.ageing.buckets import BUCKETS, bucket
from billing.allocating.fifo import Item
from billing.allocating.open_items import allocation
from billing.allocating.states import PaidState, paid_state
from billing.ledger.models import Posting
from billing.recurring.models import AgeBy, BillingSettings
from customers.models import Customer
from ispbilling.core.money import ZERO, format_money

_HEADINGS = {name: heading for name, heading, _ in BUCKETS}


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item: `others` says what it is settled with, and how much of it."""

    item: Item
    what: str
    url: str | None
    served: str
    state: PaidState
    open: Decimal
    age: int | None
    others: list[str]
    document_id: int | None = None

    def __str__(self) -> str:
        return self.what

    @property
    def pk(self) -> int:
        return self.item.key

    @property
    def due_on(self) -> date | None:
        """A credit is due at no time."""
        return self.item.due_on if self.item.amount > 0 else None

    @property
    def bucket(self) -> str | None:
        """What its age is called, while it is open and owed."""
        return None if self.age is None else _HEADINGS[bucket(self.age)]

    @property
    def may_be_pinned(self) -> bool:
        return self.item.amount < 0 and self.item.whole


def rows_of(payer: Customer, on: date, by: AgeBy) -> list[ItemRow]:
    """All items of a payer up to that day, the latest first."""
    items, done = allocation(payer, on)
    postings = (
        Posting.objects.filter(pk__in=items).select_related("document__customer", "document__payer").in_bulk()
    )
    others: dict[int, list[str]] = defaultdict(list)
    for share in done.shares:
        words = format_money(share.amount) + (", by hand" if share.pinned else "")
        others[share.debit].append(f"{name(postings[share.credit])}: {words}")
        others[share.credit].append(f"{name(postings[share.debit])}: {words}")
    overdue_days, rows = BillingSettings.get().overdue_days, []
    for key, item in items.items():
        rest, document = done.open.get(key, ZERO), postings[key].document
        since = item.due_on if by == AgeBy.DUE else item.posted_on
        rows.append(
            ItemRow(
                item=item,
                what=name(postings[key]),
                url=document.get_absolute_url() if document else None,
                served=str(document.customer)
                if document and document.customer_id != document.payer_id
                else "",
                state=paid_state(item.amount, rest, item.due_on, on, overdue_days),
                open=rest,
                age=(on - since).days if rest > 0 else None,
                others=others[key],
                document_id=document.pk if document else None,
            )
        )
    return sorted(rows, key=lambda row: (row.item.posted_on, row.pk), reverse=True)


def name(posting: Posting) -> str:
    """What people call it: the reference on the paper, else what was noted when it was posted."""
    return str(posting.document) if posting.document else posting.memo
