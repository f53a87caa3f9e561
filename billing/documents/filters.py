"""Filters of the documents list."""

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from billing.allocating.standing import Standings
from billing.allocating.states import PaidState
from billing.documents.models import BILLED, Document, DocumentKind
from customers.merging.models import records_of
from customers.models import Customer
from ispbilling.core import clock

#: What a document can be; the others are states of payments.
STATES = [PaidState.OVERDUE, PaidState.OPEN, PaidState.PART, PaidState.PAID, PaidState.CREDITED]
DAY = forms.DateInput(attrs={"type": "date"})


class DocumentFilter(django_filters.FilterSet):
    kind = django_filters.ChoiceFilter(
        choices=[*DocumentKind.choices, ("billed", "Invoice or credit note")], label="Kind", method="of_kind"
    )
    paid = django_filters.ChoiceFilter(
        choices=[(state.value, state.label) for state in STATES], label="Paid", method="in_state"
    )
    since = django_filters.DateFilter(field_name="issued_on", lookup_expr="gte", label="From", widget=DAY)
    until = django_filters.DateFilter(field_name="issued_on", lookup_expr="lte", label="To", widget=DAY)
    customer = django_filters.CharFilter(method="of_customer", label="Account code")
    run = django_filters.NumberFilter(field_name="run_id", label="Run")

    class Meta:
        model = Document
        fields = ()

    def of_kind(self, rows: QuerySet[Document], name: str, value: str) -> QuerySet[Document]:
        """One kind, or both that turnover is made of."""
        return rows.filter(kind__in=BILLED if value == "billed" else [value])

    def in_state(self, rows: QuerySet[Document], name: str, value: str) -> QuerySet[Document]:
        """As it stands today; the rows know whether they are `credited`."""
        return rows.filter(Standings(clock.local_day(clock.now())).where(PaidState(value)))

    def of_customer(self, rows: QuerySet[Document], name: str, value: str) -> QuerySet[Document]:
        """Served to the customer, or paid by it, under whichever of its records."""
        customer = Customer.objects.filter(code__iexact=value).first()
        keys = records_of(customer) if customer else []
        return rows.filter(Q(customer__in=keys) | Q(payer__in=keys))
