"""Consent to use and charges out of bundle (reg. 8A(2)(c), 8A(3)): who said what when, and what stands."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from ispbilling.core import events
from ispbilling.core.errors import DomainError
from ispbilling.core.models import User
from radius.accounts.models import DataAccount
from radius.rolling.models import Door, OutOfBundleConsent


def standing(lines: Iterable[int]) -> dict[int, OutOfBundleConsent]:
    """The newest word of each of these lines; who never said anything is not there, and has not consented."""
    rows = OutOfBundleConsent.objects.filter(data_account__in=set(lines)).select_related("by")
    return {
        row.data_account_id: row
        for row in rows.order_by("data_account_id", "-id").distinct("data_account_id")
    }


def consented(line: DataAccount) -> bool:
    """Whether the line may be charged out of bundle now."""
    found = standing([line.pk]).get(line.pk)
    return found is not None and found.given


def say(
    line: DataAccount, *, given: bool, words: str, door: Door, now: datetime, actor: User | None
) -> OutOfBundleConsent:
    """Write down a consent, or that it is withdrawn. Raises DomainError when that stands already."""
    with transaction.atomic():
        locked = DataAccount.objects.select_for_update(no_key=True).select_related(None).get(pk=line.pk)
        if consented(locked) == given:
            raise DomainError(
                f"{line} has consented already." if given else f"There is no consent of {line} to withdraw."
            )
        row = OutOfBundleConsent.objects.create(
            data_account=locked, given=given, words=words, door=door, at=now, by=actor
        )
        kind = "data_account.out_of_bundle_allowed" if given else "data_account.out_of_bundle_refused"
        events.record(
            kind, locked, actor=actor, about=line.customer, at=now, words=words, door=row.get_door_display()
        )
    return row
