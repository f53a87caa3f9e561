"""The sub-accounts of a master and the customers of a reseller, on their profile (EDT-19, features 2.4)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import Sum
from django.urls import reverse

from customers.accounts import listing
from customers.accounts.models import Customer
from customers.relations import paying
from customers.relations.tables import unlink_button
from customers.relations.views import link_button
from ispbilling.core import access, clock
from ispbilling.core.parts import Button
from ispbilling.core.registries import Widget

MOST = 8


class SubAccounts(Widget):
    """Each with state, balance and data accounts, and who pays for it."""

    name, title, icon = "sub_accounts", "Sub-accounts", "sitemap"
    template_name = "customers/_linked.html"
    permission = "customers.view"
    column, weight = 1, 25
    related: ClassVar[str] = "sub_accounts"
    link_name: ClassVar[str] = "customer_sub_link"
    unlink_name: ClassVar[str] = "customer_unlink"
    list_name: ClassVar[str] = "customer_sub_list"
    empty: ClassVar[str] = "No sub-account is linked yet."

    def shown(self) -> bool:
        return bool(self.obj.is_master)

    def context(self) -> Mapping[str, Any]:
        now = clock.now()
        rows = getattr(self.obj, self.related).not_deleted(now).order_by("code")
        shown = listing.with_row(rows, now).select_related("master")[:MOST]
        may_edit = access.may(self.request.user, "customers.edit")
        total = rows.aggregate(total=Sum("balance_row__amount"))["total"] or Decimal("0.00")
        return {
            "rows": [self.row(row, may_edit) for row in shown],
            "count": rows.count(),
            "total": total,
            "empty": self.empty,
        }

    def row(self, customer: Any, may_edit: bool) -> dict[str, Any]:
        return {
            "customer": customer,
            "words": listing.status(customer),
            "balance": listing.balance(customer),
            "lines": customer.line_count,
            "paid_here": self.paid_here(customer),
            "unlink": unlink_button(customer, self.unlink_name) if may_edit else None,
        }

    def paid_here(self, customer: Customer) -> bool:
        return paying.payer(customer).pk == self.obj.pk

    def buttons(self) -> list[Button]:
        return [link_button(self.obj, self.link_name)]

    def view_all(self) -> str:
        return reverse(f"customers:{self.list_name}", args=[self.obj.pk])


class ResoldCustomers(SubAccounts):
    """The same for the customers a reseller brought."""

    name, title, icon = "resold_customers", "Reseller's Customers", "users-group"
    weight = 26
    related = "resold_customers"
    link_name = "customer_resold_link"
    unlink_name = "customer_unlink_reseller"
    list_name = "customer_resold_list"
    empty = "No customer is linked to this reseller yet."

    def shown(self) -> bool:
        return bool(self.obj.is_reseller)
