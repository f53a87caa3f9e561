"""Master accounts and resellers (EDT-19): one level, no circles; the only writer of those columns."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from customers.accounts.models import Customer
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Role, User

COLUMNS = ("is_master", "bill_all_to_master", "master", "is_reseller", "reseller")


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """How a customer stands to others."""

    is_master: bool = False
    bill_all_to_master: bool = False
    master: Customer | None = None
    is_reseller: bool = False
    reseller: Customer | None = None


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
    return None


def link(customer: Customer, links: Links, now: datetime, *, actor: User | None) -> None:
    """Store it, and give its portal logins the role that goes with it. Raises DomainError."""
    others = [other.pk for other in (links.master, links.reseller) if other is not None]
    with transaction.atomic():
        # In key order, so that two links at once wait for each other instead of making a circle.
        list(
            Customer.objects.select_for_update(no_key=True)
            .filter(pk__in=[customer.pk, *others])
            .order_by("pk")
        )
        row = Customer.objects.get(pk=customer.pk)
        fresh = Links(
            is_master=links.is_master,
            bill_all_to_master=links.bill_all_to_master,
            master=Customer.objects.get(pk=links.master.pk) if links.master else None,
            is_reseller=links.is_reseller,
            reseller=Customer.objects.get(pk=links.reseller.pk) if links.reseller else None,
        )
        because = refusal(row, fresh)
        if because:
            raise DomainError(because)
        changed = events.changes(
            {name: getattr(row, name) for name in COLUMNS}, {name: getattr(fresh, name) for name in COLUMNS}
        )
        if not changed:
            return
        for name in changed:
            setattr(row, name, getattr(fresh, name))
        row.save(update_fields=list(changed))
        role = Role.RESELLER if row.is_reseller else Role.CUSTOMER
        User.objects.filter(portal_login__customer=row).update(role=role)
        events.record("customer.edited", row, actor=actor, at=now, changes=changed)
