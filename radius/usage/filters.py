"""Filters of sessions."""

from typing import Any

import django_filters

from ispbilling.core.forms import DateRangeInput
from radius.nas.models import Nas
from radius.usage.finding import of_username
from radius.usage.models import Session


class SessionFilter(django_filters.FilterSet):
    nas = django_filters.ModelMultipleChoiceFilter(queryset=Nas.objects.all(), label="NAS")
    customer = django_filters.CharFilter(
        field_name="data_account__customer__code", lookup_expr="iexact", label="Accounting Code"
    )
    username = django_filters.CharFilter(method="of_username", label="Username")

    def of_username(self, rows: Any, name: str, value: str) -> Any:
        return rows.filter(of_username(value))

    class Meta:
        model = Session
        fields: tuple[Any, ...] = ()


class PreviousSessionFilter(SessionFilter):
    started_at = django_filters.DateFromToRangeFilter(label="Started", widget=DateRangeInput)
    terminate_cause = django_filters.CharFilter(lookup_expr="iexact", label="Cause")
