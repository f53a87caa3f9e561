"""What the global search and the customer picker find here."""

from collections.abc import Iterator
from typing import Any

from customers.accounts import finding, gates
from customers.accounts.models import Customer
from ispbilling.core import clock
from ispbilling.search import Hit, Source


def find_customers(text: str, user: Any, limit: int) -> Iterator[Hit]:
    """By code, former code, name, number or e-mail; an exact code comes first, deleted ones last."""
    now = clock.now()
    found = finding.matching(Customer.objects.visible_to(user), text).select_related("group")
    rows = list(found.not_deleted(now).prefetch_related("gates").order_by("code")[:limit])
    exact = list(found.filter(code=text.strip().upper()).prefetch_related("gates"))
    if len(rows) < limit:
        rows += found.deleted(now).prefetch_related("gates").order_by("code")[: limit - len(rows)]
    for customer in dict.fromkeys([*exact, *rows]):
        closed = bool(gates.closed(customer.gates.all(), now))
        role = "reseller, " if customer.is_reseller else ""
        state = gates.state_sentence(customer.gates.all(), now)
        subtitle = f"{role}{customer.group}" + (f" – {state}" if closed else "")
        yield Hit(f"{customer.code} {customer.name}", customer.get_absolute_url(), subtitle, off=closed)


CUSTOMERS = Source("customers", "Customers", "customers.view", find_customers, icon="user", weight=10)
