"""Package changes as staff make and take them back, with their money: the act of `radius.changes`, then what is to be
billed at once. The sweep `package_changes` does the same for what was scheduled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from billing.changes import correcting
from billing.changes.correcting import Settled
from billing.recurring import lines
from billing.recurring.models import BillingSettings, ChangesBilled, RecurringLine
from ispbilling.core.clock import local_day
from ispbilling.core.models import User
from ispbilling.core.plans import Plan, Step
from radius.changes import changing
from radius.changes.changing import Wanted
from radius.models import ChangeState, DataAccount, PackageChange


@dataclass(frozen=True, slots=True)
class Made:
    """A change and what it brought about."""

    change: PackageChange
    money: Settled = Settled()


def make(wanted: Wanted, now: datetime, *, actor: User | None, backdate: bool = False) -> Made:
    """As `changing.schedule`. A backdated change puts right what was billed by credit note and invoice."""
    with transaction.atomic():
        change = changing.schedule(wanted, now, actor=actor, backdate=backdate)
        return Made(change, _settle(change, now, actor))


def undo(change: PackageChange, now: datetime, *, actor: User | None, reason: str = "") -> Made:
    """As `changing.undo`."""
    with transaction.atomic():
        undone = changing.undo(change, now, actor=actor, reason=reason)
        return Made(undone, _settle(undone, now, actor))


def cancel(change: PackageChange, now: datetime, *, actor: User | None, reason: str = "") -> Made:
    """As `changing.cancel`; what was billed ahead for it comes back."""
    with transaction.atomic():
        cancelled = changing.cancel(change, now, actor=actor, reason=reason)
        return Made(cancelled, _settle(cancelled, now, actor))


def plan(now: datetime) -> Plan:
    """The sweep: package changes whose day has come.

    The RADIUS service knows them by the clock and billing by their day: a late sweep delays what pages say, the new
    cap, and paper.
    """
    due = PackageChange.objects.scheduled().filter(activates_at__lte=now).order_by("activates_at", "pk")
    steps = [
        Step(one, str(one.data_account), f"change to {one.to_package}", f"scheduled for {one.activates_on}")
        for one in due.select_related("data_account__customer", "to_package", "supersedes")
    ]
    # One a transaction: whoever issues paper holds the numbers, and must not wait for the next line meanwhile.
    return Plan("package_changes", steps, _apply, chunk=1)


def _apply(steps: Sequence[Step], now: datetime) -> int:
    done = 0
    for step in steps:
        if changing.apply(step.key, now):
            _settle(step.key, now, None)
            done += 1
    return done


def at_once(change: PackageChange) -> bool:
    """Whether what it makes of billed days is billed without waiting for a run."""
    return _backdated(change) or BillingSettings.get().changes_billed == ChangesBilled.AT_ONCE


def _backdated(change: PackageChange) -> bool:
    return change.activates_on < local_day(change.created_at)


def _settle(change: PackageChange, now: datetime, actor: User | None) -> Settled:
    """Call the recurring line what it is charged for by now, and bill at once where that is wanted."""
    _rename(change, now, actor)
    if not at_once(change):
        return Settled()
    backdated = _backdated(change)
    return correcting.settle(change.data_account.customer, now, actor=actor, anew=backdated)


def _rename(change: PackageChange, now: datetime, actor: User | None) -> None:
    """A recurring line that is called as a package of its line was is called as the present one."""
    account = DataAccount.objects.select_related("package").get(pk=change.data_account_id)
    theirs = account.package_changes.exclude(state=ChangeState.FAILED)
    titles = {
        title for pair in theirs.values_list("from_package__title", "to_package__title") for title in pair
    }
    called = RecurringLine.objects.filter(data_account=account, description__in=titles)
    for line in called.exclude(description=account.package.title):
        lines.change(line, {"description": account.package.title}, local_day(now), actor=actor)
