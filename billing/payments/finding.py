"""Finding payments: by receipt number, by what the bank said, or by whose they are."""

import re
from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from billing.payments.models import Payment
from customers.accounts import finding
from customers.models import Customer
from ispbilling.core.money import format_money
from ispbilling.search import Hit, Source

_RECEIPT = re.compile(r"[A-Za-z]{1,10}[-/ ]?(?P<year>20[0-9]{2})[-/ ]?(?P<number>[0-9]{1,9})")


def by_receipt(rows: QuerySet[Payment], text: str) -> QuerySet[Payment]:
    """The payment with that receipt number, however its parts are joined; none for other text."""
    found = _RECEIPT.fullmatch(text.strip())
    if found is None:
        return rows.none()
    return rows.filter(year=int(found["year"]), number=int(found["number"]))


def matching(rows: QuerySet[Payment], text: str) -> QuerySet[Payment]:
    """By receipt number, by the reference, or by all words in code, name, number or e-mail of who paid."""
    every = Payment.objects.order_by()
    people = finding.matching(Customer.objects.all(), text).order_by().values("pk")
    found = (
        by_receipt(every, text)
        .values("pk")
        .union(
            every.filter(payer__in=people).values("pk"), every.filter(reference__icontains=text).values("pk")
        )
    )
    return rows.filter(pk__in=found)


def _payments(text: str, user: Any, limit: int) -> Iterable[Hit]:
    found = by_receipt(Payment.objects.visible_to(user), text)
    for payment in found.select_related("payer")[:limit]:
        yield Hit(
            payment.receipt,
            payment.get_absolute_url(),
            f"{payment.payer or 'Unallocated'}, {payment.received_on}, {format_money(payment.amount)}",
        )


PAYMENTS = Source("payments", "Payments", "billing.payments.view", _payments, icon="cash", weight=50)
