"""Filters of the payments list."""

import django_filters
from django import forms
from django.db.models import QuerySet

from billing.payments.models import Method, Payment
from customers.merging.models import records_of
from customers.models import Customer

DAY = forms.DateInput(attrs={"type": "date"})


class PaymentFilter(django_filters.FilterSet):
    method = django_filters.ChoiceFilter(choices=Method.choices, label="Method")
    since = django_filters.DateFilter(field_name="received_on", lookup_expr="gte", label="From", widget=DAY)
    until = django_filters.DateFilter(field_name="received_on", lookup_expr="lte", label="To", widget=DAY)
    customer = django_filters.CharFilter(method="of_customer", label="Account code")
    amount = django_filters.NumberFilter(label="Amount", max_digits=14, decimal_places=2)

    class Meta:
        model = Payment
        fields = ()

    def of_customer(self, rows: QuerySet[Payment], name: str, value: str) -> QuerySet[Payment]:
        """Of the customer, under whichever of its records."""
        customer = Customer.objects.filter(code__iexact=value).first()
        return rows.filter(payer__in=records_of(customer) if customer else [])
