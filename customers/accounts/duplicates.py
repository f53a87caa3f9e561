"""Customers who share a telephone number or an e-mail address with what is being typed: a hint, never a refusal."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from customers.accounts import gates, reach
from customers.accounts.models import Contact, Customer, DigitLines, Digits

#: So many are named; more would not be read.
MOST = 5
#: Digits of a telephone number without trunk or country prefix.
SUBSCRIBER = 9
#: Shorter numbers are extensions or half typed.
SHORTEST = 7


@dataclass(frozen=True, slots=True)
class Alike:
    """A customer that exists, and what it shares."""

    customer: Customer
    shared: tuple[str, ...]
    state: str


def alike(
    emails: str, numbers: str, now: datetime, *, visible: Any, besides: int | None = None
) -> list[Alike]:
    """Those among the visible customers (deleted ones too) with one of the addresses or numbers."""
    wanted = {tail for number in reach.split(numbers) if (tail := _tail(number))}
    addresses = {email.casefold() for email in reach.split(emails)}
    if not wanted and not addresses:
        return []
    keys = {pk for word in wanted for pk in _by_number(word)} | {
        pk for one in addresses for pk in _by_email(one)
    }
    rows = visible.filter(pk__in=keys).exclude(pk=besides).prefetch_related("contacts", "gates")
    found = []
    for customer in rows.order_by("code"):
        contacts = list(customer.contacts.all())
        has = {email.casefold() for contact in contacts for email in contact.emails}
        dialled = {customer.phone, *(number for contact in contacts for number in contact.mobiles)}
        shared = [email for email in reach.split(emails) if email.casefold() in has]
        shared += [n for n in reach.split(numbers) if _tail(n) and _tail(n) in map(_tail, dialled)]
        if shared:
            state = gates.state_sentence(customer.gates.all(), now)
            found.append(
                Alike(customer, tuple(shared), state if gates.closed(customer.gates.all(), now) else "")
            )
    return found[:MOST]


def _tail(number: str) -> str:
    """What two ways to write a number have in common."""
    digits = "".join(filter(str.isdigit, number))
    return digits[-SUBSCRIBER:] if len(digits) >= SHORTEST else ""


def _by_number(tail: str) -> list[int]:
    customers, contacts = Customer.objects.order_by(), Contact.objects.order_by()
    mobiles = contacts.alias(one=Digits("mobile"), more=DigitLines("more_mobiles"))
    mobiles = mobiles.filter(Q(one__contains=tail) | Q(more__contains=tail))
    phones = customers.alias(digits=Digits("phone")).filter(digits__contains=tail)
    return [*phones.values_list("pk", flat=True)[:100], *mobiles.values_list("customer_id", flat=True)[:100]]


def _by_email(email: str) -> list[int]:
    contacts = Contact.objects.order_by().filter(Q(email__icontains=email) | Q(more_emails__icontains=email))
    return list(contacts.values_list("customer_id", flat=True)[:100])
