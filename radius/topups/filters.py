"""Filters of the top-ups."""

import django_filters

from radius.topups.models import TopupGroup, TopupType


class TypeFilter(django_filters.FilterSet):
    group = django_filters.ModelMultipleChoiceFilter(queryset=TopupGroup.objects.all(), label="Group")
    in_portal = django_filters.BooleanFilter(label="In the portal")

    class Meta:
        model = TopupType
        fields = ("group", "in_portal")
