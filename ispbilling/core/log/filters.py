"""Filters of the event log."""

import django_filters

from ispbilling.core.models import Event, User


class EventFilter(django_filters.FilterSet):
    kind = django_filters.CharFilter(lookup_expr="istartswith", label="Kind starts with")
    actor = django_filters.ModelChoiceFilter(queryset=User.objects.staff().order_by("username"), label="By")
    since = django_filters.DateFilter(field_name="at", lookup_expr="date__gte", label="From")
    until = django_filters.DateFilter(field_name="at", lookup_expr="date__lte", label="Until")

    class Meta:
        model = Event
        fields = ("kind", "actor", "since", "until")
