"""Events as sentences people read: what happened, to what, by whom, and the old and new values.

A kind that is not in the table below is read from its own words: `note.added` is "Note added".
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from string import Formatter
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import FieldDoesNotExist
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst

from customers.accounts.models import Customer
from customers.merging.models import records_of
from ispbilling.core.clock import zone
from ispbilling.core.models import Event, EventQuerySet
from ispbilling.core.money import format_money
from ispbilling.core.units import format_octets

#: kind -> the sentence; braces name the event's data, `label` is the subject as it was called then.
SENTENCES = {
    "customer.added": "Customer added to {group}",
    "customer.edited": "Customer details changed",
    "customer.disabled": "Customer disabled",
    "customer.enabled": "Customer enabled",
    "customer.suspended": "Customer suspended",
    "customer.unsuspended": "Customer un-suspended",
    "customer.deleted": "Customer deleted",
    "customer.undeleted": "Customer undeleted",
    "customer.cancellation_set": "Cancellation set: the last day of service is {last_day}",
    "customer.cancellation_cleared": "Cancellation cleared",
    "customer.cancelled": "Customer cancelled: the last day of service was {last_day}",
    "customer.id_number_shown": "ID number shown",
    "customer.verified": "Identity verified: {how}",
    "customer.verification_revoked": "Verification revoked",
    "update_request.sent": "Sent: {label}",
    "update_request.taken_back": "Taken back: {label}",
    "rating_request.sent": "Sent: {label}",
    "rating_request.taken_back": "Taken back: {label}",
    "change_request.received": "Customer asks to change: {fields}",
    "change_request.confirmed": "Customer confirms the details we have",
    "change_request.decided": "Changes decided",
    "rating.received": "Customer rates us {score} of 5",
    "rating.low": "Customer rates us {score} of 5: needs someone",
    "rating.handled": "Low rating dealt with",
    "customer.merged": "{loser} merged into this customer",
    "customer.merged_away": "Merged into {survivor}",
    "customer.merge_undone": "Merge of {loser} into {survivor} undone",
    "portal_login.added": "Portal login {username} added",
    "portal_login.edited": "Portal login changed",
    "portal_login.password_set": "Portal password set by hand",
    "portal_login.reset_requested": "Password reset link sent to {email}",
    "portal_login.welcome_requested": "Welcome mail sent again",
    "data_account.added": "Data account {label} added: {package}",
    "data_account.edited": "Data account {label} changed",
    "data_account.blocked": "Data account {label} blocked",
    "data_account.unblocked": "Data account {label} unblocked",
    "data_account.end_set": "Data account {label}: the last day is {last_day}",
    "data_account.end_cleared": "Data account {label} stays open",
    "data_account.expired": "Data account {label} ended with {last_day}",
    "data_account.secret_changed": "New RADIUS password for data account {label}",
    "data_account.secret_revealed": "RADIUS password of data account {label} shown",
    "data_account.out_of_bundle_allowed": "Charges out of bundle agreed to for {label}",
    "data_account.out_of_bundle_refused": "Charges out of bundle refused for {label}",
    "data_account.recounted": "Usage of {label} since {since} counted again: {reason}",
    "data_account.counted_again": "{month} of {label} counted again: {reason}",
    "customer.data_expiry_edited": "Data expiry changed",
    "customer.notices_chosen": "Notices of used data chosen",
    "data_bundle.used": "{level} % of {title} used on {line}",
    "data_bundle.rollover_adjusted": "Rollover on {line} adjusted from {was_octets} to {octets}: {because}",
    "data_bundle.transferred": "{octets} given by {giver} to {receiver}",
    "data_bundle.transferred_here": "{octets} given by {giver} to {receiver}",
    "data_bundle.transfer_undone": "{octets} given by {giver} to {receiver} taken back",
    "data_bundle.transfer_undone_here": "{octets} given by {giver} to {receiver} taken back",
    "allocation.changed": "Allocation changed: {label}",
    "statement.sent": "Statement from {since} to {until} sent: balance {balance}",
    "recurring_line.added": "Recurring billing added: {label}",
    "recurring_line.edited": "Recurring billing changed: {label}",
    "recurring_line.ended": "Recurring billing ended with {last_day}: {label}",
    "draft.added": "{label} of an invoice written: {total}",
    "draft.edited": "{label} of an invoice changed",
    "draft.deleted": "{label} of an invoice deleted: {total}",
    "invoice.issued": "Invoice {reference} issued: {total}, due {due_on}",
    "credit_note.issued": "Credit note {reference} issued: {total}",
    "adjustment.issued": "Adjustment {reference} issued: {total}",
    "write_off.issued": "Written off with {reference}: {total}",
    "checkout.started": "Went to pay {amount} online through {gateway}",
    "checkout.paid": "Paid {amount} online through {gateway}: {receipt}",
    "checkout.cancelled": "Did not pay {amount} online: cancelled",
    "checkout.failed": "Online payment of {amount} failed at {gateway}",
    "checkout.expired": "Online payment of {amount}: {gateway} never told what became of it",
    "checkout.settled": "Online payment recorded by hand: {reason}",
    "gateway.refused": "A request about an online payment was refused: {reason}",
    "gateway.attention": "Online payment needs a look: {reason}",
    "payment.received": "Payment {receipt} received: {amount}",
    "payment.assigned": "Payment {receipt} credited: {amount}",
    "payment.released": "Payment {receipt} taken from this customer: {amount}",
    "payment.returned": "Payment {receipt} returned by the bank: {amount}",
    "payment.taken_back": "Payment {receipt} taken back: {amount}",
    "mandate.added": "Mandate {label} added: {account}",
    "mandate.changed": "Mandate {label} changed",
    "mandate.paused": "Mandate {label} paused",
    "mandate.resumed": "Mandate {label} resumed",
    "mandate.cancelled": "Mandate {label} cancelled",
    "mandate.restored": "Mandate {label} restored",
    "mandate.number_shown": "Account number of mandate {label} shown",
    "debit_row.announced": "Debit order {label} announced: {amount} on {action_on}",
    "debit_row.taken_out": "Debit order {label} taken out of {batch}: {amount}",
    "debit_row.put_back": "Debit order {label} put back into {batch}: {amount}",
    "debit_row.accepted": "Debit order {label} paid: {amount}",
    "debit_row.rejected": "Debit order {label} not paid: {amount}",
    "debit_row.returned": "Debit order {label} returned by the bank: {amount}",
    "debit_row.reopened": "Debit order {label} waits for its result again: {amount}",
    "message.retried": "Message to {to} sent again",
}
#: Data that is said elsewhere in the entry or says nothing to people.
_SILENT = frozenset({"changes", "links_after", "links_before", "mail", "moved", "target_id", "welcome"})
#: Data that is an amount of money wherever it stands.
_MONEY = frozenset({"amount", "balance", "custom_price", "net", "price", "total", "vat"})
_AMOUNT = re.compile(r"^-?\d+\.\d{2,4}$")
_WORDS = {"id_number": "ID number", "was": "It had been", "what": "Moved"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a timeline."""

    at: datetime
    what: str
    subject: str
    who: str
    details: list[str]


def events_of(customer: Customer) -> EventQuerySet:
    """What happened to a customer, under whichever of its records."""
    kind = ContentType.objects.get_for_model(Customer)
    return Event.objects.filter(about_type=kind, about_id__in=records_of(customer))


def entries(events: Iterable[Event]) -> list[Entry]:
    return [
        Entry(event.at, what(event), subject(event), str(event.actor or "System"), details(event))
        for event in events
    ]


def what(event: Event) -> str:
    """`customer.cancellation_set` as "Cancellation set: the last day of service is 2026-12-31"."""
    sentence, data = SENTENCES.get(event.kind, ""), event.data
    if sentence and _named(sentence) <= {"label", *data}:
        known = {name: _shown(value, name) for name, value in data.items()}
        return sentence.format(**{"label": event.label, **known})
    return event.kind.replace(".", " ").replace("_", " ").capitalize()


def subject(event: Event) -> str:
    """What it happened to, unless the sentence says it or that is the party whose timeline this is."""
    own = (event.subject_type_id, event.subject_id) == (event.about_type_id, event.about_id)
    return "" if own or event.label in what(event) else event.label


def details(event: Event) -> list[str]:
    """`Primary tel no: 021 555 0000 (was empty)` for each change, then the rest of the data."""
    found = []
    for name, (old, new) in event.data.get("changes", {}).items():
        word = _word(event, name)
        hidden = new == "(hidden)"
        found.append(
            f"{word} changed" if hidden else f"{word}: {_shown(new, name)} (was {_shown(old, name)})"
        )
    said = _named(SENTENCES.get(event.kind, ""))
    found += [
        f"{_word(event, name)}: {_shown(value, name)}"
        for name, value in event.data.items()
        if name not in _SILENT | said and value not in ("", event.label) and value is not False
    ]
    return found


def _named(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def _word(event: Event, name: str) -> str:
    """What the forms call it: the field's own words where the subject has such a field."""
    if name in _WORDS:
        return _WORDS[name]
    model = ContentType.objects.get_for_id(event.subject_type_id).model_class()
    try:
        field: Any = model._meta.get_field(name) if model else None
    except FieldDoesNotExist:
        field = None
    return capfirst(str(getattr(field, "verbose_name", "") or name.replace("_", " ")))


def _shown(value: object, name: str = "") -> str:
    """The value as pages write it: money and octets with their units, times without their zone, Yes and No."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if value in (None, "", []):
        return "empty"
    if isinstance(value, dict):
        return ", ".join(f"{number} {word}{'' if number == 1 else 's'}" for word, number in value.items())
    if isinstance(value, list):
        return ", ".join(_shown(item) for item in value)
    if isinstance(value, int) and name.endswith("octets"):
        return format_octets(value)
    text = str(value)
    if name in _MONEY and _AMOUNT.match(text):
        return format_money(Decimal(text))
    if "T" in text and len(text) >= 19 and text[:4].isdigit() and (instant := _instant(text)):
        return f"{instant.astimezone(zone()):%Y-%m-%d %H:%M}"
    return text


def _instant(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found and found.tzinfo else None
