"""Counting a month of a line again: its draws, and what rolled over of it, up or down, with the reason on record."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from ispbilling.core import events
from ispbilling.core.clock import Period, add_months, local_day, month_of
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from radius.accounts.models import DataAccount
from radius.bundles import recounting
from radius.bundles.models import MeteredSpan
from radius.rolling import correcting
from radius.rolling.correcting import Correction

#: How many months back a month can be counted again.
MONTHS = 13


@dataclass(frozen=True, slots=True)
class Recount:
    """What counting a month again changed."""

    month: Period
    drawn: bool
    corrected: list[Correction]

    @property
    def changed(self) -> bool:
        return self.drawn or bool(self.corrected)


def months(now: datetime) -> list[Period]:
    """The months that can be counted again, the newest first."""
    this = month_of(local_day(now)).start
    return [month_of(add_months(this, -n)) for n in range(MONTHS)]


def recount(line: DataAccount, month: Period, reason: str, now: datetime, *, actor: User | None) -> Recount:
    """Draw the month and all since again, and correct what rolled over of it. Raises DomainError for an uncapped
    line, a month out of reach, and without a reason.
    """
    if not reason.strip():
        raise DomainError("Say why it is counted again.")
    if month not in months(now):
        raise DomainError(f"{month} cannot be counted again.")
    with transaction.atomic():
        if not MeteredSpan.objects.filter(data_account=line).exists():
            raise DomainError(f"{line} is uncapped: nothing of it is drawn from bundles.")
        drawn = bool(recounting.recount(line.pk, now, reason.strip(), since=month.start, actor=actor))
        corrected = correcting.correct([line.pk], now, because=reason.strip(), grow=True, actor=actor)
        events.record(
            "data_account.counted_again",
            line,
            actor=actor,
            about=line.customer,
            at=now,
            month=f"{month.start:%Y-%m}",
            reason=reason.strip(),
            changed=drawn or bool(corrected),
        )
    return Recount(month, drawn, corrected)
