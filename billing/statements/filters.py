"""The days of a statement. They narrow nothing by themselves: the page reads them."""

from typing import Any

import django_filters as filters
from django.db.models import QuerySet

from customers.models import Customer
from ispbilling.core.forms import DateInput


class PeriodFilter(filters.FilterSet):
    since = filters.DateFilter(label="From", method="unchanged", widget=DateInput())
    until = filters.DateFilter(label="To", method="unchanged", widget=DateInput())

    class Meta:
        model = Customer
        fields: list[str] = []

    def unchanged(self, rows: QuerySet[Customer], name: str, value: Any) -> QuerySet[Customer]:
        return rows
