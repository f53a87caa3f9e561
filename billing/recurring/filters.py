"""Filters of the recurring lines."""

import django_filters

from billing.recurring.models import RecurringLine
from groups.models import BillingGroup, CustomerGroup


class RecurringFilter(django_filters.FilterSet):
    customer = django_filters.CharFilter(
        field_name="customer__code", lookup_expr="iexact", label="Account code"
    )
    group = django_filters.ModelMultipleChoiceFilter(
        field_name="customer__group", queryset=CustomerGroup.objects.all(), label="Customer group"
    )
    billing_group = django_filters.ModelMultipleChoiceFilter(
        field_name="customer__billing_group", queryset=BillingGroup.objects.all(), label="Billing group"
    )
    vat_exempt = django_filters.BooleanFilter(label="VAT exempt")

    class Meta:
        model = RecurringLine
        fields = ()
