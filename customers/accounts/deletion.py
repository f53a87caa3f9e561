"""Deleting hides: access ends, codes, usernames and ledger stay, undelete brings all back (D-14)."""

from datetime import datetime

from django.db import transaction

from customers.accounts import gates
from customers.accounts.models import Customer, Gate, GateKind
from ispbilling.core import registries
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User


def refusals(customer: Customer, now: datetime) -> list[str]:
    """Why the customer cannot be deleted now: sub-accounts here, and what the apps above have against it."""
    own = []
    subs = customer.sub_accounts.not_deleted(now).count()
    if subs:
        own.append(
            f"It is the master account of {subs} sub-account{'s' if subs > 1 else ''}; unlink them first."
        )
    resold = customer.resold_customers.not_deleted(now).count()
    if resold:
        own.append(f"It is the reseller of {resold} customer{'s' if resold > 1 else ''}; move them first.")
    return own + registries.refusals("customer.delete", customer)


def delete(customer: Customer, now: datetime, *, actor: User | None, reason: str) -> Gate:
    """Hide the customer and end its access. Raises DomainError with every reason against it."""
    with transaction.atomic():
        reasons = refusals(customer, now)
        if reasons:
            raise DomainError(" ".join(reasons))
        return gates.close(customer, GateKind.DELETED, now, actor=actor, reason=reason)


def undelete(customer: Customer, now: datetime, *, actor: User | None) -> Gate:
    """Bring it back as it was; other gates stay closed. Raises DomainError while its group is deleted."""
    with transaction.atomic():
        if customer.group.deleted_at is not None:
            raise DomainError(f"Its group {customer.group} is deleted; restore the group first.")
        return gates.open_(customer, GateKind.DELETED, now, actor=actor)
