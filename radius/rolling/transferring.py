"""Giving data of one line to another (reg. 8A(7)), and taking it back while nothing of it was used.

The bundle it comes from holds so much less; the one it becomes expires when that one does, has rolled over as often,
and is as old, so that nobody gains or loses by the way data goes.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from customers.models import Gate, GateKind
from ispbilling.core import events
from ispbilling.core.clock import local_day
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.units import format_octets
from radius.accounts.models import DataAccount
from radius.bundles import altering, counting, granting
from radius.bundles.models import BundleKind, DataBundle, Meter
from radius.catalogue.models import CapKind
from radius.rolling.models import DataSettings, DataTransfer, Door

ALL: Final = "All of it was given to another line"
PART: Final = "A part of it was given to another line"
TAKEN_BACK: Final = "The transfer was taken back"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to go where. `token` is the form's: pressed twice, it goes once."""

    bundle: DataBundle
    to: DataAccount
    octets: int
    token: UUID
    door: Door
    note: str = ""


def origin(bundle: DataBundle) -> DataBundle:
    """The bundle that was granted first, of one that rolled over or was transferred."""
    while bundle.parent is not None:
        bundle = bundle.parent
    return bundle


def obstacles(bundle: DataBundle, now: datetime) -> list[str]:
    """Why nothing of a bundle can be transferred, as sentences."""
    state = bundle.state(now)
    if state in ("void", "expired"):
        return [f"{bundle.title} is over; nothing of it can be transferred."]
    if state == "used":
        return [f"Nothing is left of {bundle.title}."]
    first = origin(bundle)
    if first.promotional:
        return ["Promotional data cannot be transferred."]
    if not first.price and not DataSettings.get().transfer_zero_rated:
        return ["It was given free of charge; such data is not transferred."]
    return []


def refusal(wish: Wish, now: datetime) -> str | None:
    """Why it cannot go there, in words for whoever asks; None when it can."""
    to, today = wish.to, local_day(now)
    if to.pk == wish.bundle.data_account_id:
        return "That is the same line."
    closed = Gate.objects.closing(now).filter(
        customer=to.customer_id, kind__in=(GateKind.DELETED, GateKind.CANCELLED)
    )
    if closed.exists() or (to.ends_on is not None and to.ends_on < today):
        return f"{to} has ended."
    if to.package.cap_kind == CapKind.UNCAPPED and not to.prepaid:
        return f"{to} is uncapped: it would never use it."
    if wish.octets < 1:
        return "Write how much, for example 5 GB."
    if wish.octets > wish.bundle.left_octets:
        return f"Only {format_octets(wish.bundle.left_octets)} is left of {wish.bundle.title}."
    return None


def transfer(wish: Wish, now: datetime, *, actor: User | None) -> DataTransfer:
    """Do it. Raises DomainError when the bundle or the other line does not allow it, or too little is left."""
    giver = wish.bundle.data_account_id
    with transaction.atomic():
        _lock(giver, wish.to.pk)
        if done := DataTransfer.objects.filter(token=wish.token).first():
            return done
        counting.count([giver], now)
        rows = DataBundle.objects.select_related("data_account__customer", "parent")
        bundle = rows.get(pk=wish.bundle.pk)
        for reason in obstacles(bundle, now) or filter(None, [refusal(replace(wish, bundle=bundle), now)]):
            raise DomainError(reason)
        if wish.octets < bundle.octets:
            granting.resize(bundle, bundle.octets - wish.octets, now, PART, actor=actor)
        else:
            granting.void(bundle, now, ALL, actor=actor)
        made = granting.grant(
            wish.to,
            BundleKind.TRANSFER,
            wish.octets,
            now,
            source=f"transfer:{wish.token}",
            title="Transferred data",
            starts_at=bundle.starts_at and max(bundle.starts_at, now),
            valid_seconds=bundle.valid_seconds if bundle.starts_at is None else None,
            expires_at=bundle.expires_at,
            parent=bundle,
            rolled_count=bundle.rolled_count,
            actor=actor,
        )
        row = DataTransfer.objects.create(
            token=wish.token,
            from_bundle=bundle,
            to_bundle=made,
            octets=wish.octets,
            at=now,
            door=wish.door,
            by=actor,
            note=wish.note,
        )
        _tell("transferred", row, now, actor)
    return row


def undo(row: DataTransfer, now: datetime, *, actor: User | None) -> DataTransfer:
    """Take it back. Raises DomainError when some of it was used, or the bundle it came from is over."""
    lines = [row.from_bundle.data_account_id, row.to_bundle.data_account_id]
    with transaction.atomic():
        _lock(*lines)
        counting.count(lines, now)
        rows = DataTransfer.objects.select_for_update(of=("self",)).select_related(
            "from_bundle__data_account__customer", "to_bundle__data_account__customer"
        )
        row = rows.get(pk=row.pk)
        if reason := irrevocable(row, now):
            raise DomainError(reason)
        row.undone_at, row.undone_by = now, actor
        row.save(update_fields=["undone_at", "undone_by"])
        granting.void(row.to_bundle, now, TAKEN_BACK, actor=actor)
        if row.from_bundle.voided_at is not None:
            granting.restore(row.from_bundle, now, actor=actor)
        else:
            whole = row.from_bundle.octets + row.octets
            granting.resize(row.from_bundle, whole, now, TAKEN_BACK, actor=actor)
        _tell("transfer_undone", row, now, actor)
    return row


def kept_void(bundle: DataBundle) -> str | None:
    """Why a bundle that a transfer ended is not given again by itself: its data is on another line (a guard)."""
    if bundle.voided_reason == ALL and bundle.given.filter(undone_at__isnull=True).exists():
        return "All of it was given to another line; take that transfer back instead."
    if DataTransfer.objects.filter(to_bundle=bundle, undone_at__isnull=False).exists():
        return "The transfer that it came by was taken back; transfer the data again instead."
    return None


def _lock(*lines: int) -> None:
    """Both lines and their meters, in the order everybody takes them in."""
    altering.share(sorted(lines))
    list(Meter.objects.filter(pk__in=lines).order_by("pk").select_for_update().values_list("pk", flat=True))


def irrevocable(row: DataTransfer, now: datetime) -> str | None:
    """Why a transfer cannot be taken back; None when it can."""
    given, got = row.from_bundle, row.to_bundle
    if row.undone_at is not None:
        return "It was taken back already."
    if got.drawn_octets or got.given.filter(undone_at__isnull=True).exists():
        return f"{got.data_account} has used or passed on some of it."
    if got.voided_at is not None or got.children.exists():
        return f"{got.data_account} does not have it any more."
    if given.expires_at is not None and given.expires_at <= now:
        return "The bundle it came from has expired meanwhile."
    if given.voided_at is not None and given.voided_reason != ALL:
        return "The bundle it came from was taken back meanwhile."
    return None


def _tell(verb: str, row: DataTransfer, now: datetime, actor: User | None) -> None:
    """On the timelines of both; each reads what the other is called, and nothing else of it."""
    giver, receiver = row.from_bundle.data_account, row.to_bundle.data_account
    facts = {"octets": row.octets, "giver": giver.username, "receiver": receiver.username}
    ends = row.to_bundle.expires_at
    expires = ends.isoformat() if ends else None
    sides = ((verb, row.from_bundle), (f"{verb}_here", row.to_bundle))
    for kind, bundle in sides:
        events.record(
            f"data_bundle.{kind}",
            bundle,
            actor=actor,
            about=bundle.data_account.customer,
            at=now,
            expires_at=expires,
            note=row.note or None,
            **facts,
        )
