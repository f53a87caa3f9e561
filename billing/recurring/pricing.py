"""The price of one recurring charge. Pure.

Order (features 2.12): quantity x price, line discount, customer discount, the days of the period, VAT. Money
is rounded once, to the amount that is charged; VAT is computed on that amount, so the paper adds up by hand.
"""

from dataclasses import dataclass
from decimal import Decimal, localcontext

from billing.recurring.proration import EXACT, Share, portion
from ispbilling.core.money import HUNDRED, vat_in_gross, vat_of_net

#: Part of every plan's digest: a plan made by other rules than those that would issue it is previewed again.
VERSION = 1


@dataclass(frozen=True, slots=True)
class Price:
    """Amounts of one line; total is net plus VAT."""

    net: Decimal
    vat: Decimal

    @property
    def total(self) -> Decimal:
        return self.net + self.vat


def price(
    quantity: Decimal,
    unit_price: Decimal,
    discounts: tuple[Decimal, ...],
    part: Share,
    vat_rate: Decimal,
    *,
    includes_vat: bool,
) -> Price:
    """What is charged. Discounts and rate in percent; discounts apply one after the other."""
    with localcontext(EXACT):
        amount = quantity * unit_price
        for discount in discounts:
            amount = amount * (HUNDRED - discount) / HUNDRED
        charged = portion(amount, part)
        if includes_vat:
            vat = vat_in_gross(charged, vat_rate)
            return Price(charged - vat, vat)
        return Price(charged, vat_of_net(charged, vat_rate))
