"""What a call costs. Pure: Decimals in and out, before VAT, rounded once to the four decimals of prices.

By its rate: the connection fee, and the price per minute for the seconds that count, at least the minimum charge.
The first increment is charged in full, what follows is rounded up to further increments; what nobody answered costs
nothing. Of the prefixes of a number the longest with a rate holds. In a model with a markup, a call whose cost the
carrier told costs that and the markup.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, localcontext

from ispbilling.core.money import HUNDRED, per_unit

_MINUTE = 60
_ZERO = Decimal("0.0000")


@dataclass(frozen=True, slots=True)
class Rate:
    """The terms of one prefix."""

    prefix: str
    destination: str
    per_minute: Decimal
    connection_fee: Decimal = _ZERO
    first_seconds: int = 1
    next_seconds: int = 1
    minimum_charge: Decimal = _ZERO


@dataclass(frozen=True, slots=True)
class Rated:
    """The price of a call, and the words for where it went."""

    price: Decimal
    destination: str


class Deck:
    """The rates of a model, asked by number."""

    def __init__(self, rates: Iterable[Rate], markup: Decimal | None = None) -> None:
        self.markup = markup
        self._rates = {rate.prefix: rate for rate in rates}
        self._longest = max(map(len, self._rates), default=0)

    def rate_of(self, called: str) -> Rate | None:
        """The rate of the longest prefix, None where no rate fits."""
        for length in range(min(len(called), self._longest), 0, -1):
            if rate := self._rates.get(called[:length]):
                return rate
        return None

    def price(self, called: str, seconds: int, cost: Decimal | None) -> Rated | None:
        """What the call costs; None where neither a rate nor the carrier's cost says so."""
        rate = self.rate_of(called)
        destination = rate.destination if rate else ""
        if self.markup is not None and cost is not None:
            return Rated(marked_up(cost, self.markup), destination)
        if not seconds:
            return Rated(_ZERO, destination)
        return Rated(by_rate(rate, seconds), destination) if rate else None


def by_rate(rate: Rate, seconds: int) -> Decimal:
    """What so many seconds cost."""
    if seconds <= 0:
        return _ZERO
    with localcontext(prec=60):
        amount = rate.connection_fee + rate.per_minute * charged_seconds(rate, seconds) / _MINUTE
        return per_unit(max(amount, rate.minimum_charge))


def charged_seconds(rate: Rate, seconds: int) -> int:
    """The seconds that count: the first increment in full, then whole further ones."""
    if seconds <= 0:
        return 0
    further = max(seconds - rate.first_seconds, 0)
    return rate.first_seconds + -(-further // rate.next_seconds) * rate.next_seconds


def marked_up(cost: Decimal, markup: Decimal) -> Decimal:
    """The carrier's cost and the markup on it, in percent."""
    with localcontext(prec=60):
        return per_unit(cost * (HUNDRED + markup) / HUNDRED)
