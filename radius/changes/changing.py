"""The acts on package changes: schedule, apply, cancel, restore, undo. The only writer of `PackageChange`, and after a
line was added the only one that gives it another package.

Every act locks the line first. What was due by the clock and not applied yet is applied before anything else is
decided, so that nobody decides about a line as it was.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from customers.models import GateKind
from ispbilling.core import events, registries
from ispbilling.core.clock import day_start, local_day, month_of
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from radius.accounts import lines
from radius.accounts.models import DataAccount
from radius.bundles import granting
from radius.catalogue.models import Package
from radius.changes import planning
from radius.changes.models import ChangeSettings, ChangeState, NewCap, PackageChange
from radius.changes.planning import Planned, Terms

SAME = "It has this package already."


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for (PKC-2). `source` names the form, which changes once."""

    account: DataAccount
    package: Package
    on: date
    comment: str = ""
    monthly_price: Decimal | None = None
    package_price: bool = False
    topup_price: Decimal | None = None
    source: str = ""

    @property
    def planned(self) -> Planned:
        return Planned(self.on, self.package.pk, self.monthly_price, self.package_price, self.topup_price)


def schedule(wanted: Wanted, now: datetime, *, actor: User | None, backdate: bool = False) -> PackageChange:
    """Plan a change; one for today or before takes effect at once. The same form twice makes it once.

    `backdate`: whether a day that has passed is allowed. Raises DomainError for a line that cannot have it.
    """
    with transaction.atomic():
        change = plan(wanted, now, actor=actor, backdate=backdate)
        if change.state == ChangeState.SCHEDULED and change.activates_at <= now:
            _apply(change, change.data_account, now, actor=actor)
    return change


def plan(wanted: Wanted, now: datetime, *, actor: User | None, backdate: bool = False) -> PackageChange:
    """As `schedule`, and nothing takes effect: what only asks what a change would cost rolls it back."""
    with transaction.atomic():
        account = _ready(wanted.account, now)
        if known := made(wanted):
            return known
        former = _of_day(account, wanted.on)
        if why := why_not(wanted, account, former, now, backdate=backdate):
            raise DomainError(why)
        before = _before(account, wanted.on, former)
        if former is not None:
            _close(former, ChangeState.SUPERSEDED, now, actor=actor)
        today = local_day(now)
        change = PackageChange.objects.create(
            data_account=account,
            from_package_id=before.package,
            from_price=before.price,
            from_topup_price=before.topup_price,
            to_package=wanted.package,
            monthly_price=wanted.monthly_price,
            package_price=wanted.package_price,
            topup_price=wanted.topup_price,
            activates_on=wanted.on,
            activates_at=day_start(wanted.on) if wanted.on > today else now,
            comment=wanted.comment.strip()[:200],
            supersedes=former,
            source=wanted.source,
            created_at=now,
            created_by=actor,
        )
        events.record(
            "package_change.scheduled", change, actor=actor, about=account.customer, at=now, **_told(change)
        )
    return change


def why_not(
    wanted: Wanted, account: DataAccount, former: PackageChange | None, now: datetime, *, backdate: bool
) -> str:
    """Why it cannot be, as a sentence; empty when it can. `former`: the standing change of that day."""
    today = local_day(now)
    if why := _unserved(account, now):
        return why
    if not wanted.package.active:
        return f"{wanted.package} is not offered any more; choose another package."
    days = (wanted.on, today, account.starts_on, last_day(account))
    if why := planning.day_refused(*days, backdate=backdate):
        return why
    for reason in registries.refusals("package_change.schedule", wanted):
        return reason
    later = account.package_changes.filter(state=ChangeState.APPLIED, activates_on__gt=wanted.on).first()
    if later is not None:
        return f"It was changed to {later.to_package} on {later.activates_on}; undo that first, or choose a later day."
    before = _before(account, wanted.on, former)
    present = before if former is None else _planned(former).of(before)
    if wanted.planned.of(before) == present or (former is None and wanted.package.pk == before.package):
        return f"{account} has {wanted.package} on {wanted.on} already; choose another package."
    if former is not None and former.state == ChangeState.SCHEDULED and wanted.package.pk == before.package:
        return f"It keeps {wanted.package} when you cancel the change of {wanted.on}; do that instead."
    return ""


def apply(change: PackageChange, now: datetime) -> bool:
    """Apply a scheduled change whose instant has come; False when it is not due, or was dealt with. What cannot be
    applied any more fails with its reason."""
    with transaction.atomic():
        account = lines.lock(change.data_account)
        due = account.package_changes.scheduled().filter(activates_at__lte=now)
        if not due.filter(pk=change.pk).exists():
            return False
        for one in due.filter(activates_on__lte=change.activates_on).order_by("activates_on"):
            _apply(one, account, now, actor=None)
    return True


def cancel(change: PackageChange, now: datetime, *, actor: User | None, reason: str = "") -> PackageChange:
    """Take back a change that has not taken effect. Raises DomainError when it has, or does not stand."""
    with transaction.atomic():
        _ready(change.data_account, now)
        stored = PackageChange.objects.get(pk=change.pk)
        if stored.state == ChangeState.APPLIED:
            raise DomainError(f"It took effect on {stored.activates_on}; undo it instead.")
        if stored.state != ChangeState.SCHEDULED:
            raise DomainError(f"It is {stored.get_state_display().lower()} already; reload the page.")
        return _close(stored, ChangeState.CANCELLED, now, actor=actor, reason=reason)


def restore(change: PackageChange, now: datetime, *, actor: User | None) -> PackageChange:
    """Schedule a cancelled change again. Raises DomainError when it could not be scheduled now, or its day is not to
    come."""
    with transaction.atomic():
        account = _ready(change.data_account, now)
        stored = PackageChange.objects.select_related("to_package").get(pk=change.pk)
        if stored.state != ChangeState.CANCELLED:
            raise DomainError(
                f"It is {stored.get_state_display().lower()}; only a cancelled change is restored."
            )
        if stored.activates_on <= local_day(now):
            raise DomainError("Its day has come; add it again for today.")
        if (other := _of_day(account, stored.activates_on)) is not None:
            raise DomainError(f"The line changes to {other.to_package} on that day; cancel that first.")
        wanted = Wanted(
            account, stored.to_package, stored.activates_on, "", stored.monthly_price, stored.package_price,
            stored.topup_price,
        )  # fmt: skip
        if why := why_not(wanted, account, None, now, backdate=False):
            raise DomainError(why)
        stored.state, stored.reason, stored.closed_at = ChangeState.SCHEDULED, "", None
        stored.save(update_fields=["state", "reason", "closed_at"])
        events.record(
            "package_change.scheduled", stored, actor=actor, about=account.customer, at=now, **_told(stored)
        )
    return stored


def undo(change: PackageChange, now: datetime, *, actor: User | None, reason: str = "") -> PackageChange:
    """Give the line back what it had before an applied change, as though it had not been.

    Raises DomainError when it is not applied, or the line was changed since.
    """
    with transaction.atomic():
        account = _ready(change.data_account, now)
        stored = PackageChange.objects.select_related("from_package", "to_package").get(pk=change.pk)
        if stored.state != ChangeState.APPLIED:
            raise DomainError(
                f"It is {stored.get_state_display().lower()}; only an applied change is undone."
            )
        if why := _unserved(account, now):
            raise DomainError(why)
        later = account.package_changes.filter(
            state=ChangeState.APPLIED, activates_on__gt=stored.activates_on
        )
        if (other := later.first()) is not None:
            raise DomainError(
                f"It was changed again on {other.activates_on}, to {other.to_package}; undo that first."
            )
        if account.package_id != stored.to_package_id:
            raise DomainError(f"The line has {account.package} by now; change it from there.")
        _give(account, Terms(stored.from_package_id, stored.from_price, stored.from_topup_price))
        _close(stored, ChangeState.UNDONE, now, actor=actor, reason=reason)
        _resize(account, now, f"package change of {stored.activates_on} undone")
    return stored


def last_day(account: DataAccount) -> date | None:
    """The last day of service of the line: its own, or that of its customer's cancellation."""
    gate = account.customer.gates.standing().filter(kind=GateKind.CANCELLED).first()
    days = [day for day in (account.ends_on, gate.last_day if gate else None) if day is not None]
    return min(days, default=None)


def _apply(change: PackageChange, account: DataAccount, now: datetime, *, actor: User | None) -> None:
    """Under the line's lock."""
    replaced = change.supersedes if change.supersedes_id else None
    if replaced is None or replaced.applied_at is None:
        change.from_package, change.from_price = account.package, account.custom_price
        change.from_topup_price = account.custom_topup_price
    if why := _unserved(account, now) or _too_late(change, account) or _needless(change, account):
        fresh = PackageChange.objects.get(pk=change.pk)
        _close(fresh, ChangeState.FAILED, now, actor=actor, reason=why)
        change.refresh_from_db()
        return
    change.state, change.applied_at = ChangeState.APPLIED, now
    change.save(update_fields=["state", "applied_at", "from_package", "from_price", "from_topup_price"])
    _give(account, Terms(change.to_package_id, change.to_price, change.to_topup_price))
    events.record(
        "package_change.applied", change, actor=actor, about=account.customer, at=now, **_told(change)
    )
    _resize(account, now, f"package change of {change.activates_on}")


def _give(account: DataAccount, terms: Terms) -> None:
    account.package_id, account.custom_price = terms.package, terms.price
    account.custom_topup_price = terms.topup_price
    account.save(update_fields=["package", "custom_price", "custom_topup_price"])


def cap(account: DataAccount, day: date) -> int | None:
    """The cap of the line in the month of that day, after the changes up to and with that day; None: uncapped."""
    month = month_of(day)
    standing = account.package_changes.standing().filter(activates_on__lte=day).order_by("activates_on")
    caps = standing.values_list("activates_on", "from_package__cap_octets", "to_package__cap_octets")
    rows = [row for row in caps if row[0] > month.start]
    first = rows[0][1] if rows else _package(account, day).cap_octets
    prorated = ChangeSettings.get().new_cap == NewCap.PRORATED
    return planning.cap_of_month(month, first, [(on, to) for on, _, to in rows], prorated=prorated)


def _package(account: DataAccount, day: date) -> Package:
    """What the line has on that day: its package, or one that is scheduled."""
    coming = account.package_changes.scheduled().filter(activates_on__lte=day).select_related("to_package")
    last = coming.order_by("activates_on").last()
    return last.to_package if last else account.package


def _resize(account: DataAccount, now: datetime, reason: str) -> None:
    """Bring the cap of the month in line; what was used in it stays used."""
    stored = DataAccount.objects.select_related("package").get(pk=account.pk)
    granting.resize_monthly(stored, cap(stored, local_day(now)), now, reason)


def _ready(account: DataAccount, now: datetime) -> DataAccount:
    """The line, locked, with whatever is due by the clock applied."""
    locked = lines.lock(account)
    for change in locked.package_changes.scheduled().filter(activates_at__lte=now).order_by("activates_on"):
        _apply(change, locked, now, actor=None)
    return lines.lock(account)


def made(wanted: Wanted) -> PackageChange | None:
    """What the same form made before. Raises DomainError when it said something else."""
    if not wanted.source:
        return None
    known = PackageChange.objects.filter(source=wanted.source).first()
    same = (wanted.account.pk, wanted.package.pk, wanted.on)
    if known is not None and (known.data_account_id, known.to_package_id, known.activates_on) != same:
        raise DomainError(
            "This form was sent before, with something else. Open it again to make another change."
        )
    return known


def _of_day(account: DataAccount, on: date) -> PackageChange | None:
    return (
        account.package_changes.standing()
        .filter(activates_on=on)
        .select_related("to_package", "from_package")
        .first()
    )


def _planned(change: PackageChange) -> Planned:
    return Planned(
        change.activates_on,
        change.to_package_id,
        change.monthly_price,
        change.package_price,
        change.topup_price,
    )


def _before(account: DataAccount, on: date, former: PackageChange | None) -> Terms:
    """What the line has, or will have, before the changes of that day."""
    if former is not None and former.state == ChangeState.APPLIED:
        return Terms(former.from_package_id, former.from_price, former.from_topup_price)
    present = Terms(account.package_id, account.custom_price, account.custom_topup_price)
    return planning.upon(on, present, map(_planned, account.package_changes.scheduled()))


def _unserved(account: DataAccount, now: datetime) -> str:
    """Why the line cannot have another package whatever the day. Suspended and blocked lines can."""
    if account.customer.gates.closing(now).filter(kind=GateKind.DELETED).exists():
        return f"{account.customer.code} is deleted; undelete the customer first."
    if account.prepaid:
        return f"{account} is prepaid and buys its data: give it another package with Edit, or switch it to monthly."
    return ""


def _too_late(change: PackageChange, account: DataAccount) -> str:
    last = last_day(account)
    if last is not None and change.activates_on > last:
        return f"The last day of service is {last}."
    return ""


def _needless(change: PackageChange, account: DataAccount) -> str:
    if change.supersedes_id is None and change.to_package_id == account.package_id:
        return SAME
    return ""


def _close(
    change: PackageChange, state: ChangeState, now: datetime, *, actor: User | None, reason: str = ""
) -> PackageChange:
    change.state, change.closed_at, change.reason = state, now, reason.strip()[:300]
    change.save(update_fields=["state", "closed_at", "reason"])
    events.record(
        f"package_change.{state.value}",
        change,
        actor=actor,
        about=change.data_account.customer,
        at=now,
        reason=change.reason or None,
        **_told(change),
    )
    return change


def _told(change: PackageChange) -> dict[str, object]:
    return {
        "line": change.data_account.username,
        "package": change.to_package,
        "before": change.before,
        "on": change.activates_on,
        "monthly_price": change.monthly_price,
        "topup_price": change.topup_price,
        "comment": change.comment or None,
    }
