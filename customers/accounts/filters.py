"""Filters of the customer list (LST-5)."""

from typing import Any

import django_filters as filters
from django.db.models import Q, QuerySet

from customers.accounts.models import Customer, CustomerType
from groups.models import BillingGroup, Category, CustomerGroup, HighSite, Label
from ispbilling.core import clock
from ispbilling.core.forms import DateRangeInput

STANDINGS = {
    "master": Q(is_master=True),
    "sub": Q(master__isnull=False),
    "reseller": Q(is_reseller=True),
    "resold": Q(reseller__isnull=False),
    "own": Q(master__isnull=True, reseller__isnull=True),
}


def _tagged(rows: QuerySet[Customer], name: str, tags: Any) -> QuerySet[Customer]:
    """Rows with any of the tags; by key, because DISTINCT over joined rows is slow on a long list."""
    if not tags:
        return rows
    through = Customer._meta.get_field(name).remote_field.through
    column = Customer._meta.get_field(name).m2m_reverse_field_name()
    return rows.filter(pk__in=through.objects.filter(**{f"{column}__in": tags}).values("customer"))


class CustomerFilter(filters.FilterSet):
    group = filters.ModelChoiceFilter(label="Customer group", queryset=CustomerGroup.objects.live())
    billing_group = filters.ModelChoiceFilter(
        label="Billing group", queryset=BillingGroup.objects.all(), null_label="No billing group"
    )
    type = filters.ChoiceFilter(label="Type", choices=CustomerType.choices)
    categories = filters.ModelMultipleChoiceFilter(
        label="Categories",
        queryset=Category.objects.all(),
        method="with_tags",
    )
    labels = filters.ModelMultipleChoiceFilter(
        label="Labels",
        queryset=Label.objects.all(),
        method="with_tags",
    )
    high_site = filters.ModelChoiceFilter(
        label="High site", queryset=HighSite.objects.all(), null_label="No high site"
    )
    vip = filters.ChoiceFilter(label="VIP", choices=[("yes", "VIP only"), ("no", "No VIP")], method="vips")
    owes = filters.ChoiceFilter(
        label="Balance",
        choices=[("owing", "Owing"), ("credit", "In credit"), ("zero", "Zero")],
        method="by_balance",
    )
    standing = filters.ChoiceFilter(
        label="Accounts",
        choices=[
            ("master", "Master accounts"),
            ("sub", "Sub-accounts"),
            ("reseller", "Resellers"),
            ("resold", "Customers of a reseller"),
            ("own", "Neither sub-account nor of a reseller"),
        ],
        method="by_standing",
    )
    verified = filters.ChoiceFilter(
        label="Verified", choices=[("yes", "Verified"), ("no", "Not verified")], method="by_verification"
    )
    created_at = filters.DateFromToRangeFilter(label="Added", widget=DateRangeInput)

    class Meta:
        model = Customer
        fields: list[str] = []

    def with_tags(self, rows: QuerySet[Customer], name: str, value: Any) -> QuerySet[Customer]:
        return _tagged(rows, name, value)

    def vips(self, rows: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        """Effective VIP: its own or its group's (D-3)."""
        effective = Q(vip=True) | Q(group__vip=True)
        return rows.filter(effective if value == "yes" else ~effective)

    def by_balance(self, rows: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        if value == "owing":
            return rows.filter(balance_row__amount__gt=0)
        if value == "credit":
            return rows.filter(balance_row__amount__lt=0)
        return rows.exclude(balance_row__amount__gt=0).exclude(balance_row__amount__lt=0)

    def by_verification(self, rows: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        """By a check of identity that stands and whose document is valid today."""
        valid = Q(verifications__expires_on=None) | Q(
            verifications__expires_on__gte=clock.local_day(clock.now())
        )
        known = Customer.objects.filter(valid, verifications__isnull=False, verifications__revoked_at=None)
        return (
            rows.filter(pk__in=known.values("pk"))
            if value == "yes"
            else rows.exclude(pk__in=known.values("pk"))
        )

    def by_standing(self, rows: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        return rows.filter(STANDINGS[value])
