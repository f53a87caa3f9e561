"""What is due for a period: the recurring lines of a range of customers, priced, one `Bill` per customer.

A line is due from its first day to its effective last day, the earliest of its own, its data account's and
the customer's cancellation. Deleted customers are not billed; disabled and suspended ones are. A line
already billed for the period is left out, unless that document was corrected since: then it is due as the
next generation.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.conf import settings
from django.db import connection

from billing.ledger.digests import digest
from billing.recurring.models import BillingSettings, Rounding, VatRate
from billing.recurring.pricing import VERSION, Price, once, price
from billing.recurring.proration import Share, share
from customers.relations.paying import PAYER_ID
from ispbilling.core.clock import Period
from ispbilling.core.errors import DomainError
from ispbilling.core.money import ZERO

LAST_ID = 2**63 - 1
DESCRIPTION = 250


@dataclass(frozen=True, slots=True)
class Terms:
    """What is the same for every customer of a run."""

    period: Period
    issue_on: date
    vat_rate: Decimal
    prices_include_vat: bool
    due_days: int
    rounding: str = Rounding.LINE

    @classmethod
    def of(cls, period: Period, issue_on: date) -> "Terms":
        """The settings as they stand. Raises DomainError when no VAT rate is valid on the invoice date."""
        settings_ = BillingSettings.get()
        return cls(
            period,
            issue_on,
            vat_rate(issue_on),
            settings_.prices_include_vat,
            settings_.due_days,
            settings_.rounding,
        )

    @property
    def key(self) -> list[Any]:
        """What of it goes into every digest."""
        return [
            VERSION,
            self.period.start.isoformat(),
            self.period.end.isoformat(),
            self.issue_on.isoformat(),
            str(self.vat_rate),
            self.prices_include_vat,
            self.due_days,
            str(self.rounding),
        ]


@dataclass(frozen=True, slots=True)
class Charge:
    """One recurring line, priced for the period."""

    recurring_line_id: int
    generation: int
    description: str
    quantity: Decimal
    unit_price: Decimal
    discount: Decimal
    vat_rate: Decimal
    price: Price
    because: str


@dataclass(frozen=True, slots=True)
class Bill:
    """What one customer would be charged, and to whom the document goes. `problem` says why it cannot be
    issued."""

    customer_id: int
    payer_id: int
    name: str
    address: str
    vat_number: str
    due_on: date
    charges: tuple[Charge, ...]
    digest: bytes
    problem: str = ""
    rounding: str = Rounding.LINE

    @property
    def total(self) -> Decimal:
        return sum((charge.price.total for charge in self.charges), ZERO)


def vat_rate(on: date) -> Decimal:
    """The VAT rate on a day, in percent. Raises DomainError when there is none yet."""
    rate = VatRate.objects.filter(valid_from__lte=on).order_by("-valid_from").first()
    if rate is None:
        raise DomainError(f"No VAT rate is valid on {on}; add one under Billing Settings.")
    return rate.percent


def due(
    terms: Terms, now: datetime, low: int = 0, high: int = LAST_ID, billing_group_id: int | None = None
) -> list[Bill]:
    """The bills of the customers with ids from low to high, by customer id."""
    with connection.cursor() as cursor:
        cursor.execute(
            _DUE,
            {
                "low": low,
                "high": high,
                "start": terms.period.start,
                "end": terms.period.end,
                "now": now,
                "zone": settings.TIME_ZONE,
                "group": billing_group_id,
            },
        )
        rows = cursor.fetchall()
    return [_bill(list(group), terms) for _, group in groupby(rows, itemgetter(0))]


def _bill(rows: Sequence[tuple[Any, ...]], terms: Terms) -> Bill:
    """Pure: the rows of one customer as its bill. What cannot be priced is a problem of this customer alone."""
    customer_id, payer_id, name, address, vat_number, due_days, payer_deleted, discount = rows[0][:8]
    problem = "The master account that pays is deleted." if payer_deleted else ""
    due_on, charges = terms.issue_on, tuple[Charge, ...]()
    try:
        due_on = terms.issue_on + timedelta(days=terms.due_days if due_days is None else due_days)
        charges = _rounded(tuple(_charge(row[8:], discount, terms) for row in rows), terms)
    except (ArithmeticError, ValueError) as error:
        problem = f"It cannot be priced ({error}); look at its recurring lines."
    return Bill(
        customer_id=customer_id,
        payer_id=payer_id,
        name=name,
        address=address,
        vat_number=vat_number,
        due_on=due_on,
        charges=charges,
        digest=digest([terms.key, [repr(row) for row in rows]]),
        problem=problem,
        rounding=terms.rounding,
    )


def _rounded(charges: tuple[Charge, ...], terms: Terms) -> tuple[Charge, ...]:
    """With VAT rounded once for all of them, where the provider wants it so."""
    if terms.rounding == Rounding.LINE:
        return charges
    lines = [(charge.price, charge.vat_rate) for charge in charges]
    prices = once(lines, includes_vat=terms.prices_include_vat)
    return tuple(replace(charge, price=price) for charge, price in zip(charges, prices, strict=True))


def _charge(row: tuple[Any, ...], customer_discount: Decimal, terms: Terms) -> Charge:
    line_id, text, quantity, unit_price, discount, vat_exempt, starts_on, last, generation = row
    period = terms.period
    part = share(period.start, period.end, starts_on, last)
    if part is None:
        raise ValueError(f"recurring line {line_id} is not due in {period}")
    rate = ZERO if vat_exempt else terms.vat_rate
    priced = price(
        quantity, unit_price, (discount, customer_discount), part, rate, includes_vat=terms.prices_include_vat
    )
    because = _because(part, period, customer_discount)
    return Charge(
        line_id,
        generation,
        f"{text[: DESCRIPTION - len(because) - 2]}, {because}",
        quantity,
        unit_price,
        discount,
        rate,
        priced,
        because,
    )


def _because(part: Share, period: Period, customer_discount: Decimal) -> str:
    """`November 2026`, or with the days it was charged for and the customer's discount."""
    text = str(period)
    if not part.whole:
        first = period.start + timedelta(days=part.first)
        last = period.start + timedelta(days=part.until - 1)
        text += f", {first} to {last}: {part.days} of {part.of} days"
    if customer_discount:
        text += f", less {customer_discount.normalize():f} % customer discount"
    return text


# The range stands on both tables: the planner does not carry it over the join, and would read every line of
# every customer for each chunk.
_DUE = """
SELECT c.id, p.id, p.name, coalesce(nullif(p.postal_address, ''), p.physical_address), p.vat_number,
       coalesce(p.due_days, g.due_days),
       p.id <> c.id AND EXISTS (
           SELECT FROM customers_gate d WHERE d.customer_id = p.id AND d.kind = 'deleted'
              AND d.since <= %(now)s AND (d.until IS NULL OR d.until > %(now)s)),
       c.discount,
       l.id, l.description, l.quantity, coalesce(l.price, a.custom_price, k.price), l.discount, l.vat_exempt,
       l.starts_on, last.day, coalesce(b.generation + 1, 0)
FROM customers_customer c
JOIN billing_recurringline l ON l.customer_id = c.id
LEFT JOIN customers_customer m ON m.id = c.master_id
JOIN customers_customer p ON p.id = PAYER_ID
JOIN groups_customergroup g ON g.id = p.group_id
LEFT JOIN radius_dataaccount a ON a.id = l.data_account_id
LEFT JOIN radius_package k ON k.id = a.package_id
LEFT JOIN customers_gate x ON x.customer_id = c.id AND x.kind = 'cancelled' AND x.until IS NULL
CROSS JOIN LATERAL (
    SELECT least(l.ends_on, a.ends_on, (x.since AT TIME ZONE %(zone)s)::date - 1) AS day
) last
LEFT JOIN LATERAL (
    SELECT y.generation, EXISTS (
        SELECT FROM billing_document z WHERE z.corrects_id = y.document_id) AS corrected
    FROM billing_billedperiod y WHERE y.recurring_line_id = l.id AND y.period = %(start)s
    ORDER BY y.generation DESC LIMIT 1
) b ON true
WHERE c.id BETWEEN %(low)s AND %(high)s AND l.customer_id BETWEEN %(low)s AND %(high)s
  AND (%(group)s::bigint IS NULL OR c.billing_group_id = %(group)s)
  AND l.starts_on < %(end)s AND (last.day IS NULL OR last.day >= greatest(%(start)s, l.starts_on))
  AND (b.generation IS NULL OR b.corrected)
  AND NOT EXISTS (
      SELECT FROM customers_gate d WHERE d.customer_id = c.id AND d.kind = 'deleted'
         AND d.since <= %(now)s AND (d.until IS NULL OR d.until > %(now)s))
ORDER BY c.id, l.id
""".replace("PAYER_ID", PAYER_ID)
