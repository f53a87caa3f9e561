"""Counting lines again from an old day on: late or corrected accounting of a month that was closed."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import Sum

from customers.models import Customer
from ispbilling.core import events
from ispbilling.core.clock import local_day, month_of
from ispbilling.core.models import User
from radius.accounts.models import DataAccount
from radius.bundles import altering, counting, settling
from radius.bundles.models import DataBundle, Draw, Meter, MeteredSpan

LATE = "Usage of a month that was over was reported late"

# So that nothing is taken for granted that is going to be drawn again: what stands on a bundle may be wrong, too.
_FORGET = """
WITH gone AS (DELETE FROM radius_draw WHERE data_account_id = %(line)s AND day >= %(since)s)
UPDATE radius_databundle b SET drawn_octets = LEAST(b.octets, COALESCE((
    SELECT sum(d.octets) FROM radius_draw d WHERE d.bundle_id = b.id AND d.day < %(since)s), 0))
WHERE b.data_account_id = %(line)s
"""

#: By the title of the bundle: octets that were drawn of it before and are now.
Changes = dict[str, list[int]]


def recount(
    account_id: int, now: datetime, reason: str, *, since: date | None = None, actor: User | None = None
) -> Changes:
    """Draw the line's usage again since that day, by default since it is metered; what had been drawn is forgotten
    first. What changed; empty for nothing, and for a line that has been uncapped for days. An event says why.

    What rolled over from a bundle is put right by the sweep that rolls over, which compares it with what is left.
    """
    with transaction.atomic():
        altering.share([account_id])
        first = MeteredSpan.objects.filter(data_account=account_id).order_by("since").first()
        if first is None:
            return {}
        day = since or local_day(first.since)
        settling.settle([account_id], now)
        if not Meter.objects.select_for_update().filter(pk=account_id).exists():
            return {}  # it has been uncapped for days
        before = _drawn([account_id], day, None)
        with connection.cursor() as cursor:
            cursor.execute(_FORGET, {"line": account_id, "since": day})
        counting.count([account_id], now, since=day)
        changed = _changed([account_id], before, day, None)
        _tell(changed, now, reason, day, actor)
    return changed.get(account_id, {})


def late(account_ids: Collection[int], now: datetime, since: date) -> None:
    """Draw the usage of these lines again since a day some time ago, as the drawer does; lines that somebody else has
    locked are left to them. What changes of months that are over is recorded.
    """
    over = month_of(local_day(now)).start
    with transaction.atomic():
        altering.share(sorted(account_ids))
        meters = Meter.objects.filter(pk__in=account_ids).order_by("pk").select_for_update(skip_locked=True)
        ids = list(meters.values_list("pk", flat=True))
        before = _drawn(ids, since, over)
        counting.count(ids, now, since=since)
        _tell(_changed(ids, before, since, over), now, LATE, since, None)


_Drawn = dict[int, dict[int | None, int]]


def _drawn(account_ids: Collection[int], since: date, until: date | None) -> _Drawn:
    """Octets by line and bundle, of the days from `since` up to `until`."""
    rows = Draw.objects.filter(data_account__in=account_ids, day__gte=since).order_by()
    if until is not None:
        rows = rows.filter(day__lt=until)
    found: _Drawn = defaultdict(dict)
    for account_id, bundle_id, octets in rows.values_list("data_account", "bundle").annotate(
        octets=Sum("octets")
    ):
        found[account_id][bundle_id] = int(octets)
    return found


def _changed(
    account_ids: Collection[int], before: _Drawn, since: date, until: date | None
) -> dict[int, Changes]:
    after = _drawn(account_ids, since, until)
    differ = {
        account_id: [
            pk
            for pk in before[account_id].keys() | after[account_id].keys()
            if before[account_id].get(pk, 0) != after[account_id].get(pk, 0)
        ]
        for account_id in account_ids
    }
    titles = {
        one.pk: f"{one.title} ({one.pk})"
        for one in DataBundle.objects.filter(pk__in=[pk for some in differ.values() for pk in some if pk])
    }
    return {
        account_id: {
            titles.get(pk or 0, "Over the cap"): [
                before[account_id].get(pk, 0),
                after[account_id].get(pk, 0),
            ]
            for pk in some
        }
        for account_id, some in differ.items()
        if some
    }


def _tell(changed: dict[int, Changes], now: datetime, reason: str, since: date, actor: User | None) -> None:
    happenings = [
        events.Happening(
            one.pk,
            one.customer_id,
            one.username,
            {"since": since, "reason": reason, "changes": changed[one.pk]},
        )
        for one in DataAccount.objects.filter(pk__in=changed).order_by("pk")
    ]
    events.record_many("data_account.recounted", DataAccount, Customer, happenings, at=now, actor=actor)
