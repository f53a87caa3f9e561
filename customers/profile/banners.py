"""What must be seen of a customer before anything else, on the profile and wherever staff look at it (PRO-4, USE-6)."""

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import quote

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from customers.accounts.models import Customer, Gate, GateKind
from customers.merging.models import merge_of
from customers.protection.models import Erasure
from customers.relations import paying
from ispbilling.core import clock

Banner = tuple[str, str]


def of(customer: Customer, standing: Iterable[Gate], now: datetime) -> list[Banner]:
    """(meaning, sentence) of each, the gravest first; `standing` are its gates that are or will be closed."""
    if merge := merge_of(customer):
        when = f"on {clock.local_day(merge.at)}"
        words = _leads(f"Merged {when} into", merge.survivor, ": this is only its former code")
        return [("attention", words)]
    found: list[Banner] = []
    if erasure := Erasure.objects.filter(customer=customer).first():
        found.append(("off", f"Personal data erased on {clock.local_day(erasure.at)}."))
    for gate in standing:
        found.append(_gate(customer, gate, now))
    if not customer.group.enabled:
        found.append(("stopped", f"The customer group {customer.group} is disabled: nothing authenticates."))
    if waiting := customer.change_requests.open().first():
        words = format_html(
            'The customer asks to put details right: <a href="{}" data-modal>decide</a>.',
            waiting.get_absolute_url(),
        )
        found.append(("attention", words))
    return found + _relations(customer, now)


def _gate(customer: Customer, gate: Gate, now: datetime) -> Banner:
    by = f" by {gate.closed_by}" if gate.closed_by else ""
    because = f": {gate.reason.rstrip('.')}." if gate.reason else "."
    if gate.kind == GateKind.CANCELLED and gate.since > now:
        return "attention", f"Cancelling: the last day of service is {gate.last_day}{because}"
    if gate.since > now:
        word = "suspension" if gate.kind == GateKind.SUSPENDED else GateKind(gate.kind).label.lower()
        return "attention", f"Queued for {word} on {clock.local_day(gate.since)}{by}{because}"
    words = f"{GateKind(gate.kind).label} since {clock.local_day(gate.since)}{by}{because}"
    if gate.kind == GateKind.DISABLED:
        there = reverse("customers:customer_list") + f"?state=disabled&q={quote(customer.code)}"
        words = format_html('{} Enable it from <a href="{}">List Customers</a>.', words, there)
    return "stopped", words


def _relations(customer: Customer, now: datetime) -> list[Banner]:
    """Master, sub-account, reseller: each leads to the other side."""
    found: list[Banner] = []
    if customer.is_master:
        count = customer.sub_accounts.not_deleted(now).count()
        paid = " It is billed for all of them." if customer.bill_all_to_master else ""
        subs = f"{count} sub-account{'' if count == 1 else 's'}"
        url = reverse("customers:customer_sub_list", args=[customer.pk])
        words = format_html('This is a Master Account with <a href="{}">{}</a>.{}', url, subs, paid)
        found.append(("attention", words))
    if customer.master:
        pays = ", which is billed for it" if paying.payer(customer) == customer.master else ""
        found.append(("info", _leads("Sub-account of", customer.master, pays)))
    if customer.is_reseller:
        count = customer.resold_customers.not_deleted(now).count()
        url = reverse("customers:customer_resold_list", args=[customer.pk])
        words = format_html(
            'This is a Reseller with <a href="{}">{}</a>.',
            url,
            f"{count} customer{'' if count == 1 else 's'}",
        )
        found.append(("info", words))
    if customer.reseller:
        found.append(("info", _leads("Customer of the reseller", customer.reseller)))
    return found


def _leads(words: str, other: Customer, after: str = "") -> SafeString:
    url, name = other.get_absolute_url(), f"{other.name} ({other.code})"
    return format_html('{} <a href="{}">{}</a>{}.', words, url, name, after)
