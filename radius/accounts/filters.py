"""Filters of the data accounts."""

from typing import Any

import django_filters

from groups.models import HighSite
from radius.accounts.models import DataAccount, Medium
from radius.accounts.states import RadiusStatus
from radius.catalogue.models import Package, Service


class DataAccountFilter(django_filters.FilterSet):
    """`radius_status` needs rows from `states.with_status`.

    No row is found twice by a foreign key: DISTINCT would compare all columns of every row, sums among them.
    """

    radius_status = django_filters.MultipleChoiceFilter(
        choices=RadiusStatus.choices, label="Radius Status", distinct=False
    )
    package = django_filters.ModelMultipleChoiceFilter(
        queryset=Package.objects.all(), label="Package", distinct=False
    )
    service = django_filters.ModelMultipleChoiceFilter(
        field_name="package__service", queryset=Service.objects.all(), label="Service", distinct=False
    )
    prepaid = django_filters.BooleanFilter(label="Prepaid")
    medium = django_filters.MultipleChoiceFilter(choices=Medium.choices, label="Medium", distinct=False)
    high_site = django_filters.ModelMultipleChoiceFilter(
        field_name="customer__high_site", queryset=HighSite.objects.all(), label="Highsite", distinct=False
    )
    customer = django_filters.CharFilter(
        field_name="customer__code", lookup_expr="iexact", label="Accounting Code"
    )

    class Meta:
        model = DataAccount
        fields: tuple[Any, ...] = ()
