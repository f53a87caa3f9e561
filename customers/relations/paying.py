"""Who owes: the one answer to "whose account is this charged to?" (features 2.4), for a row, a set and raw SQL.

A sub-account is paid by its master when its own "Bill all to master" is on, or that of the master, which then
speaks for all of its sub-accounts. Everybody else pays for themselves. One level, so the answer is one step.
What was issued keeps the payer it was issued to: switching concerns future invoices alone.
"""

from typing import Any

from django.db.models import Case, F, Q, QuerySet, When

from customers.accounts.models import Customer

#: A customer whose master pays for it.
PAID_BY_MASTER = Q(master__isnull=False) & (Q(bill_all_to_master=True) | Q(master__bill_all_to_master=True))

#: The same over two rows of customers_customer: `c` who is served, `m` its master or NULLs (LEFT JOIN).
PAYER_ID = (
    "CASE WHEN m.id IS NOT NULL AND (c.bill_all_to_master OR m.bill_all_to_master) THEN m.id ELSE c.id END"
)


def payer(customer: Customer) -> Customer:
    """Who is invoiced for what this customer uses."""
    master = customer.master
    if master is not None and (customer.bill_all_to_master or master.bill_all_to_master):
        return master
    return customer


def with_payer(customers: QuerySet[Customer]) -> Any:
    """Each row with `payer_id`, as `payer` would say."""
    return customers.annotate(payer_id=Case(When(PAID_BY_MASTER, then=F("master_id")), default=F("pk")))


def paid_by(customer: Customer) -> QuerySet[Customer]:
    """Whose charges this customer pays, itself included unless its own master does."""
    rows: QuerySet[Customer] = with_payer(Customer.objects.all()).filter(payer_id=customer.pk)
    return rows
