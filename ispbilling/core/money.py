"""Money: Decimal only, rounded half-up to the cent here and nowhere else. Pure."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
HUNDRED = Decimal(100)
CURRENCY = "R"


def cents(amount: Decimal) -> Decimal:
    """The amount rounded half-up (away from zero) to whole cents."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def per_unit(price: Decimal) -> Decimal:
    """A price per unit rounded half-up to the four decimals that prices have."""
    return price.quantize(Decimal("0.0001"), ROUND_HALF_UP)


def vat_of_net(net: Decimal, rate: Decimal) -> Decimal:
    """VAT on a net amount; rate in percent."""
    return cents(net * rate / HUNDRED)


def vat_in_gross(gross: Decimal, rate: Decimal) -> Decimal:
    """The VAT contained in a VAT-inclusive amount; rate in percent."""
    return cents(gross * rate / (HUNDRED + rate))


def split(total: Decimal, weights: Sequence[int]) -> list[Decimal]:
    """Divide `total` (whole cents) by weights so that the parts sum to it: largest remainder, ties to the first.

    split(Decimal("10.00"), [1, 1, 1]) == [3.34, 3.33, 3.33]. Raises ValueError when no weight is positive.
    """
    if total != cents(total):
        raise ValueError(f"{total} is not whole cents")
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError("weights must be non-negative with a positive sum")
    units = int(abs(total) / CENT)
    shares = [divmod(units * weight, whole) for weight in weights]
    missing = units - sum(share for share, _ in shares)
    order = sorted(range(len(shares)), key=lambda i: (-shares[i][1], i))
    extra = set(order[:missing])
    sign = -1 if total < 0 else 1
    return [sign * (share + (i in extra)) * CENT for i, (share, _) in enumerate(shares)]


def format_money(amount: Decimal, currency: str = CURRENCY) -> str:
    """As on every page and paper: `R 34,343.29`, `R 0.00`, `-R 20.00`."""
    amount = cents(amount)
    sign = "-" if amount < 0 else ""
    return f"{sign}{currency} {abs(amount):,.2f}"
