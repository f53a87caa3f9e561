"""One customer's contacts and gates as lists."""

from functools import cached_property
from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from django.urls import reverse

from customers.accounts.models import Customer
from customers.profile.lists.tables import ContactTable, GateTable
from ispbilling.core.views import ListPage, scoped


class OfCustomer(ListPage):
    """A list about the customer of the URL."""

    permission = "customers.view"
    words: ClassVar[str]

    @cached_property
    def customer(self) -> Customer:
        return get_object_or_404(scoped(Customer.objects, self.actor), pk=self.kwargs["pk"])

    @property
    def title(self) -> str:  # type: ignore[override]
        return f"{self.words} of {self.customer}"

    def crumbs(self) -> Any:
        here = (self.customer.code, self.customer.get_absolute_url())
        return (("Customers", reverse("customers:customer_list")), here)


class CustomerContacts(OfCustomer):
    table_class = ContactTable
    words = "Contacts"
    search_fields = ("name", "email", "mobile", "more_emails", "more_mobiles")
    search_help = "Name, e-mail or number"
    empty_text = "Contacts are added in the edit dialog of the customer."
    empty_icon = "address-book"

    def get_queryset(self) -> Any:
        return self.customer.contacts.all()


class CustomerGates(OfCustomer):
    """Every time its access was closed: since when, until when, by whom and why (LIF-3..LIF-8)."""

    table_class = GateTable
    words = "Suspension details"
    search_fields = ("reason", "kind")
    search_help = "Reason"
    empty_text = "It was never suspended, disabled, cancelled or deleted."
    empty_icon = "lock-open"

    def get_queryset(self) -> Any:
        return self.customer.gates.select_related("closed_by", "opened_by")
