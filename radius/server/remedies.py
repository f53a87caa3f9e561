"""Where the fact behind a gate is kept, and what opens the gate again."""

from collections.abc import Mapping
from typing import NamedTuple

from django.urls import reverse

from ispbilling.core.parts import Button
from radius.accounts.models import DataAccount
from radius.catalogue.models import Package
from radius.policy.subscriber import Subscriber

LINES, CATALOGUE = "radius.accounts.edit", "radius.catalogue.edit"


class Remedy(NamedTuple):
    """The act that opens a gate: its URL and whose id that takes."""

    label: str
    url_name: str
    of: str
    permission: str


_EDIT = Remedy("Edit Data Account", "radius:data_account_edit", "account", LINES)
_SECRET = Remedy("New Password", "radius:data_account_secret", "account", LINES)

REMEDIES: dict[str, Remedy] = {
    "password": _SECRET,
    "secret": _SECRET,
    "facts": _EDIT,
    "deleted": Remedy("Undelete Customer", "customers:customer_undelete", "customer", "customers.delete"),
    "group": Remedy("Edit Group", "groups:group_edit", "group", "groups.edit"),
    "disabled": Remedy("Enable Customer", "customers:customer_enable", "customer", "customers.disable"),
    "cancelled": Remedy(
        "Clear Cancellation", "customers:customer_cancel_clear", "customer", "customers.suspend"
    ),
    "account": Remedy("Last Day", "radius:data_account_end", "account", LINES),
    "first day": _EDIT,
    "suspended": Remedy(
        "Unsuspend Customer", "customers:customer_unsuspend", "customer", "customers.suspend"
    ),
    "blocked": Remedy("Unblock", "radius:data_account_unblock", "account", LINES),
    "service": Remedy("Edit Service", "radius:service_edit", "service", CATALOGUE),
    "service expiry": Remedy("Edit Service", "radius:service_edit", "service", CATALOGUE),
    "time band": Remedy("Edit Service", "radius:service_edit", "service", CATALOGUE),
    "time limit": Remedy("Edit Service", "radius:service_edit", "service", CATALOGUE),
    "prepaid": _EDIT,
    "cap": _EDIT,
    "MAC lock": _EDIT,
    "NAS lock": _EDIT,
    "port lock": _EDIT,
    "simultaneous use": Remedy("Edit Package", "radius:package_edit", "package", CATALOGUE),
}


def ids(subscriber: Subscriber) -> dict[str, int]:
    """Whose facts decide about the line, by kind; what is gone since is left out."""
    package = Package.objects.filter(pk=subscriber.terms.package_id).first()
    known = {"customer": subscriber.customer_id, "group": subscriber.group_id}
    if DataAccount.objects.filter(pk=subscriber.account_id).exists():
        known["account"] = subscriber.account_id
    return known if package is None else {**known, "package": package.pk, "service": package.service_id}


def remedy(gate: str, known: Mapping[str, int]) -> Button | None:
    """The button that opens a closed gate; None where nothing of ours does."""
    found = REMEDIES.get(gate)
    if found is None or found.of not in known:
        return None
    url = reverse(found.url_name, args=[known[found.of]])
    return Button(found.label, url, "pencil", permission=found.permission, modal=True)
