"""Filters of the quarantined packets."""

from typing import Any

import django_filters

from ispbilling.core.forms import DateRangeInput
from radius.nas.models import Nas
from radius.quarantine.models import QuarantinedPacket


class QuarantineFilter(django_filters.FilterSet):
    nas = django_filters.ModelMultipleChoiceFilter(queryset=Nas.objects.all(), label="NAS")
    username = django_filters.CharFilter(lookup_expr="iexact", label="Username")
    at = django_filters.DateFromToRangeFilter(label="Day", widget=DateRangeInput)

    class Meta:
        model = QuarantinedPacket
        fields: tuple[Any, ...] = ()
