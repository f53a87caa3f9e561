"""Counting a line again from an old day on: late or corrected accounting of a month that was closed."""

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Sum

from ispbilling.core import events
from ispbilling.core.clock import local_day
from ispbilling.core.models import User
from radius.accounts.models import DataAccount
from radius.bundles import altering, counting
from radius.bundles.models import DataBundle, Draw, MeteredSpan


def recount(
    account_id: int, now: datetime, reason: str, *, since: date | None = None, actor: User | None = None
) -> dict[str, Any]:
    """Draw the line's usage again since that day, by default since it is metered. What changed, by the title of the
    bundle: octets that were drawn of it before and are now; empty for nothing. Recorded as an event that says why.

    What rolled over from a bundle is put right by the sweep that rolls over, which compares it with what is left.
    """
    with transaction.atomic():
        altering.share([account_id])
        first = MeteredSpan.objects.filter(data_account=account_id).order_by("since").first()
        if first is None:
            return {}
        day = since or local_day(first.since)
        before = _drawn(account_id, day)
        counting.count([account_id], now, since=day)
        after = _drawn(account_id, day)
        changed = {
            title: [before.get(title, 0), after.get(title, 0)]
            for title in sorted(before.keys() | after.keys())
            if before.get(title, 0) != after.get(title, 0)
        }
        if changed:
            account = DataAccount.objects.select_related("customer").get(pk=account_id)
            events.record(
                "data_account.recounted",
                account,
                actor=actor,
                about=account.customer,
                at=now,
                since=day,
                reason=reason,
                changes=changed,
            )
    return changed


def _drawn(account_id: int, since: date) -> dict[str, int]:
    rows = Draw.objects.filter(data_account=account_id, day__gte=since).order_by()
    sums = dict(rows.values_list("bundle").annotate(octets=Sum("octets")))
    names = {
        one.pk: f"{one.title} ({one.pk})"
        for one in DataBundle.objects.filter(pk__in=[pk for pk in sums if pk])
    }
    return {names.get(pk, "Over the cap"): octets for pk, octets in sums.items()}
