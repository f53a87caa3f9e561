"""The only writer of mandates: add, correct, pause, resume, cancel, restore, and showing the account number."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing.debiting.models import LIVE, DebitRow, Mandate, MandateState
from customers.models import Customer
from ispbilling.core import events
from ispbilling.core.clock import local_day
from ispbilling.core.errors import DomainError
from ispbilling.core.meanwhile import HIDDEN, refuse_if_changed
from ispbilling.core.models import User

#: Universal branch codes, which serve every branch of a bank.
BANKS = {
    "ABSA": "632005",
    "African Bank": "430000",
    "Bidvest Bank": "462005",
    "Capitec": "470010",
    "Discovery Bank": "679000",
    "FNB": "250655",
    "Investec": "580105",
    "Nedbank": "198765",
    "Standard Bank": "051001",
    "TymeBank": "678910",
}
#: How many digits an account number has.
DIGITS = range(5, 12)
ACCOUNT_NUMBER = f"An account number has {DIGITS[0]} to {DIGITS[-1]} digits and nothing else."
_LONGEST = 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What a mandate says. An empty account number keeps the stored one."""

    reference: str
    holder: str
    bank: str
    branch_code: str
    account_number: str
    account_type: str
    signed_on: date
    valid_from: date
    valid_until: date | None = None
    maximum: Decimal | None = None


def propose_reference(customer: Customer) -> str:
    """A reference nobody has: the account code, made long enough, with a number when it was used before."""
    stem = customer.code if len(customer.code) > 4 else f"{customer.code}-DO"
    taken = {one.upper() for one in Mandate.objects.filter(reference__istartswith=stem[:-1]).values_list(
        "reference", flat=True)}  # fmt: skip
    found, number = stem, 1
    while found in taken:
        number += 1
        found = f"{stem[: _LONGEST - len(str(number)) - 1]}-{number}"
    return found


def is_account_number(text: str) -> bool:
    """Whether it can be one; the bank alone knows whether it is."""
    return text.isascii() and text.isdigit() and len(text) in DIGITS and int(text) > 0


def add(customer: Customer, details: Details, now: datetime, *, actor: User | None) -> Mandate:
    """Write down a mandate that the customer signed.

    Raises DomainError for a deleted customer, one with a standing mandate, an account number that is none, or a
    signature to come.
    """
    with transaction.atomic():
        payer = _locked_customer(customer, now)
        _check(details, now)
        if not details.account_number:
            raise DomainError("The account number is missing.")
        if standing := Mandate.objects.standing().filter(customer=payer).first():
            raise DomainError(f"{payer.code} has the mandate {standing} already; cancel that first.")
        _check_reference(details.reference)
        made = Mandate.objects.create(customer=payer, created_at=now, **_columns(details))
        events.record("mandate.added", made, actor=actor, about=payer, at=now, account=made.account)
    return made


def correct(
    mandate: Mandate, details: Details, now: datetime, *, actor: User | None, seen: int | None = None
) -> Mandate:
    """Correct what a standing mandate says; files that were made keep what they had. As `add` otherwise.

    Raises ChangedMeanwhile when it was corrected after `seen` (`core.meanwhile`).
    """
    with transaction.atomic():
        row = _locked(mandate, MandateState.ACTIVE, MandateState.PAUSED)
        refuse_if_changed(row, seen, "mandate.changed")
        _check(details, now)
        if details.reference != row.reference:
            _check_reference(details.reference)
        columns = _columns(details)
        changed = {
            name: value for name, value in columns.items()
            if name != "account_number" and getattr(row, name) != value
        }  # fmt: skip
        told = events.changes({name: getattr(row, name) for name in changed}, changed)
        if columns.get("account_number", row.account_number) != row.account_number:
            changed["account_number"] = columns["account_number"]
            told["account_number"] = [HIDDEN, HIDDEN]
        if not changed:
            return row
        for name, value in changed.items():
            setattr(row, name, value)
        row.save(update_fields=list(changed))
        events.record("mandate.changed", row, actor=actor, about=row.customer, at=now, changes=told)
    return row


def pause(mandate: Mandate, reason: str, now: datetime, *, actor: User | None) -> Mandate:
    """Collect nothing until it is resumed."""
    return _move(mandate, "paused", (MandateState.ACTIVE,), MandateState.PAUSED, reason, now, actor)


def resume(mandate: Mandate, now: datetime, *, actor: User | None) -> Mandate:
    """Collect again from the next batch on."""
    return _move(mandate, "resumed", (MandateState.PAUSED,), MandateState.ACTIVE, "", now, actor)


def cancel(mandate: Mandate, reason: str, now: datetime, *, actor: User | None) -> Mandate:
    """The customer withdrew it, or it is replaced."""
    standing = (MandateState.ACTIVE, MandateState.PAUSED)
    return _move(mandate, "cancelled", standing, MandateState.CANCELLED, reason, now, actor)


def restore(mandate: Mandate, now: datetime, *, actor: User | None) -> Mandate:
    """Take a cancellation back. Raises DomainError when the customer has another mandate by now."""
    with transaction.atomic():
        customer = _locked_customer(mandate.customer, now)
        if other := Mandate.objects.standing().filter(customer=customer).first():
            raise DomainError(f"{customer.code} has the mandate {other} by now; cancel that first.")
        return _move(mandate, "restored", (MandateState.CANCELLED,), MandateState.ACTIVE, "", now, actor)


def show_number(mandate: Mandate, reason: str, now: datetime, *, actor: User) -> str:
    """The account number, for somebody who says why; that is recorded."""
    events.record("mandate.number_shown", mandate, actor=actor, about=mandate.customer, at=now, reason=reason)
    return str(mandate.account_number)


def waiting_rows(mandate: Mandate) -> list[DebitRow]:
    """Collections with it whose money may still come."""
    return list(mandate.rows.filter(state__in=LIVE).select_related("batch"))


def left_by_merge(survivor: Customer, loser: Customer) -> list[str]:
    """What becomes of the loser's mandate when the two are merged: it was signed for that account alone."""
    standing = {
        one.customer_id: one for one in Mandate.objects.standing().filter(customer__in=[survivor, loser])
    }
    if loser.pk not in standing:
        return []
    left = f"The mandate {standing[loser.pk]} of {loser.code} is not used any more"
    if own := standing.get(survivor.pk):
        return [f"{left}; that of {survivor.code}, {own}, collects for both."]
    return [f"{left}: add one of {survivor.code}, or nothing is collected by debit order."]


def _move(
    mandate: Mandate,
    verb: str,
    states: tuple[MandateState, ...],
    to: MandateState,
    reason: str,
    now: datetime,
    actor: User | None,
) -> Mandate:
    with transaction.atomic():
        row = _locked(mandate, *states)
        row.state, row.reason = to, reason
        row.save(update_fields=["state", "reason"])
        events.record(f"mandate.{verb}", row, actor=actor, about=row.customer, at=now, reason=reason or None)
    return row


def _locked(mandate: Mandate, *states: MandateState) -> Mandate:
    row = (
        Mandate.objects.select_for_update(no_key=True, of=("self",))
        .select_related("customer")
        .get(pk=mandate.pk)
    )
    if row.state not in states:
        raise DomainError(f"{row} is {row.get_state_display().lower()}; reload the page.")
    return row


def _locked_customer(customer: Customer, now: datetime) -> Customer:
    row = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    if not Customer.objects.not_deleted(now).filter(pk=row.pk).exists():
        raise DomainError(f"{row.code} is deleted; undelete it first.")
    return row


def _check(details: Details, now: datetime) -> None:
    if details.account_number and not is_account_number(details.account_number):
        raise DomainError(ACCOUNT_NUMBER)
    if details.signed_on > local_day(now):
        raise DomainError("The day of the signature is yet to come.")
    if details.valid_until is not None and details.valid_until < details.valid_from:
        raise DomainError("The last day of the mandate is before its first.")


def _check_reference(reference: str) -> None:
    if Mandate.objects.filter(reference__iexact=reference).exists():
        raise DomainError(f"Another mandate has the reference {reference}.")


def _columns(details: Details) -> dict[str, Any]:
    columns = {
        name: getattr(details, name)
        for name in (
            "reference", "holder", "bank", "branch_code", "account_type", "signed_on", "valid_from",
            "valid_until", "maximum",
        )
    }  # fmt: skip
    if details.account_number:
        columns |= {"account_number": details.account_number, "ending": details.account_number[-3:]}
    return columns
