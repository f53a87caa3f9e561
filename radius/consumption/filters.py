"""Filters of the Total Usage List."""

from typing import Any

import django_filters

from groups.models import CustomerGroup
from radius.accounts.filters import DataAccountFilter
from radius.accounts.models import DataAccount
from radius.consumption import limits


class UsageFilter(DataAccountFilter):
    """`over` needs rows for `limits.over`."""

    group = django_filters.ModelMultipleChoiceFilter(
        field_name="customer__group",
        queryset=CustomerGroup.objects.live(),
        label="Customer Group",
        distinct=False,
    )
    over = django_filters.NumberFilter(
        method="used_over", label="Used at least (%)", min_value=0, max_value=1_000_000
    )

    def used_over(self, rows: Any, name: str, value: Any) -> Any:
        return limits.over(rows, int(value))

    class Meta:
        model = DataAccount
        fields: tuple[Any, ...] = ()
