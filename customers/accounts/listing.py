"""The customers with what a row of the list shows, so that a page of them costs the same at any size."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from customers.accounts.models import Contact, Customer, Gate, GateKind
from ispbilling.core.parts import State

#: How each state is called and coloured; the first that applies greys the row.
MEANINGS = {
    GateKind.DELETED: "off",
    GateKind.CANCELLED: "off",
    GateKind.SUSPENDED: "stopped",
    GateKind.DISABLED: "off",
}


def with_row(customers: QuerySet[Customer], now: datetime) -> QuerySet[Customer]:
    """The customers with group, tags, primary contact, closed gates, balance and data accounts.

    The last two are read through the reverse names of higher apps, which own them.
    """
    data_account = Customer._meta.get_field("data_accounts").related_model
    return (
        customers.select_related("group", "billing_group", "balance_row")
        .prefetch_related(
            "categories",
            "labels",
            Prefetch("contacts", Contact.objects.filter(primary=True), to_attr="primary_contacts"),
            Prefetch("gates", Gate.objects.closing(now), to_attr="closed_gates"),
            Prefetch("data_accounts", data_account.objects.only("customer"), to_attr="lines"),
        )
        .defer("id_number")
    )


def balance(customer: Any) -> Decimal:
    """What a row made by `with_row` owes; nothing was ever posted where there is no balance yet."""
    row = getattr(customer, "balance_row", None)
    return row.amount if row is not None else Decimal("0.00")


def states(now: datetime) -> tuple[State, ...]:
    """The state filter of the list (LST-6): Normal is whoever is not deleted."""

    def closed(kind: GateKind) -> Q:
        return Q(pk__in=Gate.objects.closing(now).filter(kind=kind).values("customer"))

    alive = ~closed(GateKind.DELETED)
    return (
        State("normal", "Normal", alive),
        State("disabled", "Disabled", closed(GateKind.DISABLED) & alive),
        State("suspended", "Suspended", closed(GateKind.SUSPENDED) & alive),
        State("cancelled", "Cancelled", closed(GateKind.CANCELLED) & alive),
        State("deleted", "Deleted", closed(GateKind.DELETED), "deleted"),
    )


def primary(customer: Any) -> Contact | None:
    """The primary contact of a row made by `with_row`."""
    return customer.primary_contacts[0] if customer.primary_contacts else None


def status(customer: Any) -> list[tuple[str, str]]:
    """(word, meaning) of each closed gate of a row made by `with_row`; none for an active customer."""
    kinds = {gate.kind for gate in customer.closed_gates}
    return [(kind.label, meaning) for kind, meaning in MEANINGS.items() if kind in kinds]
