"""Master accounts and resellers (EDT-19): one level, no circles; the only writer of those columns."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from customers.accounts.models import Customer
from ispbilling.core import events, registries
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, Role, User

COLUMNS = ("is_master", "bill_all_to_master", "master", "is_reseller", "reseller")


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """How a customer stands to others."""

    is_master: bool = False
    bill_all_to_master: bool = False
    master: Customer | None = None
    is_reseller: bool = False
    reseller: Customer | None = None

    @classmethod
    def of(cls, customer: Customer) -> "Links":
        """As it is stored."""
        return cls(**{name: getattr(customer, name) for name in COLUMNS})


def refusal(customer: Customer, links: Links) -> str | None:
    """Why the customer cannot stand like that to others, or None."""
    if links.master is not None:
        if links.master.pk == customer.pk:
            return "A customer cannot be its own master account."
        if not links.master.is_master:
            return f"{links.master.code} is not a master account."
        if links.is_master:
            return "A master account cannot itself be a sub-account."
    if links.bill_all_to_master and links.master is None and not links.is_master:
        return "Bill all to master needs a master account."
    if links.reseller is not None:
        if links.reseller.pk == customer.pk:
            return "A customer cannot be its own reseller."
        if not links.reseller.is_reseller:
            return f"{links.reseller.code} is not a reseller."
        if links.is_reseller:
            return "A reseller cannot belong to another reseller."
    if not links.is_master and customer.sub_accounts.exists():
        return "It has sub-accounts; unlink them before it stops being a master account."
    if not links.is_reseller and customer.resold_customers.exists():
        return "It has customers as a reseller; move them before it stops being one."
    if customer.is_master and not links.is_master:
        return " ".join(registries.refusals("customer.unmark_master", customer)) or None
    return None


def link(customer: Customer, links: Links, now: datetime, *, actor: User | None) -> None:
    """Store it, and give its portal logins the role that goes with it. Raises DomainError."""
    with transaction.atomic():
        row = _locked(customer, links.master, links.reseller)
        fresh = replace(
            links,
            master=Customer.objects.get(pk=links.master.pk) if links.master else None,
            reseller=Customer.objects.get(pk=links.reseller.pk) if links.reseller else None,
        )
        because = refusal(row, fresh)
        if because:
            raise DomainError(because)
        before = Links.of(row)
        changed = events.changes(
            {name: getattr(before, name) for name in COLUMNS},
            {name: getattr(fresh, name) for name in COLUMNS},
        )
        if not changed:
            return
        for name in changed:
            setattr(row, name, getattr(fresh, name))
        row.save(update_fields=list(changed))
        role = Role.RESELLER if row.is_reseller else Role.CUSTOMER
        User.objects.filter(portal_login__customer=row).update(role=role)
        events.record(
            "customer.edited",
            row,
            actor=actor,
            at=now,
            changes=changed,
            links_before=_keys(before),
            links_after=_keys(fresh),
        )


def attach(
    customer: Customer,
    *,
    master: Customer | None = None,
    reseller: Customer | None = None,
    bill_all_to_master: bool = False,
    now: datetime,
    actor: User | None,
) -> None:
    """Make it a sub-account of `master`, or a customer of `reseller`. Raises DomainError when it has one."""
    with transaction.atomic():
        row = _locked(customer, master, reseller)
        links = Links.of(row)
        if master is not None:
            if links.master is not None:
                raise DomainError(
                    f"{row.code} is a sub-account of {links.master.code}; unlink it there first."
                )
            links = replace(links, master=master, bill_all_to_master=bill_all_to_master)
        if reseller is not None:
            if links.reseller is not None:
                raise DomainError(f"{row.code} belongs to {links.reseller.code}; unlink it there first.")
            links = replace(links, reseller=reseller)
        link(row, links, now, actor=actor)


def detach(customer: Customer, side: str, now: datetime, *, actor: User | None) -> None:
    """Take it from its master or its reseller (`side`). Raises DomainError when it has none."""
    with transaction.atomic():
        row = _locked(customer)
        if getattr(row, side) is None:
            raise DomainError(f"{row.code} is not linked any more; reload the page.")
        changes: dict[str, Any] = {side: None}
        if side == "master":
            changes["bill_all_to_master"] = False
        link(row, replace(Links.of(row), **changes), now, actor=actor)


def last_change(customer: Customer) -> Event | None:
    """The last change of its links that still stands: what Undo would take back."""
    event = Event.objects.of(customer).filter(kind="customer.edited", data__has_key="links_before").first()
    stands = event is not None and event.data["links_after"] == _keys(Links.of(customer))
    return event if stands else None


def take_back(customer: Customer, now: datetime, *, actor: User | None) -> None:
    """Undo the last change of its links. Raises DomainError when they were changed again since."""
    with transaction.atomic():
        row = _locked(customer)
        event = last_change(row)
        if event is None:
            raise DomainError(f"The links of {row.code} were changed again since; nothing was undone.")
        former = dict(event.data["links_before"])
        for side in ("master", "reseller"):
            former[side] = Customer.objects.filter(pk=former[side]).first() if former[side] else None
        link(row, Links(**former), now, actor=actor)


def _locked(customer: Customer, *others: Customer | None) -> Customer:
    """The row as it is now, locked with those it is or will be linked to.

    In key order, so that two links at once wait for each other instead of making a circle or a deadlock.
    """
    known = Customer.objects.values_list("pk", "master_id", "reseller_id").get(pk=customer.pk)
    keys = {key for key in known if key} | {other.pk for other in others if other is not None}
    list(Customer.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk"))
    return Customer.objects.select_related("master", "reseller").get(pk=customer.pk)


def _keys(links: Links) -> dict[str, Any]:
    """The links as plain values, customers by their keys."""
    values = {name: getattr(links, name) for name in COLUMNS}
    return {name: value.pk if isinstance(value, Customer) else value for name, value in values.items()}
