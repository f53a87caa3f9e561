"""Closing and reopening the books; the ledger itself refuses what is dated within (`ledger.books`).

Both wait for postings under way and have later ones wait: when the act is done, no posting of a closed day can
still arrive.
"""

from datetime import date, datetime

from django.db import transaction

from billing.ledger import posting
from billing.recurring.models import BillingSettings
from billing.runs.models import Run, RunQuerySet, RunState
from ispbilling.core import events
from ispbilling.core.clock import local_day
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User


def close(until: date, now: datetime, *, actor: User | None, reason: str = "") -> BillingSettings:
    """Close every day up to and including `until`.

    Raises DomainError for a day that is not over, one that is closed already, and while a run of a day within
    is being issued.
    """
    if until >= local_day(now):
        raise DomainError(f"{until} is not over: only days that are over can be closed.")
    with transaction.atomic():
        settings = _locked()
        if settings.closed_until is not None and until <= settings.closed_until:
            raise DomainError(f"The books are closed up to {settings.closed_until} already.")
        if run := being_issued(until).first():
            raise DomainError(
                f"The run of {run} is being issued with the date {run.issue_on}; close the books when it is done."
            )
        return _set(settings, until, "books.closed", now, actor, reason)


def reopen(until: date | None, now: datetime, *, actor: User | None, reason: str) -> BillingSettings:
    """Open the days after `until` again, all days where it is None. Raises DomainError when they are open."""
    with transaction.atomic():
        settings = _locked()
        if settings.closed_until is None:
            raise DomainError("The books are open.")
        if until is not None and until >= settings.closed_until:
            raise DomainError(f"The books are closed up to {settings.closed_until}; choose an earlier day.")
        return _set(settings, until, "books.reopened", now, actor, reason)


def being_issued(until: date) -> RunQuerySet:
    """Runs with a date up to that day that have been approved and are not finished."""
    busy = [RunState.APPROVED, RunState.ISSUING]
    return Run.objects.filter(state__in=busy, issue_on__lte=until).order_by("pk")


def _locked() -> BillingSettings:
    posting.hold()
    return BillingSettings.objects.select_for_update(no_key=True).get(pk=1)


def _set(
    settings: BillingSettings, until: date | None, kind: str, now: datetime, actor: User | None, reason: str
) -> BillingSettings:
    before, settings.closed_until = settings.closed_until, until
    settings.save(update_fields=["closed_until"])
    events.record(
        kind,
        settings,
        actor=actor,
        at=now,
        changes={"closed_until": [str(before or ""), str(until or "")]},
        reason=reason,
    )
    return settings
