"""The numbers and extensions of customers: the only writer of their table. Whose a call is follows from it."""

from dataclasses import dataclass
from datetime import date

from django.db import IntegrityError, transaction
from django.db.models import Q

from billing.calls import pricing
from billing.calls.models import Call, CallQuerySet, CallState, PhoneNumber
from billing.calls.numbers import LONGEST, normal
from customers.models import Customer
from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.meanwhile import refuse_if_changed
from ispbilling.core.models import User
from ispbilling.core.units import counted

TAKEN = "{} belongs to {} on some of these days."


@dataclass(frozen=True, slots=True)
class Held:
    """What is typed of a number."""

    label: str
    description: str
    starts_on: date
    ends_on: date | None = None


def add(customer: Customer, held: Held, *, actor: User | None) -> PhoneNumber:
    """Say that calls from a number are this customer's. Calls of it that waited for an owner are priced.

    Raises DomainError when somebody has it on some of these days.
    """
    with transaction.atomic():
        identity = normal(held.label, pricing.alone().country_code)
        _check(identity, held)
        number = PhoneNumber(customer=customer, identity=identity, **_columns(held))
        _save(number)
        events.record("phone_number.added", number, actor=actor, about=customer, first_day=held.starts_on)
    return number


def change(number: PhoneNumber, held: Held, *, actor: User | None, seen: int | None = None) -> PhoneNumber:
    """Change its days or what it says. The number itself stays once calls bear it.

    Raises DomainError when somebody else has it then, when calls on invoices would lose their owner, and
    ChangedMeanwhile.
    """
    with transaction.atomic():
        identity = normal(held.label, pricing.alone().country_code)
        stored = _locked(number)
        refuse_if_changed(stored, seen, "phone_number.changed")
        _check(identity, held)
        if identity != stored.identity and stored.calls.exists():
            raise DomainError(f"Calls were made from {stored}: end it, and add the other number.")
        outside = Q(day__lt=held.starts_on)
        if held.ends_on is not None:
            outside |= Q(day__gt=held.ends_on)
        if billed := stored.calls.filter(outside).exclude(bill=None).count():
            raise DomainError(
                f"{counted(billed, 'call')} outside of these days are on invoices; credit them first."
            )
        before = {name: getattr(stored, name) for name in ("label", "description", "starts_on", "ends_on")}
        former = stored.identity
        for name, value in _columns(held).items():
            setattr(stored, name, value)
        stored.identity, stored.stale = identity, True
        _save(stored)
        # Who has it on other days takes over what this one gives up.
        pricing.stale(Q(identity__in=[former, identity]))
        if changed := events.changes(before, _columns(held)):
            events.record("phone_number.changed", stored, actor=actor, about=stored.customer, changes=changed)
    return stored


def remove(number: PhoneNumber, *, actor: User | None) -> None:
    """Forget a number that was added by mistake; its calls have no owner again. Raises DomainError once one of them
    was billed."""
    with transaction.atomic():
        pricing.alone()
        stored = _locked(number)
        if why := why_not_removed(stored):
            raise DomainError(why)
        stored.calls.filter(state=CallState.LEFT_OUT).update(number=None)
        stored.calls.update(state=CallState.UNKNOWN, number=None, price=None, destination="", reason="")
        pricing.stale(Q(identity=stored.identity))
        events.record("phone_number.removed", stored, actor=actor, about=stored.customer)
        stored.delete()


def why_not_removed(number: PhoneNumber) -> str:
    """Why a number cannot be removed, as a sentence; empty when it can."""
    if number.bills.exists():
        return "Calls from it were billed. End it instead: give it a last day."
    return ""


def leave_out(call: Call, reason: str, *, actor: User | None) -> None:
    """Do not bill a call that is not billed yet. Raises DomainError when an invoice has it."""
    with transaction.atomic():
        pricing.together()
        row = Call.objects.select_for_update(of=("self",)).get(pk=call.pk)
        if row.bill_id is not None:
            raise DomainError("It is on an invoice.")
        if row.state == CallState.LEFT_OUT:
            raise DomainError("It is left out already.")
        _left_out(Call.objects.filter(pk=row.pk), reason)
        events.record("call.left_out", row, actor=actor, about=_whose(row), reason=reason)


def leave_out_caller(caller: str, reason: str, *, actor: User | None) -> int:
    """Do not bill the calls so far of a caller nobody knows; how many there were. Raises DomainError for none."""
    with transaction.atomic():
        settings = pricing.alone()
        count = _left_out(Call.objects.open().filter(state=CallState.UNKNOWN, caller=caller), reason)
        if not count:
            raise DomainError(f"No call of {caller} waits for an owner any more.")
        events.record("calls.left_out", settings, actor=actor, caller=caller, calls=count, reason=reason)
    return count


def take_in(call: Call, *, actor: User | None) -> None:
    """Bill a call after all that was left out. Raises DomainError when it was not."""
    with transaction.atomic():
        pricing.together()
        row = Call.objects.select_for_update(of=("self",)).get(pk=call.pk)
        if row.state != CallState.LEFT_OUT:
            raise DomainError("It is not left out.")
        told = pricing.Told(row.caller, row.called, row.day, row.seconds, row.cost)
        verdict = pricing.Pricer({row.caller, row.called}).decide(told)
        Call.objects.filter(pk=row.pk).update(
            state=verdict.state,
            number=verdict.number_id,
            destination=verdict.destination,
            price=verdict.price,
            reason=verdict.reason,
        )
        events.record("call.taken_in", row, actor=actor, about=_whose(row))


def _whose(call: Call) -> Customer | None:
    return call.number.customer if call.number else None


def _left_out(rows: CallQuerySet, reason: str) -> int:
    return rows.update(state=CallState.LEFT_OUT, price=None, destination="", reason=reason[:200])


def _locked(number: PhoneNumber) -> PhoneNumber:
    row = PhoneNumber.objects.select_for_update(of=("self",)).filter(pk=number.pk).first()
    if row is None:
        raise DomainError("It was removed meanwhile.")
    return row


def _check(identity: str, held: Held) -> None:
    if not identity or len(held.label) > LONGEST:
        raise DomainError("Type a telephone number, or the name of an extension.")
    if held.ends_on is not None and held.ends_on < held.starts_on:
        raise DomainError("The last day is before the first.")


def _save(number: PhoneNumber) -> None:
    """Store it, unless somebody has the number on one of its days."""
    until = Q() if number.ends_on is None else Q(starts_on__lte=number.ends_on)
    others = PhoneNumber.objects.filter(
        until, Q(ends_on=None) | Q(ends_on__gte=number.starts_on), identity=number.identity
    ).exclude(pk=number.pk)
    if other := others.select_related("customer").first():
        raise DomainError(TAKEN.format(other, other.customer))
    try:
        with transaction.atomic():
            number.save()
    except IntegrityError as error:  # somebody was quicker
        raise DomainError(TAKEN.format(number, "somebody else")) from error


def _columns(held: Held) -> dict[str, object]:
    return {
        "label": held.label,
        "description": held.description,
        "starts_on": held.starts_on,
        "ends_on": held.ends_on,
    }
