"""What the global search and the customer picker find here."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse

from customers.accounts import finding, gates
from customers.accounts.models import Customer
from customers.merging.models import Merge
from ispbilling.core import clock
from ispbilling.search import Hit, Source


def find_customers(
    text: str, user: Any, limit: int, page: str = "customers:customer_detail"
) -> Iterator[Hit]:
    """By code, former code, name, number, e-mail or address; an exact code comes first, deleted ones last.

    What made it match is said where the title does not show it. A hit leads to `page` of the customer.
    """
    now = clock.now()
    found = finding.matching(Customer.objects.visible_to(user), text, addresses=True)
    shown = (
        found.select_related("group").prefetch_related("gates", "contacts", "code_aliases").order_by("code")
    )
    rows = list(shown.not_deleted(now)[:limit])
    # Of one that was merged away the survivor comes first, who has the code as a former one.
    aliases = Merge.objects.standing().values("loser")
    exact = list(shown.filter(code=text.strip().upper()).exclude(pk__in=aliases))
    if len(rows) < limit:
        rows += shown.deleted(now)[: limit - len(rows)]
    for customer in dict.fromkeys([*exact, *rows]):
        closed = bool(gates.closed(customer.gates.all(), now))
        state = gates.state_sentence(customer.gates.all(), now) if closed else ""
        role = "reseller" if customer.is_reseller else ""
        words = [role, str(customer.group), finding.why(customer, text), state]
        title = f"{customer.code} {customer.name}"
        yield Hit(title, reverse(page, args=[customer.pk]), " · ".join(filter(None, words)), off=closed)


CUSTOMERS = Source("customers", "Customers", "customers.view", find_customers, icon="user", weight=10)
