"""Filters of the bundles."""

from typing import Any

import django_filters

from ispbilling.core.forms import DateRangeInput
from radius.bundles.models import BundleKind, DataBundle
from radius.catalogue.models import Package


class BundleFilter(django_filters.FilterSet):
    username = django_filters.CharFilter(
        field_name="data_account__username", lookup_expr="iexact", label="Username"
    )
    customer = django_filters.CharFilter(
        field_name="data_account__customer__code", lookup_expr="iexact", label="Accounting Code"
    )
    kind = django_filters.MultipleChoiceFilter(choices=BundleKind.choices, label="Kind")
    package = django_filters.ModelMultipleChoiceFilter(
        field_name="data_account__package", queryset=Package.objects.all(), label="Package"
    )
    expires_at = django_filters.DateFromToRangeFilter(label="Expires", widget=DateRangeInput)

    class Meta:
        model = DataBundle
        fields: tuple[Any, ...] = ()
