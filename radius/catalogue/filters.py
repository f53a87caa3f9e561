"""Filters of the catalogue lists."""

import django_filters

from radius.catalogue.models import Authentication, Package, Service


class ServiceFilter(django_filters.FilterSet):
    authentication = django_filters.ChoiceFilter(choices=Authentication.choices, label="Authentication")

    class Meta:
        model = Service
        fields = ("authentication",)


class PackageFilter(django_filters.FilterSet):
    service = django_filters.ModelMultipleChoiceFilter(queryset=Service.objects.all(), label="Service")
    uncapped = django_filters.BooleanFilter("cap_octets", "isnull", label="Uncapped")

    class Meta:
        model = Package
        fields = ("service", "uncapped")
