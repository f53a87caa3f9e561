"""What is wrong with a customer's service, and how to get it back, in the customer's words.

Staff's own reasons stay inside: they are notes, not messages.
"""

from datetime import datetime
from decimal import Decimal

from customers.accounts.models import GateKind
from customers.models import Customer
from ispbilling.core.clock import local_day
from ispbilling.core.money import format_money
from radius.accounts.states import RadiusStatus

#: A data account's state in one word.
WORDS = {
    RadiusStatus.CANCELLED: "Ended",
    RadiusStatus.DISABLED: "Switched off",
    RadiusStatus.SUSPENDED: "Suspended",
    RadiusStatus.BLOCKED: "Blocked",
    RadiusStatus.NOT_STARTED: "Not started",
    RadiusStatus.REJECTED: "Not available",
    RadiusStatus.PREPAID_EMPTY: "No data left",
    RadiusStatus.CAPPED: "Data used up",
    RadiusStatus.TOPUP: "On top-up",
    RadiusStatus.DEFAULT: "Working",
}


def sentences(customer: Customer, owed: Decimal, now: datetime) -> list[str]:
    """What the customer must know about the state of the service, worst first; nothing when all is well."""
    gates = {gate.kind: gate for gate in customer.gates.standing()}
    found = []
    cancelled = gates.get(GateKind.CANCELLED)
    if cancelled and cancelled.since <= now:
        found.append(
            f"Your service ended: {cancelled.last_day} was its last day. Contact us to start it again."
        )
    if GateKind.SUSPENDED in gates:
        since = local_day(gates[GateKind.SUSPENDED].since)
        back = (
            f"Pay {format_money(owed)} with reference {customer.code} and tell us, to get it back."
            if owed > 0
            else "Contact us to get it back."
        )
        found.append(f"Your service is suspended since {since}. {back}")
    if GateKind.DISABLED in gates or not customer.group.enabled:
        found.append("Your service is switched off. Contact us to get it back.")
    if cancelled and cancelled.since > now:
        found.append(
            f"Your service ends on {cancelled.last_day}: that is its last day. Contact us to keep it."
        )
    return found
