"""The widgets customers put on their own profile: Account Details, Contacts, Timeline."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from customers.accounts import positions
from customers.accounts.models import Customer
from customers.profile.forms import masked
from customers.profile.timeline import entries
from ispbilling.core.models import Event
from ispbilling.core.parts import Attr, Button
from ispbilling.core.registries import Widget

DETAILS = (
    Attr(lambda c: ", ".join(map(str, c.categories.all())), "Categories"),
    Attr(lambda c: ", ".join(map(str, c.labels.all())), "Labels"),
    Attr("group", "Customer Group"),
    Attr("billing_group", "Billing Group"),
    Attr("code", "Account Code", kind="mono"),
    Attr(lambda c: ", ".join(map(str, c.code_aliases.all())), "Former Codes"),
    Attr("type", "Customer Type"),
    Attr(lambda c: masked(c.id_number), "ID Number"),
    Attr("vat_number", "VAT Number"),
    Attr(lambda c: getattr(_primary(c), "name", ""), "Primary Contact Name"),
    Attr(lambda c: c.phone or getattr(_primary(c), "mobile", ""), "Primary Contact Tel", kind="phone"),
    Attr(lambda c: getattr(_primary(c), "email", ""), "Primary Contact Email", kind="email"),
    Attr("physical_address", "Physical Address", kind="lines"),
    Attr(lambda c: positions.show(c.latitude, c.longitude), "GPS Position"),
    Attr("postal_address", "Postal Address", kind="lines"),
    Attr("high_site", "High Site"),
    Attr("master", "Master Account", kind="link"),
    Attr("reseller", "Reseller", kind="link"),
    Attr(lambda c: ", ".join(map(str, c.portal_logins.select_related("user"))), "Client Portal Username"),
)
#: Shown even when empty, because their absence says something (PRO-5).
ALWAYS = frozenset(
    {"Categories", "Customer Group", "Account Code", "Primary Contact Name", "Physical Address"}
    | {"ID Number", "Primary Contact Tel", "Client Portal Username"}
)


def _primary(customer: Customer) -> Any:
    return next((contact for contact in customer.contacts.all() if contact.primary), None)


def _url(name: str, customer: Customer) -> str:
    return reverse(f"customers:{name}", args=[customer.pk])


class AccountDetails(Widget):
    name, title, icon = "account", "Account Details", "id"
    template_name = "customers/_attributes.html"
    permission = "customers.view"
    column, weight = 1, 10

    def context(self) -> Mapping[str, Any]:
        def has(line: Attr) -> bool:
            value = line.path(self.obj) if callable(line.path) else getattr(self.obj, line.path)
            return bool(value) or line.label in ALWAYS

        return {"lines": [line for line in DETAILS if has(line)]}

    def buttons(self) -> list[Button]:
        found = [
            Button("Edit", _url("customer_edit", self.obj), "pencil", permission="customers.edit", modal=True)
        ]
        if self.obj.id_number:
            reveal = _url("customer_id_number", self.obj)
            found.append(Button("Show ID", reveal, "eye", permission="customers.edit", modal=True))
        return found


class Contacts(Widget):
    name, title, icon = "contacts", "Contacts", "address-book"
    template_name = "customers/_contact_list.html"
    permission = "customers.view"
    column, weight = 1, 20

    def context(self) -> Mapping[str, Any]:
        return {"contacts": list(self.obj.contacts.all())}

    def buttons(self) -> list[Button]:
        url = _url("customer_edit", self.obj) + "?tab=contacts"
        return [Button("Edit", url, "pencil", permission="customers.edit", modal=True)]


class Timeline(Widget):
    name, title, icon = "timeline", "Timeline", "history"
    template_name = "customers/_timeline.html"
    permission = "customers.view"
    column, weight = 3, 100
    most = 12

    def context(self) -> Mapping[str, Any]:
        events = Event.objects.about(self.obj).select_related("actor", "subject_type")[: self.most]
        return {"entries": entries(events)}

    def view_all(self) -> str:
        return _url("customer_timeline", self.obj)
