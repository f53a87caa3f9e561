"""Filters of the rejects."""

from typing import Any

import django_filters

from ispbilling.core.forms import DateRangeInput
from radius.nas.models import Nas
from radius.policy.codes import REASONS
from radius.server.models import AuthAttempt


class RejectFilter(django_filters.FilterSet):
    code = django_filters.MultipleChoiceFilter(
        choices=[(code, reason.sentence) for code, reason in REASONS.items()], label="Reason"
    )
    nas = django_filters.ModelMultipleChoiceFilter(queryset=Nas.objects.all(), label="NAS")
    customer = django_filters.CharFilter(
        field_name="data_account__customer__code", lookup_expr="iexact", label="Accounting Code"
    )
    username = django_filters.CharFilter(lookup_expr="iexact", label="Username")
    at = django_filters.DateFromToRangeFilter(label="Day", widget=DateRangeInput)

    class Meta:
        model = AuthAttempt
        fields: tuple[Any, ...] = ()
