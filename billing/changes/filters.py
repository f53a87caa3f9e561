"""Filters of package changes."""

import django_filters

from groups.models import CustomerGroup
from radius.models import Package, PackageChange


class PackageChangeFilter(django_filters.FilterSet):
    customer = django_filters.CharFilter(
        field_name="data_account__customer__code", lookup_expr="iexact", label="Account code"
    )
    line = django_filters.CharFilter(
        field_name="data_account__username", lookup_expr="iexact", label="RADIUS user"
    )
    to_package = django_filters.ModelMultipleChoiceFilter(queryset=Package.objects.all(), label="New package")
    group = django_filters.ModelMultipleChoiceFilter(
        field_name="data_account__customer__group",
        queryset=CustomerGroup.objects.all(),
        label="Customer group",
    )
    since = django_filters.DateFilter(field_name="activates_on", lookup_expr="gte", label="Activation from")
    until = django_filters.DateFilter(field_name="activates_on", lookup_expr="lte", label="Activation until")

    class Meta:
        model = PackageChange
        fields = ()
