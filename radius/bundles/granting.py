"""The acts on what a line holds: grant, resize and take back bundles, and whether its usage is drawn from them.

Each locks the line's meter, as the drawer does, and counts the line again before it ends: what it changed is true for
access at COMMIT. With `monthly`, `settling` and `altering` the only writer of `DataBundle`.
"""

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from ispbilling.core import events, registries
from ispbilling.core.clock import day_end, day_start, local_day, month_of
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from ispbilling.core.units import format_octets
from radius.accounts import lines
from radius.accounts.models import DataAccount
from radius.bundles import altering, counting, monthly, settling
from radius.bundles.models import BundleKind, DataBundle
from radius.bundles.remaining import remaining
from radius.catalogue.models import Package

MONTHLY_STAYS = "The monthly data comes with the package. Change the package, or block the data account."
#: The most that one bundle holds: sums over a line's bundles stay within what PostgreSQL counts.
MOST_OCTETS = 10**17


def grant(
    account: DataAccount,
    kind: BundleKind | str,
    octets: int,
    now: datetime,
    *,
    source: str,
    price: Decimal = Decimal("0.00"),
    title: str = "",
    starts_at: datetime | None = None,
    expires_at: datetime | None = None,
    valid_seconds: int | None = None,
    draws_from: datetime | None = None,
    promotional: bool = False,
    parent: DataBundle | None = None,
    rolled_count: int = 0,
    actor: User | None = None,
) -> DataBundle:
    """Give the line a bundle; the one that `source` names when it was granted before.

    It starts at `starts_at`, by default now; with `valid_seconds` and no start at its first use. A top-up of a package
    without "add over-usage on top-up" first covers what the month used over the cap (2.9); `draws_from` says otherwise.
    Raises DomainError for an amount out of bounds, a bundle that is over before it begins, and on an uncapped line.
    """
    _refuse_amount(octets)
    first_use = starts_at is None and valid_seconds is not None
    begins = None if first_use else starts_at or now
    if expires_at is not None and expires_at <= max(begins or now, now):
        raise DomainError("This data would be over before it could be used; choose a later day.")
    with transaction.atomic():
        altering.share([account.pk])
        settling.settle([account.pk], now)
        altering.lock(account)
        known = DataBundle.objects.filter(source=source).first()
        if known is not None:
            return known
        bundle = DataBundle.objects.create(
            data_account=account,
            kind=kind,
            title=(title or BundleKind(kind).label)[:120],
            octets=octets,
            price=price,
            promotional=promotional,
            starts_at=begins,
            valid_seconds=valid_seconds,
            expires_at=expires_at,
            draws_from=None if begins is None else draws_from or _draws_from(account, kind, begins),
            origin_at=parent.origin_at if parent is not None and begins is not None else begins or now,
            source=source,
            parent=parent,
            rolled_count=rolled_count,
            created_at=now,
            created_by=actor,
        )
        altering.record(
            "granted", bundle, now, actor, octets=octets, price=price, expires_at=expires_at, source=source
        )
        counting.count([account.pk], now, since=local_day(bundle.draws_from or now))
    bundle.refresh_from_db()
    return bundle


def resize(
    bundle: DataBundle, octets: int, now: datetime, reason: str, *, actor: User | None = None
) -> DataBundle:
    """Change how much a bundle holds, never to less than was drawn of it; usage since its start is drawn again.

    Raises DomainError for an amount out of bounds, and for a bundle that was taken back.
    """
    _refuse_amount(octets)
    with transaction.atomic():
        altering.lock(bundle.data_account)
        stored = _stored(bundle)
        if stored.voided_at is not None:
            raise DomainError(f"{stored} was taken back.")
        altering.resize(stored, max(octets, stored.drawn_octets), now, reason, actor)
    return stored


def resize_monthly(
    account: DataAccount, octets: int | None, now: datetime, reason: str, *, actor: User | None = None
) -> DataBundle | None:
    """Give this month's bundle another amount, as a package change does (2.8): what was used already is kept against
    it. `octets` None: the line is uncapped from now on; top-ups keep their own expiry.

    To be called when the line has its new package. Returns the bundle; None where there is none: a prepaid line, or
    one that is not in service this month.
    """
    if octets is not None:
        _refuse_amount(octets)
    month = month_of(local_day(now)).start
    with transaction.atomic():
        altering.share([account.pk])
        if octets is None:
            bundle = altering.of_month(account.pk, month)
            if bundle is not None and bundle.voided_at is None:
                altering.void(bundle, now, reason, actor)
            settling.settle([account.pk], now)
            return bundle
        settling.settle_one(account.pk, now, resizing=False)
        bundle = altering.of_month(account.pk, month)
        if bundle is not None:
            altering.resize_month(bundle, octets, now, reason, actor)
        return bundle


def ensure_monthly(account: DataAccount, month: date, now: datetime) -> DataBundle | None:
    """The monthly bundle of a month (any day of it), granted if need be; None: prepaid, uncapped or not in service."""
    first = month_of(month).start
    with transaction.atomic():
        settling.settle([account.pk], now)
        if monthly.ensure([account.pk], first, now):
            counting.count([account.pk], now, since=first)
        return altering.of_month(account.pk, first)


def void(bundle: DataBundle, now: datetime, reason: str, *, actor: User | None = None) -> DataBundle:
    """Take a bundle back: nothing more is drawn from it; what was drawn was used. Raises DomainError when it was
    taken back before, without a reason, and for the monthly cap: that comes with the package.
    """
    if not reason.strip():
        raise DomainError("Say why it is taken back.")
    if bundle.kind == BundleKind.MONTHLY:
        raise DomainError(MONTHLY_STAYS)
    with transaction.atomic():
        altering.lock(bundle.data_account)
        stored = _stored(bundle)
        if stored.voided_at is not None:
            raise DomainError(f"{stored} was taken back before; reload the page.")
        altering.void(stored, now, reason, actor)
    return stored


def restore(bundle: DataBundle, now: datetime, *, actor: User | None = None) -> DataBundle:
    """Undo `void`. Raises DomainError when it was not taken back, or has expired since."""
    with transaction.atomic():
        altering.lock(bundle.data_account)
        stored = _stored(bundle)
        if stored.voided_at is None:
            raise DomainError(f"{stored} was not taken back; reload the page.")
        if stored.expires_at is not None and stored.expires_at <= now:
            raise DomainError(f"{stored} has expired.")
        for reason in registries.refusals("data_bundle.restore", stored):
            raise DomainError(reason)
        if (
            stored.month is not None
            and (other := altering.of_month(stored.data_account_id, stored.month)) != stored
        ):
            raise DomainError(f"The month has another bundle by now: {other}.")
        since = local_day(stored.voided_at)
        stored.voided_at, stored.voided_reason = None, ""
        stored.save(update_fields=["voided_at", "voided_reason"])
        altering.record("restored", stored, now, actor)
        counting.count([stored.data_account_id], now, since=since)
    stored.refresh_from_db()
    return stored


def left_without(bundle: DataBundle, now: datetime) -> int:
    """Octets that the line could still use if the bundle were taken back."""
    found = remaining([bundle.data_account_id], now).get(bundle.data_account_id)
    usable = bundle.state(now) in ("active", "waiting")
    return 0 if found is None else max(0, found.left - (bundle.left_octets if usable else 0))


def set_prepaid(account: DataAccount, now: datetime, *, actor: User | None = None) -> int:
    """Make the line live from bundles it buys alone (2.10); its monthly bundle is taken back. Returns the octets that
    were left of that. Raises DomainError when it is prepaid.
    """
    with transaction.atomic():
        stored = lines.lock(account)
        if stored.prepaid:
            raise DomainError(f"{stored} is prepaid already; reload the page.")
        settling.settle([stored.pk], now)
        counting.count([stored.pk], now)
        bundle = altering.of_month(stored.pk, month_of(local_day(now)).start)
        left = bundle.left_octets if bundle is not None and bundle.voided_at is None else 0
        _set_prepaid(account, stored, now)
        settling.settle([stored.pk], now)
        events.record(
            "data_account.prepaid", stored, actor=actor, about=stored.customer, at=now, left_octets=left
        )
    return left


def set_monthly(
    account: DataAccount, now: datetime, *, octets: int | None = None, actor: User | None = None
) -> DataBundle | None:
    """Make a prepaid line a monthly one again, with the month's cap or `octets` from now on; bundles that were bought
    keep their own expiry. Raises DomainError when it is not prepaid. Returns the monthly bundle, if it is capped.
    """
    if octets is not None:
        _refuse_amount(octets)
    month = month_of(local_day(now))
    with transaction.atomic():
        stored = lines.lock(account)
        if not stored.prepaid:
            raise DomainError(f"{stored} is not prepaid; reload the page.")
        settling.settle([stored.pk], now)
        _set_prepaid(account, stored, None)
        cap, bundle = stored.package.cap_octets, None
        if cap is not None:
            # What it used while it was prepaid is no affair of its cap: a bundle of its own, whatever the month had.
            known = DataBundle.objects.filter(data_account=stored, kind=BundleKind.MONTHLY, month=month.start)
            name = monthly.source(stored.pk, month.start)
            bundle = DataBundle.objects.create(
                data_account=stored,
                kind=BundleKind.MONTHLY,
                title=monthly.title(month.start),
                octets=octets or cap,
                price=stored.price,
                month=month.start,
                package=stored.package,
                starts_at=now,
                expires_at=day_end(month.last),
                draws_from=now,
                origin_at=now,
                source=f"{name}:{known.count() + 1}" if known.exists() else name,
                created_at=now,
                created_by=actor,
            )
        events.record("data_account.monthly", stored, actor=actor, about=stored.customer, at=now)
        settling.settle([stored.pk], now)
        counting.count([stored.pk], now, since=local_day(now))
    return bundle


def _set_prepaid(account: DataAccount, stored: DataAccount, since: datetime | None) -> None:
    for one in (account, stored):
        one.prepaid, one.prepaid_since = since is not None, since
    stored.save(update_fields=["prepaid", "prepaid_since"])


def _draws_from(account: DataAccount, kind: BundleKind | str, begins: datetime) -> datetime:
    """Since when what was used may be drawn from it. Where over-usage is not added to it, it covers that first (2.9);
    nothing of before the line was prepaid.
    """
    package = Package.objects.get(data_accounts=account.pk)
    if kind not in _BOUGHT or package.add_overusage_on_topup:
        return begins
    since = day_start(month_of(local_day(begins)).start)
    return min(begins, max(since, account.prepaid_since) if account.prepaid_since is not None else since)


_BOUGHT = (BundleKind.TOPUP, BundleKind.ADHOC, BundleKind.TRANSFER)


def _stored(bundle: DataBundle) -> DataBundle:
    return DataBundle.objects.select_related("data_account__customer").get(pk=bundle.pk)


def _refuse_amount(octets: int) -> None:
    if octets <= 0:
        raise DomainError("Data is more than 0; choose an amount.")
    if octets > MOST_OCTETS:
        raise DomainError(f"A bundle holds at most {format_octets(MOST_OCTETS)}.")
