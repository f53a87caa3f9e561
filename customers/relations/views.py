"""Linking sub-accounts to a master and customers to a reseller, from their profile (EDT-19, features 2.4)."""

from functools import cached_property
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from customers.accounts import listing
from customers.accounts.models import Customer
from customers.relations import linking, paying
from customers.relations.forms import AMONG, MOST, LinkResoldForm, LinkSubForm, candidates
from customers.relations.tables import ResoldTable, SubAccountTable
from ispbilling.core import clock
from ispbilling.core.models import User
from ispbilling.core.parts import Button
from ispbilling.core.views import ActionPage, ListPage, StaffPage, scoped


class CustomerPick(StaffPage):
    """The suggestions under a customer field: `?among=` who may be chosen, `?field=` the name of the input."""

    permission = "customers.view"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        text = request.GET.get(request.GET.get("field", "q"), "").strip()
        among = request.GET.get("among", "any")
        rows: Any = (
            candidates(text, self.actor, among) if text and among in AMONG else Customer.objects.none()
        )
        found = listing.with_row(rows, clock.now())[:MOST]
        return self.answer(
            "customers/_pick.html", text=text, customers=[(row, listing.status(row)) for row in found]
        )


class LinkedList(ListPage):
    """Everybody linked to the customer of the URL."""

    permission = "customers.view"
    search_fields = ("code", "name")
    search_help = "Code or name"
    related: ClassVar[str]
    words: ClassVar[str]
    link_name: ClassVar[str]
    empty_icon = "sitemap"
    confidential = "the names, addresses, telephone numbers, e-mail addresses and balances of customers"

    @cached_property
    def customer(self) -> Customer:
        return get_object_or_404(scoped(Customer.objects, self.actor), pk=self.kwargs["pk"])

    @property
    def title(self) -> str:  # type: ignore[override]
        return f"{self.words} {self.customer}"

    @cached_property
    def states(self) -> Any:  # type: ignore[override]
        return listing.states(clock.now())

    def crumbs(self) -> Any:
        here = (self.customer.code, self.customer.get_absolute_url())
        return (("Customers", reverse("customers:customer_list")), here)

    def get_queryset(self) -> Any:
        return listing.with_row(getattr(self.customer, self.related).all(), clock.now())

    def buttons(self) -> list[Button]:
        return [link_button(self.customer, self.link_name)]


def link_button(customer: Customer, name: str) -> Button:
    label = "Link sub-account" if name == "customer_sub_link" else "Link customer"
    url = reverse(f"customers:{name}", args=[customer.pk])
    return Button(label, url, "link", "primary", "customers.edit", modal=True)


class SubAccountList(LinkedList):
    table_class = SubAccountTable
    related, words, link_name = "sub_accounts", "Sub-accounts of", "customer_sub_link"
    empty_text = "Link the branches of a business here; they can be billed to this master account."


class ResoldList(LinkedList):
    table_class = ResoldTable
    related, words, link_name = "resold_customers", "Customers of reseller", "customer_resold_link"
    empty_text = "Link the customers this reseller brought."


class SubAccountLink(ActionPage):
    """Link a sub-account to the master account of the URL."""

    model = Customer
    permission = "customers.edit"
    title = "Link Sub-account"
    submit_label = "Link"
    submit_icon = "link"
    form_class = LinkSubForm

    def form_kwargs(self) -> dict[str, Any]:
        return {"initial": {"bill_all_to_master": self.object.bill_all_to_master}}

    def obstacles(self, obj: Customer) -> list[str]:
        if obj.is_master:
            return []
        return ["It is not a master account yet: Edit, Master, Is master account."]

    def consequences(self, obj: Customer) -> list[str]:
        pays = [f"Bill all to master is on here: {obj.code} is invoiced for all its sub-accounts."]
        return [
            "The sub-account keeps its code, data accounts, balance and portal login.",
            *(pays if obj.bill_all_to_master else []),
            "Invoices already issued stay with whom they were issued to.",
        ]

    def act(self, obj: Customer, form: Any, actor: User) -> Customer:
        sub, bill = form.cleaned_data["customer"], form.cleaned_data["bill_all_to_master"]
        linking.attach(sub, master=obj, bill_all_to_master=bill, now=clock.now(), actor=actor)
        sub.refresh_from_db()
        return sub

    def done(self, obj: Customer, result: Customer) -> str:
        return f"{result} is a sub-account of {obj.code}; {paying.payer(result).code} pays for it."

    def undo_url(self, obj: Customer, result: Customer) -> str:
        return reverse("customers:customer_relink", args=[result.pk])

    def success_url(self, obj: Customer, result: Any) -> str:
        return obj.get_absolute_url()


class ResoldLink(SubAccountLink):
    """Link a customer to the reseller of the URL."""

    title = "Link Customer"
    form_class = LinkResoldForm

    def form_kwargs(self) -> dict[str, Any]:
        return {}

    def obstacles(self, obj: Customer) -> list[str]:
        return [] if obj.is_reseller else ["It is not a reseller yet: Edit, Master, Is reseller."]

    def consequences(self, obj: Customer) -> list[str]:
        return [
            f"The portal logins of {obj.code} see this customer from now on.",
            "Who pays does not change.",
        ]

    def act(self, obj: Customer, form: Any, actor: User) -> Customer:
        found: Customer = form.cleaned_data["customer"]
        linking.attach(found, reseller=obj, now=clock.now(), actor=actor)
        return found

    def done(self, obj: Customer, result: Customer) -> str:
        return f"{result} belongs to the reseller {obj.code}."


class CustomerUnlink(ActionPage):
    """Take a sub-account from its master."""

    permission = "customers.edit"
    title = submit_label = "Unlink"
    submit_icon = "unlink"
    danger = True
    side: ClassVar[str] = "master"

    def get_queryset(self) -> Any:
        return Customer.objects.select_related("master", "reseller")

    def other(self, obj: Customer) -> Customer | None:
        found: Customer | None = getattr(obj, self.side)
        return found

    def obstacles(self, obj: Customer) -> list[str]:
        return [] if self.other(obj) else [f"{obj.code} is not linked to a {self.side}."]

    def consequences(self, obj: Customer) -> list[str]:
        master = obj.master
        if master is None:
            return []
        return [
            f"{obj.code} is no longer a sub-account of {master}.",
            f"From now on {obj.code} is invoiced for what it uses."
            if paying.payer(obj) == master
            else "Who pays does not change: it pays for itself already.",
            "Service goes on, and what was invoiced stays owed by whom it was issued to.",
        ]

    def act(self, obj: Customer, form: Any, actor: User) -> None:
        linking.detach(obj, self.side, clock.now(), actor=actor)

    def done(self, obj: Customer, result: Any) -> str:
        return f"{obj} is unlinked from {self.other(obj)}."

    def undo_url(self, obj: Customer, result: Any) -> str:
        return reverse("customers:customer_relink", args=[obj.pk])


class CustomerUnlinkReseller(CustomerUnlink):
    """Take a customer from its reseller."""

    side = "reseller"

    def consequences(self, obj: Customer) -> list[str]:
        if obj.reseller is None:
            return []
        return [
            f"{obj.code} no longer belongs to the reseller {obj.reseller}, whose logins stop seeing it.",
            "Who pays does not change.",
        ]


class CustomerRelink(ActionPage):
    """Take back the last change of a customer's links: what Undo posts to."""

    permission = "customers.edit"
    title = "Undo Linking"
    submit_label = "Undo"
    submit_icon = "arrow-back-up"

    def get_queryset(self) -> Any:
        return Customer.objects.select_related("master", "reseller")

    def obstacles(self, obj: Customer) -> list[str]:
        return (
            []
            if linking.last_change(obj)
            else ["Its links were changed again since: there is nothing to take back."]
        )

    def consequences(self, obj: Customer) -> list[str]:
        return ["Master and reseller are what they were before the last change.", "Issued invoices stay."]

    def act(self, obj: Customer, form: Any, actor: User) -> None:
        linking.take_back(obj, clock.now(), actor=actor)

    def done(self, obj: Customer, result: Any) -> str:
        return f"The links of {obj} are as they were."
