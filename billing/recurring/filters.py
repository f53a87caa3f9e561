"""Filters of the recurring lines."""

import django_filters

from billing.recurring.models import Frequency, Product, RecurringLine, Timing
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
    product = django_filters.ModelMultipleChoiceFilter(queryset=Product.objects.all(), label="Product")
    frequency = django_filters.MultipleChoiceFilter(choices=Frequency.choices, label="Period")
    timing = django_filters.ChoiceFilter(choices=Timing.choices, label="Charged")
    vat_exempt = django_filters.BooleanFilter(label="VAT exempt")

    class Meta:
        model = RecurringLine
        fields = ()
