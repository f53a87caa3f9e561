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


def owing(customer: Customer) -> list[str]:
    """What is still open with the customer: against deleting it, unless an authorised person insists (D-14)."""
    return registries.refusals("customer.delete.owing", customer)


def delete(
    customer: Customer, now: datetime, *, actor: User | None, reason: str, despite_balance: bool = False
) -> Gate:
    """Hide the customer and end its access. Raises DomainError with every reason against it.

    `despite_balance` is for who holds `customers.delete_owing`: what is open then stays open in the ledger.
    """
    with transaction.atomic():
        # Nobody links a sub-account to it between the question and the answer.
        Customer.objects.select_for_update(no_key=True).only("pk").get(pk=customer.pk)
        reasons = refusals(customer, now) + ([] if despite_balance else owing(customer))
        if reasons:
            raise DomainError(" ".join(reasons))
        return gates.close(customer, GateKind.DELETED, now, actor=actor, reason=reason)


def obstacles_to_undelete(customer: Customer) -> list[str]:
    """Why it cannot come back now: its group is deleted, or what others have against it."""
    own = []
    if customer.group.deleted_at is not None:
        own.append(f"Its group {customer.group} is deleted; restore the group first.")
    return own + registries.refusals("customer.undelete", customer)


def undelete(customer: Customer, now: datetime, *, actor: User | None) -> Gate:
    """Bring it back as it was; other gates stay closed, also a cancellation that took effect meanwhile.

    Raises DomainError while its group is deleted or others refuse.
    """
    with transaction.atomic():
        reasons = obstacles_to_undelete(customer)
        if reasons:
            raise DomainError(" ".join(reasons))
        return gates.open_(customer, GateKind.DELETED, now, actor=actor)
