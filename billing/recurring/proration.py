"""Which part of a period a charge covers, and what that part costs. Pure: Decimals in and out.

The cost of days a to b is the rounded cost up to b minus the rounded cost up to a. So a period that is split
anywhere, into any number of parts, costs exactly what the whole costs: the odd cents of the division fall
where the running total crosses a cent, none is lost and none is charged twice. A part is never negative.
"""

from decimal import Context, Decimal, localcontext
from typing import NamedTuple

from ispbilling.core.money import cents

#: Wide enough that no product of our columns is rounded before it is rounded to cents.
EXACT = Context(prec=60)


class Share(NamedTuple):
    """Days `first` up to but not including `until`, counted from 0, of a period of `of` days."""

    first: int
    until: int
    of: int

    @property
    def days(self) -> int:
        return self.until - self.first

    @property
    def whole(self) -> bool:
        return self.days == self.of


def portion(amount: Decimal, part: Share) -> Decimal:
    """What the part costs, in whole cents, when the whole period costs `amount` (not rounded yet)."""
    if part.whole:
        return cents(amount)
    with localcontext(EXACT):
        return cents(amount * part.until / part.of) - cents(amount * part.first / part.of)
