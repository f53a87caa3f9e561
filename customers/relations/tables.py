"""The sub-accounts of a master and the customers of a reseller."""

from typing import Any

from django.urls import reverse

from customers.accounts.tables import CustomerTable
from ispbilling.core.parts import Button
from ispbilling.core.tables import ActionsColumn

COLUMNS = ("code", "name", "data_accounts", "status", "balance")


def unlink_button(customer: Any, name: str) -> Button:
    url = reverse(f"customers:{name}", args=[customer.pk])
    return Button("Unlink", url, "unlink", permission="customers.edit", modal=True)


def _buttons(customer: Any, name: str) -> list[Button]:
    profile = Button("Profile", customer.get_absolute_url(), "user", "dark")
    return [profile, unlink_button(customer, name)]


class SubAccountTable(CustomerTable):
    actions = ActionsColumn(lambda customer: _buttons(customer, "customer_unlink"))
    default_columns = COLUMNS


class ResoldTable(CustomerTable):
    actions = ActionsColumn(lambda customer: _buttons(customer, "customer_unlink_reseller"))
    default_columns = COLUMNS
