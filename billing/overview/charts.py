"""The figures as bars, each leading to the list that adds up to it. Pure."""

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_CEILING, Decimal
from urllib.parse import urlencode

from django.urls import reverse

from billing.ageing.buckets import BUCKETS
from billing.overview.figures import Month, Owed, Turnover
from ispbilling.core.clock import Period
from ispbilling.core.money import HUNDRED, ZERO, format_money
from ispbilling.core.parts import Bar, Columns
from ispbilling.core.units import counted

AGE_MEANINGS = {"current": "working", "days120": "stopped"}


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
        name = f"{one.period}"
        billed = Bar(
            f"Billed in {name}", format_money(one.billed), _share(one.billed, top), documents_of(one.period)
        )
        if not collected:
            return (billed,)
        amount = one.collected
        return billed, Bar(
            f"Collected in {name}", format_money(amount), _share(amount, top), payments_of(one.period)
        )

    return Columns(
        "Billed and collected by month" if collected else "Billed by month",
        ("Billed", "Collected") if collected else ("Billed",),
        (short(top), short(top / 2), short(ZERO)),
        tuple((f"{one.period.start:%b}", bars(one)) for one in months),
    )


def by_age(owed: Owed) -> list[Bar]:
    """What is owed by age, the credit nobody used beside it; together they are the balance."""
    ages = owed.ages
    amounts = [(name, heading, getattr(ages, name)) for name, heading, _ in BUCKETS]
    amounts.append(("credit", "Unallocated credit", ages.credit))
    longest = max(abs(amount) for _, _, amount in amounts)
    state = {"credit": "credit"}
    return [
        Bar(
            heading,
            format_money(amount),
            _share(abs(amount), longest),
            ageing(state=state.get(name, ""), sort=name if name == "credit" else f"-{name}"),
            "info" if name == "credit" else AGE_MEANINGS.get(name, "attention"),
        )
        for name, heading, amount in amounts
    ]


def ageing(**asked: str) -> str:
    """The age analysis, narrowed and sorted as asked."""
    found = urlencode({name: value for name, value in asked.items() if value})
    return f"{reverse('billing:age_list')}?{found}"


def by_method(found: Turnover) -> list[Bar]:
    """How this month's money came."""
    longest = max([total for _, _, total in found.methods], default=ZERO)
    return [
        Bar(
            f"{method.label}, {counted(count, 'payment')}",
            format_money(total),
            _share(total, longest),
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


def _share(amount: Decimal, of: Decimal) -> Decimal:
    """Percent with one decimal; something is never drawn as nothing."""
    if amount <= 0 or not of:
        return Decimal(0)
    return (amount * HUNDRED / of).quantize(Decimal("0.1"), ROUND_CEILING)
