"""Filters of the catalogue lists."""

import django_filters

from radius.catalogue.models import Authentication, CapKind, Package, Service
from radius.topups.models import TopupGroup


class ServiceFilter(django_filters.FilterSet):
    authentication = django_filters.ChoiceFilter(choices=Authentication.choices, label="Authentication")

    class Meta:
        model = Service
        fields = ("authentication",)


class PackageFilter(django_filters.FilterSet):
    service = django_filters.ModelMultipleChoiceFilter(queryset=Service.objects.all(), label="Service")
    cap_kind = django_filters.MultipleChoiceFilter(choices=CapKind.choices, label="Cap")
    topup_group = django_filters.ModelMultipleChoiceFilter(queryset=TopupGroup.objects.all(), label="Top-ups")

    class Meta:
        model = Package
        fields = ("service", "cap_kind", "topup_group")
