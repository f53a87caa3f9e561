"""Filters of calls and phone numbers."""

from datetime import date

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from billing.calls.models import Call, CallSettings, PhoneNumber
from billing.calls.numbers import normal, prefix
from customers.merging.models import records_of
from customers.models import Customer
from ispbilling.core.clock import day_end, day_start

#: No call is from before.
FIRST = date(2000, 1, 1)
DAY = forms.DateInput(attrs={"type": "date"})


class CallFilter(django_filters.FilterSet):
    since = django_filters.DateFilter(method="from_day", label="From", widget=DAY)
    until = django_filters.DateFilter(method="to_day", label="To", widget=DAY)
    customer = django_filters.CharFilter(method="of_customer", label="Account code")
    caller = django_filters.CharFilter(method="from_number", label="Caller")
    called = django_filters.CharFilter(method="to_prefix", label="Called, or what it begins with")
    document = django_filters.NumberFilter(field_name="bill__document", label="Document")
    file = django_filters.NumberFilter(field_name="imported_from", label="File")

    class Meta:
        model = Call
        fields = ()

    def from_day(self, rows: QuerySet[Call], name: str, value: date) -> QuerySet[Call]:
        """By the instant, which the indexes know."""
        return rows.filter(started_at__gte=day_start(max(value, FIRST)))

    def to_day(self, rows: QuerySet[Call], name: str, value: date) -> QuerySet[Call]:
        """With that day itself."""
        return rows.filter(started_at__lt=day_end(max(value, FIRST)))

    def of_customer(self, rows: QuerySet[Call], name: str, value: str) -> QuerySet[Call]:
        """From any number of the customer, under whichever of its records."""
        customer = Customer.objects.filter(code__iexact=value).first()
        return rows.filter(number__customer__in=records_of(customer) if customer else [])

    def from_number(self, rows: QuerySet[Call], name: str, value: str) -> QuerySet[Call]:
        """As somebody types a number."""
        return rows.filter(caller=normal(value, CallSettings.get().country_code))

    def to_prefix(self, rows: QuerySet[Call], name: str, value: str) -> QuerySet[Call]:
        """A number, or the beginning of one."""
        code = CallSettings.get().country_code
        begins = prefix(value, code) or value.lower()
        return rows.filter(Q(called__startswith=begins) | Q(called=normal(value, code)))


class PhoneNumberFilter(django_filters.FilterSet):
    customer = django_filters.CharFilter(
        field_name="customer__code", lookup_expr="iexact", label="Account code"
    )

    class Meta:
        model = PhoneNumber
        fields = ()
