"""What a batch collects from one payer, or why it collects nothing. Pure."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.debiting.models import MandateState
from ispbilling.core.money import ZERO, format_money


@dataclass(frozen=True, slots=True)
class Terms:
    """What the settings say."""

    smallest: Decimal
    collect_part: bool


@dataclass(frozen=True, slots=True)
class Authority:
    """What is decided from a mandate."""

    key: int
    state: MandateState
    reason: str
    valid_from: date
    valid_until: date | None
    maximum: Decimal | None


@dataclass(frozen=True, slots=True)
class Payer:
    """What is known of a payer. `due` is open and due by the action day, `in_flight` what other rows ask already;
    `batch` names the batch of a live row of its own."""

    key: int
    due: Decimal
    in_flight: Decimal = ZERO
    batch: str = ""
    deleted: bool = False
    authority: Authority | None = None


@dataclass(frozen=True, slots=True)
class Collect:
    """Ask so much; `note` says why it is less than what is due."""

    amount: Decimal
    note: str = ""


@dataclass(frozen=True, slots=True)
class LeaveOut:
    reason: str


def decide(payer: Payer, on: date, terms: Terms) -> Collect | LeaveOut:
    """What to collect from the payer on that day.

    Never more than what is due less what is in flight, nor than the mandate allows.
    """
    if payer.deleted:
        return LeaveOut("The customer is deleted")
    if payer.batch:
        return LeaveOut(f"Being collected with {payer.batch} already")
    refusal = _against(payer.authority, on)
    if refusal or payer.authority is None:
        return LeaveOut(refusal or "No mandate")
    due = max(payer.due - payer.in_flight, ZERO)
    if not due:
        return LeaveOut("Being collected already" if payer.due else f"Nothing due by {on}")
    if due < terms.smallest:
        return LeaveOut(f"{format_money(due)} is less than the smallest collection")
    most = payer.authority.maximum
    if most is None or due <= most:
        return Collect(due, f"{format_money(payer.in_flight)} is being collected" if payer.in_flight else "")
    if not terms.collect_part:
        return LeaveOut(f"More is due than the mandate allows ({format_money(most)})")
    if most < terms.smallest:
        return LeaveOut(f"The mandate allows {format_money(most)}, less than the smallest collection")
    return Collect(most, f"The mandate allows {format_money(most)} of {format_money(due)}")


def _against(authority: Authority | None, on: date) -> str:
    """Why the mandate does not serve on that day."""
    if authority is None:
        return "No mandate"
    if authority.state == MandateState.PAUSED:
        return f"The mandate is paused: {authority.reason}"[:200]
    if authority.state != MandateState.ACTIVE:
        return "The mandate is cancelled"
    if on < authority.valid_from:
        return f"The mandate is valid from {authority.valid_from}"
    if authority.valid_until is not None and on > authority.valid_until:
        return f"The mandate was valid until {authority.valid_until}"
    return ""
