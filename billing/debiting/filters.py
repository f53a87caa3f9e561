"""Filters of the lists of collections and mandates."""

import django_filters
from django.db.models import QuerySet

from billing.debiting.models import BatchState, DebitBatch, DebitRow, Mandate
from customers.merging.models import records_of
from customers.models import Customer
from groups.models import BillingGroup


class RowFilter(django_filters.FilterSet):
    batch = django_filters.ModelChoiceFilter(
        label="Batch", queryset=DebitBatch.objects.exclude(state=BatchState.DRAFT).defer("file")
    )
    customer = django_filters.CharFilter(method="of_customer", label="Account code")
    code = django_filters.CharFilter(field_name="code", label="Reason code")

    class Meta:
        model = DebitRow
        fields = ()

    def of_customer(self, rows: QuerySet[DebitRow], name: str, value: str) -> QuerySet[DebitRow]:
        """Of the customer, under whichever of its records."""
        customer = Customer.objects.filter(code__iexact=value).first()
        return rows.filter(payer__in=records_of(customer) if customer else [])


class MandateFilter(django_filters.FilterSet):
    customer = django_filters.CharFilter(
        field_name="customer__code", lookup_expr="iexact", label="Account code"
    )
    billing_group = django_filters.ModelChoiceFilter(
        field_name="customer__billing_group",
        label="Billing group",
        queryset=BillingGroup.objects.all(),
        null_label="No billing group",
    )

    class Meta:
        model = Mandate
        fields = ()
