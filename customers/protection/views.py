"""The access log of a customer."""

from functools import cached_property
from typing import Any

import django_tables2 as tables
from django.shortcuts import get_object_or_404
from django.urls import reverse

from customers.accounts.models import Customer
from customers.protection.models import Visit
from ispbilling.core.tables import DateTimeColumn, Table
from ispbilling.core.views import ListPage, scoped


class VisitTable(Table):
    at = DateTimeColumn(verbose_name="Opened")
    user = tables.Column(verbose_name="By", order_by=("user__username",))
    role = tables.Column(accessor="user__role", verbose_name="Role", orderable=False)
    default_columns = ("at", "user", "role")

    class Meta(Table.Meta):
        model = Visit
        fields = ()

    def row_url(self, record: Visit) -> None:
        return None

    def render_role(self, record: Visit) -> str:
        return str(record.user.get_role_display())


class VisitList(ListPage):
    """Who opened the profile and when, newest first."""

    table_class = VisitTable
    permission = "customers.protection"
    search_fields = ("user__username", "user__first_name", "user__last_name")
    search_help = "Name or username"
    empty_icon = "eye"
    empty_title = "Nobody has opened this profile yet"
    empty_text = "Each member of staff is listed once per quarter of an hour."

    @cached_property
    def customer(self) -> Customer:
        return get_object_or_404(scoped(Customer.objects, self.actor), pk=self.kwargs["pk"])

    @property
    def title(self) -> str:  # type: ignore[override]
        return f"Access log of {self.customer}"

    def crumbs(self) -> Any:
        here = (self.customer.code, self.customer.get_absolute_url())
        return (("Customers", reverse("customers:customer_list")), here)

    def get_queryset(self) -> Any:
        return Visit.objects.filter(customer=self.customer).select_related("user")
