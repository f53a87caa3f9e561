"""The days of the trial balance. They narrow nothing by themselves: the page reads them."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import django_filters as filters
from django.db.models import QuerySet

from billing.ledger.models import Line
from billing.statements.period import Days
from billing.trial.figures import year_start
from ispbilling.core.forms import DateInput

#: What can be asked for; nobody's books begin before or are planned beyond.
FIRST, AHEAD = date(2000, 1, 1), timedelta(days=366)


def asked(query: Mapping[str, str], today: date) -> Days:
    """What `since` and `until` say, as far as it can be; else this financial year up to today."""
    until = _day(query.get("until")) or today
    if not FIRST <= until <= today + AHEAD:
        until = today
    since = _day(query.get("since")) or year_start(until)
    return Days(since, until) if FIRST <= since <= until else Days(year_start(until), until)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


class DaysFilter(filters.FilterSet):
    """From which day to which."""

    since = filters.DateFilter(label="From", method="unchanged", widget=DateInput())
    until = filters.DateFilter(label="As at", method="unchanged", widget=DateInput())

    class Meta:
        model = Line
        fields: list[str] = []

    def unchanged(self, rows: QuerySet[Line], name: str, value: Any) -> QuerySet[Line]:
        return rows
