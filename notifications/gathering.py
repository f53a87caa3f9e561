"""From events to notices: who is to be told, where, and the facts. A few queries per chunk, however many
events."""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Q

from billing.data_sales import automatic
from billing.data_sales.models import SaleState, SaleWay
from billing.debiting.models import RowState
from billing.documents.models import DocumentKind
from billing.models import Balance, DebitRow, Document, Payment, PrepaidSwitch, TopupSale
from customers.models import Contact, Customer, CustomerRequest, PortalLogin
from customers.requests.asking import DAYS
from ispbilling.core.clock import zone
from ispbilling.core.models import Event, User
from ispbilling.core.money import ZERO, format_money
from ispbilling.core.units import format_octets
from notifications.kinds import BY_EVENT
from notifications.links import days_valid, pay_url, paying_online, portal_url
from notifications.models import Channel
from radius.bundles import remaining
from radius.changes.models import ChangeState
from radius.consumption import running_out
from radius.models import DataBundle, Package, PackageChange
from radius.rolling import expiring


@dataclass(frozen=True, slots=True)
class Notice:
    """One person to be told one thing. `who` is the addressee in the dedupe key; `links` are markers ->
    user. `copies` are the person's further e-mail addresses; what holds a link to log in has none. `only` is the
    channel that somebody chose for it; otherwise the rules say."""

    key: str
    event: Event
    customer: Customer | None
    addresses: Mapping[str, str]
    variables: Mapping[str, Any]
    links: Mapping[str, int | str] = field(default_factory=dict)
    document_id: int | None = None
    copies: Sequence[str] = ()
    only: str = ""


def gather(events: Sequence[Event]) -> list[Notice]:
    """The notices of these events; events that concern nobody give none."""
    found: list[Notice] = []
    for kind, source in SOURCES.items():
        mine = [event for event in events if event.kind in BY_EVENT and BY_EVENT[event.kind].name == kind]
        if mine:
            found += source(mine)
    return found


def primary_contacts(customers: Iterable[int]) -> dict[int, Contact]:
    """The primary contact of each customer that has one, by customer id."""
    return {
        contact.customer_id: contact
        for contact in Contact.objects.filter(customer__in=set(customers), primary=True)
    }


def _addresses(contact: Contact | None) -> dict[str, str]:
    if contact is None:
        return {Channel.EMAIL: "", Channel.SMS: ""}
    return {Channel.EMAIL: contact.email, Channel.SMS: contact.mobile}


def _copies(contact: Contact | None) -> list[str]:
    """Where else a mail goes that holds no secret; an SMS costs money and goes to one number."""
    return contact.emails[1:] if contact else []


def _documents(events: Sequence[Event]) -> list[Notice]:
    """Invoices and credit notes: to the primary contact of whoever pays."""
    documents = Document.objects.select_related("payer", "corrects").in_bulk([e.subject_id for e in events])
    contacts, online = primary_contacts(document.payer_id for document in documents.values()), paying_online()
    found = []
    for event in events:
        document = documents[event.subject_id]
        contact = contacts.get(document.payer_id)
        variables = {
            "name": contact.name if contact else document.payer.name,
            "code": document.payer.code,
            "reference": document.reference,
            "total": format_money(abs(document.total)),
            "issued_on": str(document.issued_on),
            "due_on": str(document.due_on),
            "corrects": document.corrects.reference if document.corrects else "",
            "pay": pay_url(document) if online and document.kind == DocumentKind.INVOICE else "",
        }
        key = f"{event.pk}:{event.kind}:{document.payer_id}"
        found.append(
            Notice(
                key,
                event,
                document.payer,
                _addresses(contact),
                variables,
                document_id=document.pk,
                copies=_copies(contact),
            )
        )
    return found


def _payments(events: Sequence[Event]) -> list[Notice]:
    """Payments: to the primary contact of the customer they were credited to, if they still are."""
    payments = Payment.objects.select_related("payer").in_bulk([event.subject_id for event in events])
    payers = [payment.payer_id for payment in payments.values() if payment.payer_id]
    contacts, customer = primary_contacts(payers), ContentType.objects.get_for_model(Customer).pk
    balances = dict(Balance.objects.filter(customer__in=payers).values_list("customer_id", "amount"))
    found = []
    for event in events:
        payment = payments[event.subject_id]
        payer, returned = payment.payer, event.kind == "payment.returned"
        told = (event.about_type_id, event.about_id)
        if payer is None or told != (customer, payer.pk) or event.data.get("mail") is False:
            continue
        if returned != (payment.taken_back_on is not None):
            continue  # it was taken back before anybody was told that it came
        contact, balance = contacts.get(payer.pk), balances.get(payer.pk, ZERO)
        variables = {
            "name": contact.name if contact else payer.name,
            "code": payer.code,
            "receipt": payment.receipt,
            "amount": format_money(payment.amount),
            "received_on": str(payment.received_on),
            "owing": format_money(max(balance, ZERO)),
            "credit": format_money(-balance) if balance < 0 else "",
            "fee": event.data.get("fee", ""),
        }
        key = f"{event.pk}:{event.kind}:{payer.pk}"
        found.append(Notice(key, event, payer, _addresses(contact), variables, copies=_copies(contact)))
    return found


def _debits(events: Sequence[Event]) -> list[Notice]:
    """Debit orders: to the primary contact of the payer; what was taken out or came in since is not told."""
    rows = DebitRow.objects.listed().in_bulk([event.subject_id for event in events])
    payers = [row.payer_id for row in rows.values()]
    contacts = primary_contacts(payers)
    balances = dict(Balance.objects.filter(customer__in=payers).values_list("customer_id", "amount"))
    found = []
    for event in events:
        row = rows[event.subject_id]
        unpaid = event.kind == "debit_row.rejected"
        if row.state not in ((RowState.REJECTED,) if unpaid else (RowState.DRAFT, RowState.SENT)):
            continue
        contact = contacts.get(row.payer_id)
        variables = {
            "name": contact.name if contact else row.payer.name,
            "code": row.payer.code,
            "amount": format_money(row.amount),
            "action_on": str(row.batch.action_on),
            "account": row.mandate.account,
            "mandate": row.mandate.reference,
        }
        if unpaid:
            owing = format_money(max(balances.get(row.payer_id, ZERO), ZERO))
            variables |= {"reason": row.reason, "owing": owing, "fee": event.data.get("fee", "")}
        key = f"{event.pk}:{event.kind}:{row.payer_id}"
        found.append(Notice(key, event, row.payer, _addresses(contact), variables, copies=_copies(contact)))
    return found


def _statements(events: Sequence[Event]) -> list[Notice]:
    """Statements: to the primary contact of the payer, with what it owed at the last day."""
    customers = Customer.objects.in_bulk([event.subject_id for event in events])
    contacts, online = primary_contacts(customers), paying_online()
    found = []
    for event in events:
        customer = customers[event.subject_id]
        contact, balance = contacts.get(customer.pk), Decimal(event.data["balance"])
        variables = {
            "name": contact.name if contact else customer.name,
            "code": customer.code,
            "since": event.data["since"],
            "until": event.data["until"],
            "pay": pay_url(customer) if online and balance > 0 else "",
            "owing": format_money(max(balance, ZERO)),
            "credit": format_money(-balance) if balance < 0 else "",
        }
        key = f"{event.pk}:{event.kind}:{customer.pk}"
        found.append(Notice(key, event, customer, _addresses(contact), variables, copies=_copies(contact)))
    return found


def _customers(events: Sequence[Event]) -> list[Notice]:
    """What happened to a customer itself: to its primary contact."""
    customers = Customer.objects.in_bulk([event.subject_id for event in events])
    contacts = primary_contacts(customers)
    found = []
    for event in events:
        customer = customers[event.subject_id]
        contact = contacts.get(customer.pk)
        variables = {
            "name": contact.name if contact else customer.name,
            "code": customer.code,
            "last_day": event.data.get("last_day", ""),
        }
        key = f"{event.pk}:{event.kind}:{customer.pk}"
        found.append(Notice(key, event, customer, _addresses(contact), variables, copies=_copies(contact)))
    return found


def _topups(events: Sequence[Event]) -> list[Notice]:
    """Top-ups that no invoice tells of, and automatic ones, of which the law wants it told."""
    rows = TopupSale.objects.select_related("bundle", "data_account__auto_topup")
    sales = rows.in_bulk([event.subject_id for event in events])

    def told(event: Event) -> Mapping[str, str] | None:
        sale = sales[event.subject_id]
        by_itself = sale.way == SaleWay.AUTOMATIC
        if sale.state != SaleState.SOLD or (sale.document_id is not None and not by_itself):
            return None
        bought = automatic.bought(sale.data_account, event.at) if by_itself else ZERO
        return {
            "data": format_octets(sale.octets),
            "amount": format_money(sale.total),
            "until": _instant(sale.bundle.expires_at if sale.bundle else None),
            "bought": format_money(bought),
            "limit": format_money(sale.data_account.auto_topup.limit) if by_itself else "",
        }

    return _of_lines(events, told)


def _stopped(events: Sequence[Event]) -> list[Notice]:
    """Automatic top-ups that pause or stop."""
    return _of_lines(
        events,
        lambda event: {
            "limit": format_money(Decimal(event.data["limit"])),
            "pauses": "yes" if event.kind == "auto_topup.limit_reached" else "",
            "reason": event.data.get("reason", ""),
        },
    )


def _expiring(events: Sequence[Event]) -> list[Notice]:
    """Data of prepaid lines that is over soon."""
    return _of_lines(
        events,
        lambda event: {
            "title": event.data["title"],
            "left": format_octets(event.data["left"]),
            "until": _instant(datetime.fromisoformat(event.data["expires_at"])),
        },
    )


def _switched(events: Sequence[Event]) -> list[Notice]:
    """Lines that are prepaid now, or monthly again."""
    rows = PrepaidSwitch.objects.select_related("leftover")
    switches = rows.in_bulk([event.subject_id for event in events])

    def told(event: Event) -> Mapping[str, str]:
        row = switches[event.subject_id]
        return {
            "becomes": row.words,
            "prepaid": "yes" if row.to_prepaid else "",
            "credited": format_money(row.credited) if row.credited else "",
            "kept": format_octets(row.leftover.octets) if row.leftover else "",
        }

    return _of_lines(events, told)


def _changed(events: Sequence[Event]) -> list[Notice]:
    """Lines with another package, or the former one again; what was superseded or undone meanwhile is not told."""
    rows = PackageChange.objects.select_related(
        "from_package__service", "to_package__service", "data_account"
    )
    changes = rows.in_bulk([event.subject_id for event in events])

    def told(event: Event) -> Mapping[str, str] | None:
        row = changes[event.subject_id]
        if event.kind != f"package_change.{row.state}":
            return None
        there, before = row.to_package, row.from_package
        if row.state == ChangeState.UNDONE:
            there, before = before, there
        return {
            "package": str(there),
            "before": str(before),
            "on": str(row.activates_on),
            "speed": there.service.speed,
            "data": "" if row.data_account.prepaid else _monthly(there),
        }

    return _of_lines(events, told)


def _monthly(package: Package) -> str:
    return "uncapped" if package.cap_octets is None else f"{package.cap} a month"


def _of_lines(events: Sequence[Event], told: Callable[[Event], Mapping[str, str] | None]) -> list[Notice]:
    """Notices of what befell a line, to the primary contact of its customer; none where nothing is told."""
    customers = Customer.objects.in_bulk([event.about_id for event in events])
    contacts = primary_contacts(customers)
    found = []
    for event in events:
        customer, said = customers[event.about_id], told(event)
        if said is None:
            continue
        contact = contacts.get(customer.pk)
        variables = {
            "name": contact.name if contact else customer.name,
            "code": customer.code,
            "line": event.data["line"],
            **said,
        }
        key = f"{event.pk}:{event.kind}:{customer.pk}"
        found.append(Notice(key, event, customer, _addresses(contact), variables, copies=_copies(contact)))
    return found


def _instant(at: datetime | None) -> str:
    """As people read it; empty for none."""
    return "" if at is None else f"{at.astimezone(zone()):%Y-%m-%d %H:%M}"


def _markers(users: Sequence[User]) -> tuple[list[dict[str, str]], dict[str, int]]:
    """A random marker per user for the bodies, and what each stands for. Nobody can guess one beforehand."""
    pairs = [(user, f"one-time-link-{secrets.token_hex(12)}") for user in users]
    return (
        [{"username": user.username, "link": marker} for user, marker in pairs],
        {marker: user.pk for user, marker in pairs},
    )


def _logins_of(event: Event, types: Mapping[str, int]) -> Q:
    """Which portal logins a welcome event means: of its customer, the login itself, or of its user."""
    if event.subject_type_id == types["customer"]:
        return Q(customer=event.subject_id, primary=True)
    if event.subject_type_id == types["user"]:
        return Q(user=event.subject_id)
    return Q(pk=event.subject_id)


def _welcomes(events: Sequence[Event]) -> list[Notice]:
    """New logins, each welcomed once however many events told of it, unless the event says not to welcome;
    asked for again, again."""
    types = {
        "customer": ContentType.objects.get_for_model(Customer).pk,
        "user": ContentType.objects.get_for_model(User).pk,
    }
    found = []
    for event in events:
        if not event.data.get("welcome", True):
            continue
        rows = PortalLogin.objects.filter(_logins_of(event, types)).select_related("user", "customer")
        contacts = primary_contacts(row.customer_id for row in rows)
        for row in rows:
            contact = contacts.get(row.customer_id)
            logins, links = _markers([row.user])
            variables = {
                "name": contact.name if contact else row.customer.name,
                "code": row.customer.code,
                "logins": logins,
                "days": str(days_valid()),
            }
            again = event.kind == "portal_login.welcome_requested"
            key = f"{event.pk}:welcome:{row.user_id}" if again else f"welcome:{row.user_id}"
            addresses: dict[str, str] = {
                Channel.EMAIL: row.user.email or (contact.email if contact else ""),
                Channel.SMS: contact.mobile if contact else "",
            }
            found.append(Notice(key, event, row.customer, addresses, variables, links))
    return found


def _resets(events: Sequence[Event]) -> list[Notice]:
    """Password resets: one mail to the address that was asked for, with a link for each login behind it
    (D-6)."""
    found = []
    for event in events:
        users = _reset_users(event)
        if not users:
            continue
        owner = getattr(users[0], "portal_login", None)
        logins, links = _markers(users)
        contact = primary_contacts([owner.customer_id]).get(owner.customer_id) if owner else None
        variables = {
            "name": str(users[0]) if contact is None else contact.name,
            "logins": logins,
            "days": str(days_valid()),
        }
        addresses: dict[str, str] = {
            Channel.EMAIL: event.data["email"],
            Channel.SMS: contact.mobile if contact else "",
        }
        key = f"{event.pk}:password_reset"
        found.append(Notice(key, event, owner.customer if owner else None, addresses, variables, links))
    return found


def _reset_users(event: Event) -> list[User]:
    """Whom a reset is for: the logins it lists (asked for by e-mail address), else the login it is about."""
    listed = event.data.get("logins")
    chosen = Q(pk__in=listed) if listed else Q(portal_login=event.subject_id)
    users = User.objects.filter(chosen, is_active=True).select_related("portal_login__customer")
    return list(users.order_by("username"))


def _requests(events: Sequence[Event]) -> list[Notice]:
    """Questions to a customer: to where the primary contact is reached, and nowhere else, for the link is a key."""
    rows = CustomerRequest.objects.select_related("customer").in_bulk([event.subject_id for event in events])
    contacts = primary_contacts(row.customer_id for row in rows.values())
    found = []
    for event in events:
        if (row := rows.get(event.subject_id)) is None:
            continue  # the person was erased meanwhile
        contact = contacts.get(row.customer_id)
        marker = f"one-time-link-{secrets.token_hex(12)}"
        variables = {
            "name": contact.name if contact else row.customer.name,
            "code": row.customer.code,
            "link": marker,
            "days": str(DAYS),
        }
        key = f"{event.pk}:{event.kind}:{row.customer_id}"
        links = {marker: f"request:{row.pk}"}
        found.append(Notice(key, event, row.customer, _addresses(contact), variables, links))
    return found


def _usage(events: Sequence[Event]) -> list[Notice]:
    """Usage that staff sent: by the channel they chose, in the words they saw."""
    customers = Customer.objects.in_bulk([event.subject_id for event in events])
    contacts = primary_contacts(customers)
    found = []
    for event in events:
        customer, channel = customers[event.subject_id], event.data["channel"]
        contact = contacts.get(customer.pk)
        variables = {
            "name": contact.name if contact else customer.name,
            "code": customer.code,
            **{name: event.data[name] for name in ("month", "summary", "lines")},
        }
        key = f"{event.pk}:{event.kind}:{customer.pk}"
        copies = _copies(contact) if channel == Channel.EMAIL else []
        found.append(
            Notice(key, event, customer, _addresses(contact), variables, copies=copies, only=channel)
        )
    return found


def _anchors(events: Sequence[Event]) -> list[Notice]:
    """The daily anchor: to whoever the billing settings named when it was written; without anybody, nowhere."""
    found = []
    for event in events:
        if not (mail_to := event.data.get("mail_to")):
            continue
        variables = {
            "name": "",
            "day": event.data["day"],
            "anchor": event.data["anchor"],
            "postings": str(event.data["postings"]),
            "totals": "\n".join(f"{code} {amount}" for code, amount in event.data["totals"]),
        }
        addresses: dict[str, str] = {Channel.EMAIL: mail_to[0], Channel.SMS: ""}
        key = f"{event.pk}:ledger_anchor"
        found.append(Notice(key, event, None, addresses, variables, copies=mail_to[1:]))
    return found


def _bundles(events: Sequence[Event]) -> list[Notice]:
    """Used and transferred data: to the primary contact of the customer whose line it is."""
    customers = Customer.objects.in_bulk([event.about_id for event in events])
    contacts = primary_contacts(customers)
    standing = _standing([event for event in events if event.kind == "data_bundle.used"])
    found = []
    for event in events:
        if event.about_id is None or (customer := customers.get(event.about_id)) is None:
            continue  # the line belongs to nobody any more
        data, contact, stands = event.data, contacts.get(customer.pk), standing.get(event.subject_id)
        here = event.kind != "data_bundle.used"
        variables = {
            "name": contact.name if contact else customer.name,
            "code": customer.code,
            "line": data["receiver"] if here else data["line"],
            "size": format_octets(data["octets"]),
            "until": _until(data.get("expires_at")),
            "level": str(data.get("level", "")),
            "title": data.get("title", ""),
            "left": format_octets(data.get("left_octets", 0)),
            "choices": portal_url() + "data/",
            "rest": format_octets(stands[0]) if stands else "",
            "then": stands[1] if stands else "",
            "giver": data.get("giver", ""),
            "note": data.get("note", ""),
            "undone": "undone" if event.kind == "data_bundle.transfer_undone_here" else "",
        }
        key = f"{event.pk}:{event.kind}:{customer.pk}"
        found.append(Notice(key, event, customer, _addresses(contact), variables, copies=_copies(contact)))
    return found


def _standing(events: Sequence[Event]) -> dict[int, tuple[int, str]]:
    """By bundle: octets that its line has left in all of them, and what becomes of the line when that is nothing."""
    if not events:
        return {}
    rows = DataBundle.objects.filter(pk__in=[event.subject_id for event in events])
    accounts = {
        row.pk: row.data_account for row in rows.select_related("data_account__package__service_once_capped")
    }
    rest = remaining.remaining(
        {account.pk for account in accounts.values()}, max(event.at for event in events)
    )
    return {
        pk: (rest[account.pk].left, running_out.words(account, rest[account.pk]))
        for pk, account in accounts.items()
        if account.pk in rest
    }


def _until(expires_at: str | None) -> str:
    """`2026-12-31`, the last day, or the minute; empty for never."""
    return expiring.until(datetime.fromisoformat(expires_at)).removeprefix("until ") if expires_at else ""


SOURCES: Mapping[str, Callable[[Sequence[Event]], list[Notice]]] = {
    "welcome": _welcomes,
    "password_reset": _resets,
    "invoice_issued": _documents,
    "credit_note_issued": _documents,
    "payment_received": _payments,
    "payment_returned": _payments,
    "debit_order_notice": _debits,
    "debit_order_unpaid": _debits,
    "statement": _statements,
    "data_used": _bundles,
    "data_received": _bundles,
    "topup_added": _topups,
    "auto_topup_stopped": _stopped,
    "data_expiring": _expiring,
    "prepaid_switched": _switched,
    "package_changed": _changed,
    "cancellation_set": _customers,
    "cancellation_cleared": _customers,
    "update_request": _requests,
    "rating_request": _requests,
    "usage_report": _usage,
    "ledger_anchor": _anchors,
}
