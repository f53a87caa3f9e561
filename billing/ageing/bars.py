"""What is owed by age as bars, each leading to the age analysis sorted by it. Pure."""

from datetime import date
from urllib.parse import urlencode

from django.urls import reverse

from billing.ageing.buckets import BUCKETS, Ages
from ispbilling.core.parts import Bar, bar_of

_MEANINGS = {"current": "working", "days120": "stopped"}


def by_age(ages: Ages, on: date | None = None, by: str = "") -> list[Bar]:
    """By bucket, beside it the credit nobody used: together they are the balance. As at today unless told."""
    amounts = [(name, heading, getattr(ages, name)) for name, heading, _ in BUCKETS]
    amounts.append(("credit", "Unallocated credit", ages.credit))
    longest = max(abs(amount) for _, _, amount in amounts)
    asked = {"on": on, "by": by}
    return [
        bar_of(
            heading,
            amount,
            longest,
            address(state="credit", sort=name, **asked)
            if name == "credit"
            else address(sort=f"-{name}", **asked),
            "info" if name == "credit" else _MEANINGS.get(name, "attention"),
        )
        for name, heading, amount in amounts
    ]


def address(**asked: object) -> str:
    """The age analysis, narrowed and sorted as asked."""
    found = urlencode({name: value for name, value in asked.items() if value})
    return f"{reverse('billing:age_list')}?{found}"
