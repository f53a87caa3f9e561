"""The customers with what a row of the list shows, so that a page of them costs the same at any size."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    FilteredRelation,
    IntegerField,
    Max,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, NullIf

from customers.accounts.models import Contact, Customer, Gate, GateKind
from ispbilling.core.parts import State

#: How each state is called and coloured; the first that applies greys the row.
MEANINGS = {
    GateKind.DELETED: "off",
    GateKind.CANCELLED: "off",
    GateKind.DISABLED: "off",
    GateKind.SUSPENDED: "stopped",
}


def with_row(customers: QuerySet[Customer], now: datetime) -> QuerySet[Customer]:
    """The customers with group, tags, primary contact, closed gates, balance and data accounts.

    The last two are read through the reverse names of higher apps, which own them.
    """
    data_account = Customer._meta.get_field("data_accounts").related_model
    mine = data_account.objects.filter(customer=OuterRef("pk")).order_by()
    lines = mine.values("customer").annotate(count=Count("pk"))
    return (
        customers.select_related("group", "billing_group", "balance_row", "high_site", "master", "reseller")
        .prefetch_related(
            "categories",
            "labels",
            Prefetch("contacts", Contact.objects.filter(primary=True), to_attr="primary_contacts"),
            Prefetch("gates", Gate.objects.closing(now), to_attr="closed_gates"),
        )
        .annotate(line_count=Coalesce(Subquery(lines.values("count")), 0))
        .defer("id_number")
    )


ZERO = Decimal("0.00")


def by_balance(customers: QuerySet[Customer], *, descending: bool) -> QuerySet[Customer]:
    """Whoever has no balance yet stands at zero."""
    owed = Coalesce("balance_row__amount", Value(ZERO))
    return customers.order_by(owed.desc() if descending else owed.asc())


def ends_of_balance(customers: QuerySet[Customer], *, descending: bool) -> QuerySet[Customer]:
    """Where that order begins: who owes most, or is most in credit, as the index on the amount has them."""
    amount = F("balance_row__amount")
    if descending:
        return customers.filter(balance_row__amount__gt=0).order_by(amount.desc(), "pk")
    return customers.filter(balance_row__amount__lt=0).order_by(amount.asc(), "pk")


def by_lines(customers: QuerySet[Customer], *, descending: bool) -> QuerySet[Customer]:
    """By how many data accounts they have."""
    rows = customers.annotate(how_many=Count("data_accounts"))
    return rows.order_by(F("how_many").desc() if descending else F("how_many").asc())


def by_contact(customers: QuerySet[Customer], column: str, *, descending: bool) -> QuerySet[Customer]:
    """By a column of the primary contact; the telephone number of the customer goes before a mobile number."""
    primary = FilteredRelation("contacts", condition=Q(contacts__primary=True))
    what: Any = Coalesce(F(f"the_contact__{column}"), Value(""), output_field=CharField())
    if column == "phone":
        own = NullIf(F("phone"), Value(""))
        what = Coalesce(own, F("the_contact__mobile"), Value(""), output_field=CharField())
    rows = customers.alias(the_contact=primary)
    return rows.order_by(what.desc() if descending else what.asc())


def by_status(customers: QuerySet[Customer], now: datetime, *, descending: bool) -> QuerySet[Customer]:
    """Active ones, VIP among them last, then suspended, disabled, cancelled and deleted ones."""
    shut = FilteredRelation(
        "gates",
        condition=Q(gates__since__lte=now) & (Q(gates__until__isnull=True) | Q(gates__until__gt=now)),
    )
    ranks = [When(shut__kind=kind, then=rank) for rank, kind in enumerate(reversed(MEANINGS), 2)]
    vip = Case(When(Q(vip=True) | Q(group__vip=True), then=1), default=0)
    worst = Coalesce(Max(Case(*ranks, output_field=IntegerField())), 0)
    rows = customers.alias(shut=shut).annotate(worst=worst, vip_rank=vip)
    return rows.order_by(*(("-worst", "-vip_rank") if descending else ("worst", "vip_rank")))


def balance(customer: Any) -> Decimal:
    """What a row made by `with_row` owes; nothing was ever posted where there is no balance yet."""
    row = getattr(customer, "balance_row", None)
    return row.amount if row is not None else ZERO


def states(now: datetime) -> tuple[State, ...]:
    """The state filter of the list (LST-6): Normal is whoever is not deleted."""

    def closed(kind: GateKind) -> Q:
        # EXISTS and not IN: only so does PostgreSQL still walk an index in the asked order and stop early.
        return Q(Exists(Gate.objects.closing(now).filter(kind=kind, customer=OuterRef("pk"))))

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
