"""The gates of a customer: the only writer of `Gate`.

Four independent kinds close access (disabled, deleted, suspended, cancelled); each has since, until, a reason
and an actor, and opening one never opens another (D-2). Nothing here talks to the network: the decision of
RADIUS reads the rows, and live sessions are brought in line from there.
"""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import transaction

from customers.accounts.models import Customer, Gate, GateKind
from ispbilling.core import events, registries
from ispbilling.core.clock import day_end, local_day
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User

#: What a customer is called when several gates are closed.
WORST_FIRST = (GateKind.DELETED, GateKind.CANCELLED, GateKind.SUSPENDED, GateKind.DISABLED)
_CLOSED = {
    GateKind.DISABLED: "customer.disabled",
    GateKind.DELETED: "customer.deleted",
    GateKind.SUSPENDED: "customer.suspended",
    GateKind.CANCELLED: "customer.cancellation_set",
}
_OPENED = {
    GateKind.DISABLED: "customer.enabled",
    GateKind.DELETED: "customer.undeleted",
    GateKind.SUSPENDED: "customer.unsuspended",
    GateKind.CANCELLED: "customer.cancellation_cleared",
}


#: Under these names a higher app registers a guard when its workflow decides instead of a person (LIF-9).
BY_HAND = {GateKind.SUSPENDED: "customer.suspend", GateKind.CANCELLED: "customer.cancel"}


def taken_over(customer: Customer, kind: GateKind) -> list[str]:
    """Why nobody closes this gate by hand: the sentences of the workflows that are on and have the customer."""
    return registries.refusals(BY_HAND[kind], customer)


def refuse_taken_over(customer: Customer, kind: GateKind) -> None:
    """Raise DomainError when a workflow decides about this gate."""
    if reasons := taken_over(customer, kind):
        raise DomainError(" ".join(reasons))


def close(
    customer: Customer,
    kind: GateKind,
    now: datetime,
    *,
    actor: User | None,
    reason: str = "",
    since: datetime | None = None,
) -> Gate:
    """Close one gate from `since` (default now) on. Raises DomainError when it is closed already."""
    with transaction.atomic():
        _lock(customer)
        if customer.gates.standing().filter(kind=kind).exists():
            raise DomainError(
                f"{customer.code} is already {kind.label.lower()}; reload the page to see since when."
            )
        gate = Gate.objects.create(
            customer=customer, kind=kind, since=since or now, reason=reason.strip()[:300], closed_by=actor
        )
        last_day = gate.last_day if kind == GateKind.CANCELLED else None
        events.record(_CLOSED[kind], customer, actor=actor, at=now, reason=gate.reason, last_day=last_day)
    return gate


def open_(customer: Customer, kind: GateKind, now: datetime, *, actor: User | None, reason: str = "") -> Gate:
    """Open the gate again. Raises DomainError when it is not closed."""
    with transaction.atomic():
        _lock(customer)
        gate = customer.gates.standing().filter(kind=kind).first()
        if gate is None:
            raise DomainError(f"{customer.code} is not {kind.label.lower()}; reload the page.")
        # A gate that was to close in the future never closed: it ends where it would have begun.
        gate.until = max(now, gate.since)
        gate.opened_by = actor
        gate.save(update_fields=["until", "opened_by"])
        events.record(_OPENED[kind], customer, actor=actor, at=now, reason=reason)
    return gate


def cancel(customer: Customer, last_day: date, now: datetime, *, actor: User | None, reason: str) -> Gate:
    """Set (or move) the last day of service; access ends at the following midnight (D-9, D-10).

    Raises DomainError for a day that has passed: its service was used and billed.
    """
    if last_day < local_day(now):
        raise DomainError("The cancellation date has passed; pick today or a later day.")
    with transaction.atomic():
        _lock(customer)
        if customer.gates.standing().filter(kind=GateKind.CANCELLED).exists():
            open_(customer, GateKind.CANCELLED, now, actor=actor, reason="date changed")
        return close(customer, GateKind.CANCELLED, now, actor=actor, reason=reason, since=day_end(last_day))


def close_again(customer: Customer, kind: GateKind, now: datetime, *, actor: User | None) -> Gate:
    """Take back the last opening, or the last move of a cancellation: closed as it was, for the same reason.

    A cancellation gets its former last day back, even one that has passed; the other kinds close from now on.
    Raises DomainError when there is nothing to take back, or somebody closed the gate meanwhile.
    """
    with transaction.atomic():
        _lock(customer)
        last = customer.gates.filter(kind=kind, until__isnull=False).order_by("-id").first()
        standing = customer.gates.standing().filter(kind=kind).exists()
        if last is None or (standing and kind != GateKind.CANCELLED):
            state = f"already {kind.label.lower()}" if standing else f"was never {kind.label.lower()}"
            raise DomainError(
                f"There is nothing to undo: {customer.code} {'is ' if standing else ''}{state}."
            )
        if standing:
            open_(customer, kind, now, actor=actor, reason="undone")
        since = last.since if kind == GateKind.CANCELLED else now
        return close(customer, kind, now, actor=actor, reason=last.reason, since=since)


def closed(gates: Iterable[Gate], now: datetime) -> list[Gate]:
    """Those of the rows that are closed at `now` (for rows already fetched)."""
    return [gate for gate in gates if gate.since <= now and (gate.until is None or gate.until > now)]


def state_sentence(gates: Iterable[Gate], now: datetime) -> str:
    """The customer's state in one sentence, worst first: what the profile's header says."""
    standing = list(gates)
    for kind in WORST_FIRST:
        for gate in closed(standing, now):
            if gate.kind == kind:
                because = f": {gate.reason}" if gate.reason else ""
                return f"{kind.label} since {local_day(gate.since)}{because}"
    for gate in standing:
        if gate.kind == GateKind.CANCELLED and gate.until is None and gate.since > now:
            return f"Active; last day of service {gate.last_day}"
    return "Active"


def _lock(customer: Customer) -> None:
    """One act at a time on a customer's gates."""
    Customer.objects.select_for_update(no_key=True).only("pk").get(pk=customer.pk)
