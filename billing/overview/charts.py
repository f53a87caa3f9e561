"""The figures as bars, each leading to the list that adds up to it. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse

from billing.overview.figures import Month, Turnover
from ispbilling.core.clock import Period
from ispbilling.core.money import ZERO
from ispbilling.core.parts import Bar, Columns, bar_of
from ispbilling.core.units import counted


def documents_of(period: Period) -> str:
    """Invoices and credit notes of those days."""
    return f"{reverse('billing:document_list')}?{urlencode({'kind': 'billed', **_days(period)})}"


def payments_of(period: Period, method: str = "") -> str:
    """What came in and stayed."""
    narrowed = {"method": method, **_days(period)} if method else _days(period)
    return f"{reverse('billing:payment_list')}?{urlencode(narrowed)}"


def _days(period: Period) -> dict[str, date]:
    return {"since": period.start, "until": period.last}


def by_month(months: Sequence[Month], *, collected: bool) -> Columns:
    """Billed, and beside it what was collected where that may be seen."""
    top = nice(max([amount for one in months for amount in (one.billed, one.collected)], default=ZERO))

    def bars(one: Month) -> tuple[Bar, ...]:
        # Less than nothing, where more was credited than billed, is drawn as nothing.
        billed = bar_of(f"Billed in {one.period}", one.billed, top, documents_of(one.period))
        billed = replace(billed, share=ZERO) if one.billed < 0 else billed
        came = bar_of(f"Collected in {one.period}", one.collected, top, payments_of(one.period))
        return (billed, came) if collected else (billed,)

    return Columns(
        "Billed and collected by month" if collected else "Billed by month",
        ("Billed", "Collected") if collected else ("Billed",),
        (short(top), short(top / 2), short(ZERO)),
        tuple((f"{one.period.start:%b}", bars(one)) for one in months),
    )


def by_method(found: Turnover) -> list[Bar]:
    """How this month's money came."""
    longest = max([total for _, _, total in found.methods], default=ZERO)
    return [
        bar_of(
            f"{method.label}, {counted(count, 'payment')}",
            total,
            longest,
            payments_of(found.month.period, method),
        )
        for method, count, total in found.methods
    ]


def nice(amount: Decimal) -> Decimal:
    """The round amount at or above it that a scale ends with: 1, 2, 4, 5 or 10 and zeros."""
    if amount <= 0:
        return Decimal(100)
    ten = Decimal(10) ** (amount.adjusted())
    return next(step * ten for step in (1, 2, 4, 5, 10) if step * ten >= amount)


def short(amount: Decimal) -> str:
    """As at the side of a chart: `R 1.5M`, `R 250k`, `R 40`."""
    for unit, letter in ((Decimal(1_000_000), "M"), (Decimal(1000), "k")):
        if amount >= unit:
            return f"R {(amount / unit).normalize():f}{letter}"
    return f"R {amount.normalize():f}"
