"""Changes to a customer: its columns, its code, its contacts and its portal login; each leaves an event."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, models, transaction

from customers.accounts import codes, numbering, reach
from customers.accounts.models import CodeAlias, Contact, Customer, PortalLogin, PositionSource
from customers.accounts.onboarding import CodeTaken, usual_username
from ispbilling.core import events, external, registries
from ispbilling.core.errors import DomainError
from ispbilling.core.models import Event, ExternalKind, User

#: Columns whose values are personal enough that the log only says that they changed.
HIDDEN = frozenset({"id_number"})
#: The event says by itself who and when.
UNTOLD = frozenset({"position_set_by", "position_set_at"})


class ChangedMeanwhile(DomainError):
    """Somebody else saved the customer after this form was opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactValues:
    """One contact as the form has it; `pk` None is a new one. `email` and `mobile` may hold several (`reach`)."""

    pk: int | None = None
    name: str
    email: str = ""
    mobile: str = ""
    primary: bool = False


def edit(
    customer: Customer,
    values: Mapping[str, Any],
    now: datetime,
    *,
    actor: User | None,
    contacts: Sequence[ContactValues] | None = None,
    seen: str = "",
) -> Customer:
    """Store the given columns (many-to-many ones too) and, when given, the whole list of contacts.

    `seen` is what `sight` gave when the form was opened. Raises ChangedMeanwhile when the customer is
    not that any more, CodeTaken for a code in use, DomainError unless exactly one contact is primary.
    """
    with _taken_in_words(), transaction.atomic():
        row = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
        opened, _, since = seen.partition(":")
        if opened and opened != fingerprint(row):
            raise ChangedMeanwhile(_what_changed(row, int(since) if since.isdecimal() else 0))
        changed = _set_columns(row, _with_origin(row, values, now, actor))
        changed |= _set_many(row, values)
        if contacts is not None:
            changed |= _set_contacts(row, contacts)
        if changed:
            events.record("customer.edited", row, actor=actor, at=now, changes=changed)
    return row


#: What another row has that was free a moment ago, by the constraint that says so.
TAKEN = {
    "customers_customer_code_ci": "Another customer has just been given this account code.",
    "customers_codealias_code_ci": "Another customer once had this account code.",
    "core_user_username": "This portal username has just been taken; choose another.",
}


@contextmanager
def _taken_in_words() -> Iterator[None]:
    """Two people wanted the same at the same moment: the second is told, as CodeTaken or DomainError."""
    try:
        yield
    except IntegrityError as error:
        for name, sentence in TAKEN.items():
            if name in str(error):
                raise (CodeTaken if "code" in name else DomainError)(sentence) from error
        raise


def fingerprint(customer: Customer) -> str:
    """Stands for everything an edit form shows; two of them differ when somebody saved in between."""
    columns = [field.attname for field in Customer._meta.concrete_fields]
    parts = [str(Customer.objects.values_list(*columns).get(pk=customer.pk))]
    for field in Customer._meta.many_to_many:
        parts.append(str(sorted(getattr(customer, field.name).values_list("pk", flat=True))))
    columns = [field.attname for field in Contact._meta.concrete_fields]
    parts.append(str(list(customer.contacts.order_by("pk").values_list(*columns))))
    parts.append(str(list(customer.portal_logins.order_by("pk").values_list("user__username"))))
    parts.append(str(list(customer.gates.standing().order_by("pk").values_list("kind", "since", "reason"))))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def sight(customer: Customer) -> str:
    """What a form keeps to notice that somebody saved since: the fingerprint, and the last event by then."""
    last = Event.objects.about(customer).order_by("-pk").values_list("pk", flat=True).first()
    return f"{fingerprint(customer)}:{last or 0}"


def mentions(customer: Customer) -> list[str]:
    """What carries the present account code, as sentences for whoever is about to change it (1.4 step 11)."""
    code = customer.code
    found = [f"{code} stays known to search and payments, and is never given to anybody else."]
    found += registries.refusals("customer.recode", customer)
    group = customer.billing_group
    if group is not None and group.debit_day:
        found.append(
            f"It is debited with billing group {group} on day {group.debit_day}: "
            f"mandates given to the bank name {code} as their reference."
        )
    if known := external.id_of(ExternalKind.CUSTOMER, customer.pk):
        found.append(f"The accounting ID {known} stays; the code there is changed there.")
    names = [login.user.username for login in customer.portal_logins.select_related("user")]
    found += [
        f"The portal username stays {name}; it is changed on the Portal Login tab."
        for name in names
        if name.upper() in (code, usual_username(code))
    ]
    return found


def rename_login(login: PortalLogin, username: str, now: datetime, *, actor: User | None) -> None:
    """Change the portal username. Raises DomainError when another user has it."""
    user = login.user
    if user.username == username:
        return
    if User.objects.filter(username__iexact=username).exclude(pk=user.pk).exists():
        raise DomainError(f"The portal username {username} is in use; choose another.")
    old, user.username = user.username, username
    with _taken_in_words(), transaction.atomic():
        user.save(update_fields=["username"])
    events.record(
        "portal_login.edited",
        login,
        actor=actor,
        about=login.customer,
        at=now,
        changes={"username": [old, username]},
    )


def set_password(login: PortalLogin, password: str, now: datetime, *, actor: User | None) -> None:
    """Set the portal password by hand (PWD-3); the event says that it changed, never to what."""
    login.user.set_password(password)
    login.user.save(update_fields=["password"])
    events.record("portal_login.password_set", login, actor=actor, about=login.customer, at=now)


def request_reset(login: PortalLogin, now: datetime, *, actor: User | None) -> None:
    """Ask for the mail with the link to set a password (PWD-1). Raises DomainError without an address."""
    if not login.user.email:
        raise DomainError("The portal login has no e-mail address; add one to the primary contact first.")
    events.record(
        "portal_login.reset_requested",
        login,
        actor=actor,
        about=login.customer,
        at=now,
        username=login.user.username,
        email=login.user.email,
    )


def _with_origin(
    row: Customer, values: Mapping[str, Any], now: datetime, actor: User | None
) -> Mapping[str, Any]:
    """The values with who set the position, and how; one that stays keeps what is known of it (D-5)."""
    kept = {name: value for name, value in values.items() if not name.startswith("position_")}
    place = tuple(values.get(name, getattr(row, name)) for name in ("latitude", "longitude"))
    if place == (row.latitude, row.longitude):
        return kept
    there = None not in place
    return kept | {
        "position_source": (values.get("position_source") or PositionSource.TYPED) if there else "",
        "position_accuracy": values.get("position_accuracy", "") if there else "",
        "position_label": values.get("position_label", "") if there else "",
        "position_set_by": actor if there else None,
        "position_set_at": now if there else None,
    }


def _set_columns(row: Customer, values: Mapping[str, Any]) -> dict[str, list[Any]]:
    columns = [f.name for f in Customer._meta.concrete_fields if f.name in values]
    before = {name: getattr(row, name) for name in columns}
    after = {name: values[name] for name in columns}
    if "code" in after:
        after["code"] = _recode(row, after["code"])
    changed = events.changes(before, after)
    for name in changed:
        setattr(row, name, after[name])
    if changed:
        row.save(update_fields=list(changed))
    told = {name: pair for name, pair in changed.items() if name not in UNTOLD}
    return {name: ["(hidden)", "(hidden)"] if name in HIDDEN else pair for name, pair in told.items()}


def _recode(row: Customer, typed: str) -> str:
    """The new code, the old one kept as an alias that search and payments still know (1.4 step 11)."""
    try:
        code = codes.tidy(typed)
    except ValueError as error:
        raise DomainError(str(error)) from error
    if code != row.code:
        numbering.claim(code)
        if numbering.is_taken(code, by_other_than=row):
            raise CodeTaken(f"Another customer has, or once had, the account code {code}.")
        CodeAlias.objects.filter(customer=row, code=code).delete()
        CodeAlias.objects.create(customer=row, code=row.code)
    return code


def _set_many(row: Customer, values: Mapping[str, Any]) -> dict[str, list[Any]]:
    changed: dict[str, list[Any]] = {}
    for field in Customer._meta.many_to_many:
        if field.name in values:
            manager = getattr(row, field.name)
            before = sorted(map(str, manager.all()))
            manager.set(values[field.name])
            after = sorted(map(str, values[field.name]))
            if before != after:
                changed[field.name] = [", ".join(before), ", ".join(after)]
    return changed


def _set_contacts(row: Customer, wanted: Sequence[ContactValues]) -> dict[str, list[Any]]:
    if sum(contact.primary for contact in wanted) != 1:
        raise DomainError("Exactly one contact is the primary contact; choose which.")
    before = _as_text(row.contacts.all())
    kept = {contact.pk for contact in wanted if contact.pk}
    if Contact.objects.filter(pk__in=kept).exclude(customer=row).exists():
        raise ChangedMeanwhile(
            f"One of these contacts is another customer's, not {row.code}'s; open it again."
        )
    kept &= set(row.contacts.values_list("pk", flat=True))  # one that was removed meanwhile comes back as new
    row.contacts.exclude(pk__in=kept).delete()
    row.contacts.update(primary=False)  # the database admits one primary at any instant
    for contact in wanted:
        columns = {
            "name": contact.name,
            "email": reach.first(contact.email),
            "mobile": reach.first(contact.mobile),
            "more_emails": reach.others(contact.email),
            "more_mobiles": reach.others(contact.mobile),
            "primary": contact.primary,
        }
        if contact.pk in kept:
            row.contacts.filter(pk=contact.pk).update(**columns)
        else:
            Contact.objects.create(customer=row, **columns)
    _follow_primary(row)
    after = _as_text(row.contacts.all())
    return {"contacts": [before, after]} if before != after else {}


def _follow_primary(row: Customer) -> None:
    """The primary login is mailed where the primary contact is reached."""
    primary = row.contacts.filter(primary=True).first()
    login = row.portal_logins.select_related("user").filter(primary=True).first()
    if primary and login and login.user.email != primary.email:
        login.user.email = primary.email
        login.user.save(update_fields=["email"])


def _as_text(contacts: models.QuerySet[Contact]) -> str:
    return "; ".join(
        f"{c.name} <{', '.join(c.emails)}> {', '.join(c.mobiles)}{' (primary)' if c.primary else ''}"
        for c in contacts
    )


def _what_changed(row: Customer, since: int) -> str:
    """Who did what to the customer after the event of that number, as one sentence."""
    meanwhile = list(Event.objects.about(row).filter(pk__gt=since).select_related("actor").order_by("pk")[:6])
    told = "; ".join(f"{event.actor or 'The system'} {_deed(event)}" for event in meanwhile)
    return (
        f"{row.code} was changed while you were editing{f': {told}' if told else ''}. Nothing of yours is lost: "
        "check the fields and save again to keep what you see here."
    )


def _deed(event: Event) -> str:
    """`changed phone (now 021 555 0000)`, or what the event is called: `recorded customer suspended`."""
    changes = event.data.get("changes")
    if not changes:
        return f"recorded “{event.kind.replace('.', ' ').replace('_', ' ')}”"
    parts = []
    for name, (_, new) in changes.items():
        value = "" if new == "(hidden)" else f" (now {str(new)[:80] if new not in ('', None) else 'empty'})"
        parts.append(f"{name.replace('_', ' ')}{value}")
    return f"changed {', '.join(parts)}"
