"""Customers who share a number, an address or an ID number with what is being typed: a hint, never a refusal."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Func, IntegerField, Q

from customers.accounts import finding, gates, reach
from customers.accounts.models import Contact, Customer
from ispbilling.core.secrets import SecretError

#: So many are named; more would not be read.
MOST = 5
#: Digits of a telephone number without trunk or country prefix.
SUBSCRIBER = 9
#: Shorter numbers are extensions or half typed.
SHORTEST = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What was typed so far; addresses and numbers may be several (`reach`)."""

    emails: str = ""
    numbers: str = ""
    id_number: str = ""


@dataclass(frozen=True, slots=True)
class Alike:
    """A customer that exists, what it shares, and its state unless it is active. Never holds an ID number."""

    customer: Customer
    shared: tuple[str, ...]
    state: str


def alike(typed: Typed, now: datetime, *, visible: Any, besides: int | None = None) -> list[Alike]:
    """Those among the visible customers, deleted ones too, who share something with what was typed."""
    same_id = _by_id_number(typed.id_number)
    keys = same_id | {pk for number in reach.split(typed.numbers) for pk in _by_number(_tail(number))}
    keys |= {pk for email in reach.split(typed.emails) for pk in _by_email(email)}
    rows = visible.filter(pk__in=keys).exclude(pk=besides).order_by("code")
    found = []
    for customer in rows.prefetch_related("contacts", "gates"):
        shared = ["the same ID number"] * (customer.pk in same_id) + _shared(typed, customer)
        if shared:
            standing = list(customer.gates.all())
            state = gates.state_sentence(standing, now) if gates.closed(standing, now) else ""
            found.append(Alike(customer, tuple(shared), state))
    return found[:MOST]


def _shared(typed: Typed, customer: Customer) -> list[str]:
    """The addresses and numbers, as they were typed, that are the customer's as well."""
    contacts = list(customer.contacts.all())
    emails = {email.casefold() for contact in contacts for email in contact.emails}
    tails = {_tail(customer.phone)} | {_tail(number) for contact in contacts for number in contact.mobiles}
    shared = [email for email in reach.split(typed.emails) if email.casefold() in emails]
    return shared + [n for n in reach.split(typed.numbers) if _tail(n) and _tail(n) in tails]


def _tail(number: str) -> str:
    """What two ways to write a number have in common."""
    digits = "".join(filter(str.isdigit, number))
    return digits[-SUBSCRIBER:] if len(digits) >= SHORTEST else ""


def _by_number(tail: str) -> list[int]:
    if not tail:
        return []
    return [pk for keys in finding.by_digits(tail) for pk in keys[:100]]


def _by_email(email: str) -> list[int]:
    contacts = Contact.objects.order_by().filter(Q(email__icontains=email) | Q(more_emails__icontains=email))
    return list(contacts.values_list("customer_id", flat=True)[:100])


def _by_id_number(typed: str) -> set[int]:
    """Encrypted columns cannot be searched, and a digest of a 13-digit number would give it away: each is opened.

    A hundred thousand take about a second, whenever a number or address is typed beside an ID number.
    """
    wanted = _plain(typed)
    if len(wanted) < SHORTEST:
        return set()
    size = Func(F("id_number"), function="octet_length", output_field=IntegerField())
    rows = Customer.objects.order_by().alias(size=size).filter(size__gt=0).values_list("pk", "id_number")
    try:
        return {pk for pk, stored in rows.iterator(chunk_size=5000) if _plain(str(stored)) == wanted}
    except SecretError:  # a key was lost: the hint is not worth a failure
        return set()


def _plain(number: str) -> str:
    return "".join(filter(str.isalnum, number)).casefold()
