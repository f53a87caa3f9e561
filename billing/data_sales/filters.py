"""Filters of the lists of top-up sales, automatic top-ups and switches."""

import django_filters
from django.db.models import QuerySet

from billing.data_sales.models import AutoTopup, PrepaidSwitch, SaleWay, TopupSale
from customers.merging.models import records_of
from customers.models import Customer
from ispbilling.core.forms import DateRangeInput
from radius.models import TopupType


class _OfLines(django_filters.FilterSet):
    customer = django_filters.CharFilter(method="of_customer", label="Account code")
    line = django_filters.CharFilter(
        field_name="data_account__username", lookup_expr="iexact", label="Data account"
    )

    def of_customer(self, rows: QuerySet[TopupSale], name: str, value: str) -> QuerySet[TopupSale]:
        """Of the customer, under whichever of its records."""
        customer = Customer.objects.filter(code__iexact=value).first()
        return rows.filter(data_account__customer__in=records_of(customer) if customer else [])


class SaleFilter(_OfLines):
    way = django_filters.MultipleChoiceFilter(choices=SaleWay.choices, label="Sold by")
    topup_type = django_filters.ModelMultipleChoiceFilter(queryset=TopupType.objects.all(), label="Top-up")
    asked_at = django_filters.DateFromToRangeFilter(label="When", widget=DateRangeInput())

    class Meta:
        model = TopupSale
        fields = ("customer", "line", "way", "topup_type", "asked_at")


class AutoFilter(_OfLines):
    class Meta:
        model = AutoTopup
        fields = ("customer", "line")


class SwitchFilter(_OfLines):
    to_prepaid = django_filters.BooleanFilter(label="To prepaid")

    class Meta:
        model = PrepaidSwitch
        fields = ("customer", "line", "to_prepaid")
