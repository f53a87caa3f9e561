"""The widgets customers put on their own profile: Account Details, Contacts, Suspension Details, Timeline."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse

from customers.accounts import positions
from customers.accounts.listing import MEANINGS
from customers.accounts.models import Customer, Gate, GateKind
from customers.profile.forms import masked
from customers.profile.timeline import entries, events_of
from ispbilling.core import clock
from ispbilling.core.parts import Attr, Button
from ispbilling.core.registries import Widget
from ispbilling.core.searching import holds

DETAILS = (
    Attr(lambda c: ", ".join(map(str, c.categories.all())), "Categories"),
    Attr(lambda c: ", ".join(map(str, c.labels.all())), "Labels"),
    Attr("group", "Customer Group"),
    Attr("billing_group", "Billing Group"),
    Attr("code", "Account Code", kind="mono"),
    Attr(lambda c: ", ".join(map(str, c.code_aliases.all())), "Former Codes"),
    Attr("external_id", "External ID", kind="mono"),
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
        reset = _url("customer_password_reset", self.obj)
        found.append(
            Button("Reset Password", reset, "mail-forward", permission="customers.password", modal=True)
        )
        if self.obj.id_number:
            reveal = _url("customer_id_number", self.obj)
            found.append(Button("Show ID", reveal, "eye", permission="customers.edit", modal=True))
        for label, name, icon in (
            ("Request Update", "customer_request_update", "user-edit"),
            ("Request Rating", "customer_request_rating", "star"),
        ):
            there = _url(name, self.obj)
            found.append(Button(label, there, icon, permission="customers.requests", modal=True))
        return found


class Contacts(Widget):
    name, title, icon = "contacts", "Contacts", "address-book"
    template_name = "customers/_contact_list.html"
    permission = "customers.view"
    column, weight = 1, 20

    #: So many are shown; when there are more, the widget has a search.
    most = 6

    def context(self) -> Mapping[str, Any]:
        text = self.request.GET.get("contact", "").strip()[:100]
        rows, count = self.obj.contacts.all(), self.obj.contacts.count()
        for word in text.split():
            rows = rows.filter(holds(rows, word, ("name", "email", "mobile", "more_emails", "more_mobiles")))
        shown = list(rows[: self.most])
        return {"contacts": shown, "count": count, "searchable": count > self.most, "text": text}

    def view_all(self) -> str:
        return _url("customer_contact_list", self.obj)

    def buttons(self) -> list[Button]:
        url = _url("customer_edit", self.obj) + "?tab=contacts"
        return [Button("Edit", url, "pencil", permission="customers.edit", modal=True)]


class SuspensionDetails(Widget):
    """What closes its access, what did, since when, by whom and why (PRO-10)."""

    name, title, icon = "suspension", "Suspension Details", "lock"
    template_name = "customers/_gates.html"
    permission = "customers.view"
    column, weight = 1, 40
    most = 5

    def context(self) -> Mapping[str, Any]:
        now = clock.now()
        rows = self.obj.gates.select_related("closed_by", "opened_by")[: self.most]
        return {"gates": [self.row(gate, now) for gate in rows]}

    def row(self, gate: Gate, now: datetime) -> dict[str, Any]:
        kind = GateKind(gate.kind)
        coming = gate.until is None and gate.since > now
        called_off = gate.until is not None and gate.until <= gate.since
        word = "Cancelling" if coming else f"{kind.label}, called off" if called_off else str(kind.label)
        by = f"by {gate.closed_by or 'System'}"
        if gate.until is not None:
            by += f", opened by {gate.opened_by or 'System'}"
        meaning = "off" if gate.until else "attention" if coming else MEANINGS[kind]
        return {
            "word": word,
            "coming": coming, "meaning": meaning, "since": gate.since, "until": gate.until,
            "reason": gate.reason, "by": by,
        }  # fmt: skip

    def buttons(self) -> list[Button]:
        kinds = set(self.obj.gates.standing().values_list("kind", flat=True))
        if GateKind.DELETED in kinds:
            return []
        label, name, icon = (
            ("Un-suspend", "customer_unsuspend", "player-play")
            if GateKind.SUSPENDED in kinds
            else ("Suspend Now", "customer_suspend", "player-pause")
        )
        return [Button(label, _url(name, self.obj), icon, permission="customers.suspend", modal=True)]

    def view_all(self) -> str:
        return _url("customer_gate_list", self.obj)


class Timeline(Widget):
    name, title, icon = "timeline", "Timeline", "history"
    template_name = "customers/_timeline.html"
    permission = "customers.view"
    column, weight = 3, 100
    most = 12

    def context(self) -> Mapping[str, Any]:
        events = events_of(self.obj).select_related("actor", "subject_type")[: self.most]
        return {"entries": entries(events)}

    def view_all(self) -> str:
        return _url("customer_timeline", self.obj)
