"""The acts on a data account: add, edit, block, end, and its RADIUS password.

Nothing here talks to the network. The RADIUS service sees the changed row, and brings a live session in line.
"""

import re
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Lower

from customers.models import Customer, GateKind
from ispbilling.core import events
from ispbilling.core.clock import local_day
from ispbilling.core.errors import DomainError
from ispbilling.core.meanwhile import refuse_if_changed
from ispbilling.core.models import Event, Provider, User
from ispbilling.core.secrets import SecretError
from radius.accounts.models import DataAccount


def suggest_username(customer: Customer) -> str:
    """The customer's code at the usual realm, numbered when taken: `abs001@isp.test`, `abs001-2@...`."""
    stem = re.sub(r"[^a-z0-9_-]", "-", customer.code.lower())
    realm = usual_realm()
    tail = f"@{realm}" if realm else ""
    taken = set(
        DataAccount.objects.filter(username__istartswith=stem).values_list(Lower("username"), flat=True)
    )
    number = 1
    while (name := f"{stem}{f'-{number}' if number > 1 else ''}{tail}") in taken:
        number += 1
    return name


def usual_realm() -> str:
    """The part after @ of the newest data account, or else the provider's mail domain; empty if neither."""
    newest = DataAccount.objects.filter(username__contains="@").order_by("-id").first()
    known = newest.username if newest else Provider.get().email
    return known.rpartition("@")[2].lower()


def add(account: DataAccount, now: datetime, *, actor: User | None) -> DataAccount:
    """Store a new data account (DAT-3). Raises DomainError when customer or package takes no new lines."""
    with transaction.atomic():
        if account.customer.gates.closing(now).filter(kind=GateKind.DELETED).exists():
            raise DomainError(f"{account.customer.code} is deleted; undelete the customer first.")
        if not account.package.active:
            raise DomainError(f"{account.package} is not offered any more; choose another package.")
        if not account.secret:
            raise DomainError("A data account needs a RADIUS password; press Generate.")
        account.created_at = now
        account.save(force_insert=True)
        events.record(
            "data_account.added",
            account,
            actor=actor,
            about=account.customer,
            at=now,
            package=account.package,
        )
    return account


def edit(
    account: DataAccount,
    fields: dict[str, Any],
    now: datetime,
    *,
    actor: User | None,
    seen: int | None = None,
) -> DataAccount:
    """Change the named fields (DAT-1, DAT-6). Raises DomainError when the package is not offered any more,
    ChangedMeanwhile when the line was edited after `seen` (`core.meanwhile`).
    """
    with transaction.atomic():
        stored = lock(account)
        refuse_if_changed(stored, seen, "data_account.edited")
        package = fields.get("package", stored.package)
        if package != stored.package and not package.active:
            raise DomainError(f"{package} is not offered any more; choose another package.")
        changed = events.changes({name: getattr(stored, name) for name in fields}, fields)
        if changed:
            for name in changed:
                setattr(stored, name, fields[name])
            stored.save(update_fields=list(changed))
            events.record(
                "data_account.edited", stored, actor=actor, about=stored.customer, at=now, changes=changed
            )
    return stored


def block(account: DataAccount, now: datetime, *, actor: User | None, reason: str) -> DataAccount:
    """Stop authentication of this line alone (DAT-2, LIF-10). Raises DomainError when it is blocked."""
    with transaction.atomic():
        stored = lock(account)
        if stored.blocked:
            raise DomainError(f"{stored} is already blocked; reload the page.")
        stored.blocked, stored.blocked_reason = True, reason.strip()[:200]
        stored.save(update_fields=["blocked", "blocked_reason"])
        events.record(
            "data_account.blocked",
            stored,
            actor=actor,
            about=stored.customer,
            at=now,
            reason=stored.blocked_reason,
        )
    return stored


def unblock(account: DataAccount, now: datetime, *, actor: User | None) -> DataAccount:
    """Let the line authenticate again. Raises DomainError when it is not blocked."""
    with transaction.atomic():
        stored = lock(account)
        if not stored.blocked:
            raise DomainError(f"{stored} is not blocked; reload the page.")
        because = stored.blocked_reason
        stored.blocked, stored.blocked_reason = False, ""
        stored.save(update_fields=["blocked", "blocked_reason"])
        events.record(
            "data_account.unblocked", stored, actor=actor, about=stored.customer, at=now, was=because
        )
    return stored


def block_again(account: DataAccount, now: datetime, *, actor: User | None) -> DataAccount:
    """Take back an unblocking: blocked for the reason it had. Raises DomainError when it never was unblocked."""
    last = Event.objects.of(account).filter(kind="data_account.unblocked").first()
    if last is None:
        raise DomainError(f"There is nothing to undo: {account} was never unblocked.")
    return block(account, now, actor=actor, reason=last.data["was"])


def end(account: DataAccount, last_day: date | None, now: datetime, *, actor: User | None) -> DataAccount:
    """Set, move or clear (None) the last day of service; access ends at the following midnight (D-10).

    Raises DomainError for a day that has passed (its service was used and billed) or precedes the first day.
    """
    with transaction.atomic():
        stored = lock(account)
        if last_day is not None and last_day < local_day(now):
            raise DomainError("The last day has passed; pick today or a later day.")
        if last_day is not None and last_day < stored.starts_on:
            raise DomainError(f"The last day is before the first, {stored.starts_on}.")
        if stored.ends_on is not None and stored.ends_on < local_day(now):
            raise DomainError(f"{stored} ended on {stored.ends_on}; add a new data account instead.")
        stored.ends_on = last_day
        stored.save(update_fields=["ends_on"])
        kind = "data_account.end_cleared" if last_day is None else "data_account.end_set"
        events.record(kind, stored, actor=actor, about=stored.customer, at=now, last_day=last_day)
    return stored


def change_secret(account: DataAccount, secret: str, now: datetime, *, actor: User | None) -> DataAccount:
    """Give the line another RADIUS password; the event says that, never what."""
    with transaction.atomic():
        stored = lock(account)
        stored.secret = secret
        stored.save(update_fields=["secret"])
        events.record("data_account.secret_changed", stored, actor=actor, about=stored.customer, at=now)
    return stored


def reveal_secret(account: DataAccount, now: datetime, *, actor: User | None, reason: str) -> str:
    """The RADIUS password, for the reason that is recorded before it is shown. Raises DomainError when it cannot be
    read because its key was lost.
    """
    try:
        secret = str(account.secret)
    except SecretError as error:
        raise DomainError("It cannot be read: SECRETS_KEYS lacks its key. Set another password.") from error
    events.record(
        "data_account.secret_revealed",
        account,
        actor=actor,
        about=account.customer,
        at=now,
        reason=reason.strip()[:300],
    )
    return secret


def lock(account: DataAccount, *related: str) -> DataAccount:
    """The line as it is, locked until COMMIT, with its customer, its package and what else is named.

    Nothing is joined while it waits: a line that gets another package meanwhile would not be found.
    """
    DataAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
    return DataAccount.objects.select_related("customer", "package", *related).get(pk=account.pk)
