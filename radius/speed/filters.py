"""Filters of the speed tests."""

from typing import Any

import django_filters

from groups.models import HighSite
from ispbilling.core.forms import DateRangeInput
from radius.catalogue.models import Package
from radius.speed.models import SpeedTest


class SpeedTestFilter(django_filters.FilterSet):
    at = django_filters.DateFromToRangeFilter(label="Measured", widget=DateRangeInput)
    package = django_filters.ModelMultipleChoiceFilter(
        field_name="data_account__package", queryset=Package.objects.all(), label="Package"
    )
    high_site = django_filters.ModelMultipleChoiceFilter(
        field_name="customer__high_site", queryset=HighSite.objects.all(), label="Highsite"
    )
    customer = django_filters.CharFilter(
        field_name="customer__code", lookup_expr="iexact", label="Accounting Code"
    )

    class Meta:
        model = SpeedTest
        fields: tuple[Any, ...] = ()
