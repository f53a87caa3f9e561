"""Which days a statement is about: asked for in an address, or the usual ones. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.http import QueryDict

from ispbilling.core.clock import add_months

#: Nobody's books begin before.
FIRST = date(2000, 1, 1)
USUAL_MONTHS = 3


@dataclass(frozen=True, slots=True)
class Days:
    """From the first to the last day, both included."""

    since: date
    until: date

    @property
    def query(self) -> str:
        return f"?since={self.since}&until={self.until}"


def usual(today: date) -> Days:
    """This month and the two before, up to today."""
    return Days(add_months(today.replace(day=1), 1 - USUAL_MONTHS), today)


def asked(query: QueryDict | Mapping[str, str], today: date) -> Days:
    """What `since` and `until` say, as far as it can be; nothing is stated of days to come."""
    until = min(_day(query.get("until")) or today, today)
    since = _day(query.get("since")) or usual(until).since
    return Days(since, until) if FIRST <= since <= until else usual(today)


def offered(today: date) -> list[tuple[str, Days]]:
    """Periods to choose from with one click."""
    month = today.replace(day=1)
    before = add_months(month, -1)
    return [
        ("This month", Days(month, today)),
        ("Last month", Days(before, date.fromordinal(month.toordinal() - 1))),
        ("Three months", usual(today)),
        ("Twelve months", Days(add_months(month, -11), today)),
    ]


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
