"""What is due for a period, all of it: the recurring lines, and the calls of closed months that no invoice has.

The calls of a number in a month are one charge: their sum before VAT, rounded once, and VAT on it. A month is closed
when it ended before the period and before the month of the invoice date. Discounts are for recurring charges: what
calls cost a customer is what its phone costing model says.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection

from billing.calls import due as calls
from billing.calls.due import BEING_PRICED, Called, Dues
from billing.calls.models import CallSettings
from billing.ledger.digests import digest
from billing.recurring import charges
from billing.recurring.charges import LAST_ID, Bill
from billing.recurring.charging import Charge
from billing.recurring.pricing import Price
from billing.recurring.terms import Terms
from customers.relations.paying import PAYER_ID
from ispbilling.core.money import ZERO, cents, format_money, vat_of_net


def due(
    terms: Terms, now: datetime, low: int = 0, high: int = LAST_ID, billing_group_id: int | None = None
) -> list[Bill]:
    """The bills of the customers with ids from low to high who have something due, by customer id."""
    bills = charges.due(terms, now, low, high, billing_group_id)
    before = min(terms.period.start, terms.issue_on.replace(day=1))
    found = calls.due(before, now, low, high, billing_group_id)
    if not found:
        return bills
    known = {bill.customer_id: bill for bill in bills}
    known |= {bill.customer_id: bill for bill in _empty(found.keys() - known.keys(), terms, now)}
    gl_code = CallSettings.get().gl_code
    for customer, dues in found.items():
        known[customer] = _with_calls(known[customer], dues, gl_code, terms)
    return [known[customer] for customer in sorted(known)]


def _with_calls(bill: Bill, dues: Dues, gl_code: str, terms: Terms) -> Bill:
    """Pure: the bill of a customer and what its calls cost."""
    added = [_charge(one, gl_code, terms) for one in dues.called]
    # What is given back keeps its cents; the rest is rounded together where the provider wants it so.
    lines = [charge for charge in bill.charges if charge.quantity > 0]
    rounded = iter(charges.rounded([*lines, *added], terms))
    kept = [next(rounded) if charge.quantity > 0 else charge for charge in bill.charges]
    told = [
        [one.number_id, one.label, one.month.isoformat(), one.calls, one.seconds, str(one.amount)]
        for one in dues.called
    ]
    return bill._replace(
        charges=(*kept, *rounded),
        digest=digest([bill.digest.hex(), told, dues.waiting, gl_code]),
        problem=bill.problem or (BEING_PRICED if dues.waiting else ""),
    )


def _charge(called: Called, gl_code: str, terms: Terms) -> Charge:
    net = cents(called.amount)
    found = Price(net, vat_of_net(net, terms.vat_rate))
    return Charge(
        recurring_line_id=None,
        days=(),
        description=f"Calls {called.label}, {called.words}",
        quantity=Decimal(1),
        unit_price=found.total if terms.prices_include_vat else net,
        discount=ZERO,
        vat_rate=terms.vat_rate,
        gl_code=gl_code,
        price=found,
        because=f"{called.words}: {format_money(net)} before VAT",
        calls=called,
    )


def _empty(customers: Iterable[int], terms: Terms, now: datetime) -> list[Bill]:
    """Bills of customers of whom nothing is due but calls."""
    with connection.cursor() as cursor:
        cursor.execute(_HEADS, {"customers": sorted(customers), "now": now})
        rows = cursor.fetchall()
    return [
        Bill(
            customer_id=customer,
            payer_id=payer,
            name=name,
            address=address,
            vat_number=vat_number,
            code=code,
            due_on=terms.issue_on + timedelta(days=terms.due_days if due_days is None else due_days),
            charges=(),
            digest=digest([terms.key, [payer, name, address, vat_number, code, due_days, deleted]]),
            problem="The master account that pays is deleted." if deleted else "",
            rounding=terms.rounding,
        )
        for customer, payer, name, address, vat_number, code, due_days, deleted in rows
    ]


#: Who pays for a customer, and by when: as in due.sql.
_HEADS = f"""
SELECT c.id, p.id, p.name, coalesce(nullif(p.postal_address, ''), p.physical_address), p.vat_number, p.code,
       coalesce(p.due_days, g.due_days),
       p.id <> c.id AND EXISTS (
           SELECT FROM customers_gate d WHERE d.customer_id = p.id AND d.kind = 'deleted'
              AND d.since <= %(now)s AND (d.until IS NULL OR d.until > %(now)s))
FROM customers_customer c
LEFT JOIN customers_customer m ON m.id = c.master_id
JOIN customers_customer p ON p.id = {PAYER_ID}
JOIN groups_customergroup g ON g.id = p.group_id
WHERE c.id = ANY(%(customers)s)
"""  # noqa: S608 - our own words
