"""Filters of the age analysis. The day and what age is counted from narrow nothing: the page reads them."""

from typing import Any

import django_filters as filters
from django.db.models import QuerySet

from billing.recurring.models import AgeBy
from customers.models import Customer
from groups.models import BillingGroup, CustomerGroup
from ispbilling.core.forms import DateInput


class AsAtFilter(filters.FilterSet):
    """As at which day, by which age."""

    on = filters.DateFilter(label="As at", method="unchanged", widget=DateInput())
    by = filters.ChoiceFilter(
        label="Age by", method="unchanged", choices=AgeBy.choices, empty_label="As the billing settings say"
    )

    class Meta:
        model = Customer
        fields: list[str] = []

    def unchanged(self, rows: QuerySet[Customer], name: str, value: Any) -> QuerySet[Customer]:
        return rows


class AgeFilter(AsAtFilter):
    group = filters.ModelMultipleChoiceFilter(label="Customer group", queryset=CustomerGroup.objects.all())
    billing_group = filters.ModelMultipleChoiceFilter(
        label="Billing group", queryset=BillingGroup.objects.all()
    )
