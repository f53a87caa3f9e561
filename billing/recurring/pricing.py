"""The price of one recurring charge. Pure.

Order (features 2.12): quantity x price, line discount, customer discount, the days of the period, VAT. Money
is rounded once, to the amount that is charged; VAT is computed on that amount, so the paper adds up by hand.
Where the provider rounds VAT once per document, `once` does so and gives each line its share.
"""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal, localcontext
from functools import lru_cache
from typing import NamedTuple

from billing.recurring.proration import EXACT, Share, portion
from ispbilling.core.money import CENT, HUNDRED, ZERO, per_unit, split, vat_in_gross, vat_of_net

#: Part of every plan's digest: a plan made by other rules than those that would issue it is previewed again.
VERSION = 3


class Price(NamedTuple):
    """Amounts of one line; total is net plus VAT."""

    net: Decimal
    vat: Decimal

    @property
    def total(self) -> Decimal:
        return self.net + self.vat


@lru_cache(maxsize=4096)  # many customers have the same package
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


def once(lines: Sequence[tuple[Price, Decimal]], *, includes_vat: bool) -> list[Price]:
    """The lines of one document, each with its VAT rate, with VAT rounded once per rate instead of per line.

    What VAT is computed on stays as it is, to the cent. A line carries its share of the VAT by largest remainder,
    less than a cent from its own, so that the lines sum to the document.
    """
    by_rate: dict[Decimal, list[int]] = defaultdict(list)
    for number, (_, rate) in enumerate(lines):
        by_rate[rate].append(number)
    found = [price for price, _ in lines]
    for rate, numbers in by_rate.items():
        base = {n: found[n].total if includes_vat else found[n].net for n in numbers}
        total = sum(base.values(), ZERO)
        if not total:
            continue
        vat = vat_in_gross(total, rate) if includes_vat else vat_of_net(total, rate)
        shares = split(vat, [int(base[n] / CENT) for n in numbers])
        for n, share in zip(numbers, shares, strict=True):
            found[n] = Price(base[n] - share if includes_vat else base[n], share)
    return found


def unit_price(amount: Decimal, months: int, frequency: int) -> Decimal:
    """The price of a cycle of `frequency` months, of what costs `amount` for `months` of them."""
    return amount if months == frequency else per_unit(amount * frequency / months)


def give_back(net: Decimal, vat: Decimal, part: Share, *, includes_vat: bool) -> Price:
    """Part of what was charged, given back: negative amounts, never more than the charge over all parts."""
    back_vat = portion(vat, part)
    if includes_vat:
        return Price(back_vat - portion(net + vat, part), -back_vat)
    return Price(-portion(net, part), -back_vat)
