"""Keeping lines in line with their packages: whether their usage is drawn from bundles, what counts, and that this
month's bundle is there. The only writer of `MeteredSpan` and of which lines have a meter.
"""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from ispbilling.core.clock import day_start, local_day, month_of
from radius.accounts.models import DataAccount
from radius.bundles import altering, counting, monthly
from radius.bundles.models import BundleKind, DataBundle, Meter, MeteredSpan

# What of these lines is not as their package has it: whether and how usage is drawn, or whose cap the month has. Each
# is looked up by its key: what PostgreSQL thinks of tables filled this minute must not have it compare all with all.
_UNSETTLED = """
SELECT a.id, a.prepaid, p.cap_octets, p.counts, a.package_id, s.id, s.counts, m.data_account_id IS NOT NULL, b.id
FROM radius_dataaccount a
JOIN radius_package p ON p.id = a.package_id
LEFT JOIN LATERAL (
    SELECT * FROM radius_meteredspan WHERE data_account_id = a.id AND until IS NULL OFFSET 0) s ON true
LEFT JOIN LATERAL (SELECT * FROM radius_meter WHERE data_account_id = a.id OFFSET 0) m ON true
LEFT JOIN LATERAL (
    SELECT * FROM radius_databundle
    WHERE data_account_id = a.id AND kind = 'monthly' AND month = %(month)s AND voided_at IS NULL OFFSET 0) b ON true
WHERE a.id = ANY(%(ids)s::bigint[]) AND CASE
    WHEN a.prepaid OR p.cap_octets IS NOT NULL THEN
        s.id IS NULL OR m.data_account_id IS NULL OR s.counts <> p.counts
        OR (a.prepaid AND b.id IS NOT NULL)
        OR (NOT a.prepaid AND b.id IS NOT NULL AND b.package_id IS DISTINCT FROM a.package_id)
        OR (NOT a.prepaid AND b.id IS NULL AND a.starts_on <= %(last)s
            AND (a.ends_on IS NULL OR a.ends_on >= %(month)s) AND %(monthly)s)
    ELSE s.id IS NOT NULL OR b.id IS NOT NULL OR (m.data_account_id IS NOT NULL AND (
        SELECT id FROM radius_meteredspan WHERE data_account_id = a.id AND until > %(lately)s LIMIT 1) IS NULL) END
ORDER BY a.id
"""
#: How long after the beginning of a month its bundles are left to the sweep that grants them.
PATIENCE = timedelta(minutes=10)
#: How long a line that became uncapped keeps its meter: what it used before may be reported late.
LINGER = timedelta(days=counting.DAYS + 1)
#: Lines that come to be metered in one transaction.
TOGETHER = 250


def lines_after(account_id: int, most: int) -> list[int]:
    """The next lines to look at for whoever goes through all of them, from 0 on."""
    lines = DataAccount.objects.filter(pk__gt=account_id).order_by("pk")
    return list(lines.values_list("pk", flat=True)[:most])


def settle(account_ids: Collection[int], now: datetime, *, patient: bool = False) -> int:
    """Bring lines in line with their packages: whether their usage is drawn, what counts, and that this month's bundle
    is there and is that of their package. How many were not. `patient`: in the first minutes of a month its bundles are
    left to the sweep that grants them.

    Nobody has to remember to call it when a line gets another package or a package another cap: the drawer does,
    within a second of the change.
    """
    month = month_of(local_day(now))
    with connection.cursor() as cursor:
        cursor.execute(
            _UNSETTLED,
            {
                "ids": list(account_ids),
                "month": month.start,
                "last": month.last,
                "monthly": not patient or now >= day_start(month.start) + PATIENCE,
                "lately": now - LINGER,
            },
        )
        rows = cursor.fetchall()
    fresh = []
    for row in rows:
        account_id, prepaid, cap, counts, package_id, span_id, span_counts, metered, bundle_id = row
        wanted = prepaid or cap is not None
        if (
            wanted
            and span_id is None
            and not metered
            and bundle_id is None
            or wanted
            and span_counts == counts
            and metered
            and bundle_id is None
            and not prepaid
        ):
            fresh.append(account_id)
        else:
            settle_one(account_id, now)
    for start in range(0, len(fresh), TOGETHER):
        _settle_fresh(fresh[start : start + TOGETHER], now)
    return len(rows)


_OPEN_SPANS = """
INSERT INTO radius_meteredspan (data_account_id, since, counts)
SELECT a.id, GREATEST(%(starts)s, a.prepaid_since), p.counts
FROM radius_dataaccount a JOIN radius_package p ON p.id = a.package_id
WHERE a.id = ANY(%(ids)s::bigint[]) AND NOT EXISTS (
    SELECT FROM radius_meteredspan WHERE data_account_id = a.id AND (until IS NULL OR until > %(starts)s)
)
ON CONFLICT DO NOTHING
"""
_MAKE_METERS = """
INSERT INTO radius_meter (
    data_account_id, month, limit_monthly_octets, limit_topup_octets, limit_rollover_octets, used_octets, over_octets,
    remaining_octets, remaining_topup_octets, holds_until, counted_at
)
SELECT id, %(month)s, 0, 0, 0, 0, 0, 0, 0, %(now)s, %(now)s FROM radius_dataaccount
WHERE id = ANY(%(ids)s::bigint[]) ORDER BY id
ON CONFLICT DO NOTHING
"""


def _settle_fresh(account_ids: list[int], now: datetime) -> None:
    """Many at once: lines that come to be metered, or have no bundle of a month that began."""
    month = month_of(local_day(now))
    asked: dict[str, Any] = {
        "ids": account_ids,
        "starts": day_start(month.start),
        "month": month.start,
        "now": now,
    }
    with transaction.atomic():
        altering.share(account_ids)
        with connection.cursor() as cursor:
            cursor.execute(_OPEN_SPANS, asked)
            cursor.execute(_MAKE_METERS, asked)
        monthly.ensure(account_ids, month.start, now)
        counting.count(account_ids, now, since=month.start)
    # Those whose span of this month was ended, or whose bundle was taken back, have something to open again.
    for pk in _still(account_ids, month.start):
        settle_one(pk, now)


def _still(account_ids: list[int], month: date) -> list[int]:
    open_spans = MeteredSpan.objects.filter(data_account__in=account_ids, until__isnull=True)
    closed = set(account_ids) - set(open_spans.values_list("data_account_id", flat=True))
    taken_back = DataBundle.objects.filter(
        data_account__in=account_ids, kind=BundleKind.MONTHLY, month=month, voided_at__isnull=False
    )
    return sorted(closed | set(taken_back.values_list("data_account_id", flat=True)))


def settle_one(account_id: int, now: datetime, *, resizing: bool = True) -> None:
    """One line, whatever it needs. `resizing` off: the amount of its month is somebody else's affair."""
    month = month_of(local_day(now))
    with transaction.atomic():
        altering.share([account_id])
        list(Meter.objects.select_for_update().filter(pk=account_id))
        account = DataAccount.objects.select_related("package").filter(pk=account_id).first()
        if account is None:  # it went meanwhile
            return
        package, bundle = account.package, altering.of_month(account_id, month.start)
        if not account.prepaid and package.cap_octets is None:
            if bundle is not None and bundle.voided_at is None:
                altering.void(bundle, now, f"{package} is uncapped", None)
            _close_span(account_id, now)
            if not MeteredSpan.objects.filter(data_account=account_id, until__gt=now - LINGER).exists():
                Meter.objects.filter(pk=account_id).delete()
            return
        _open_span(account, package.counts, now)
        with connection.cursor() as cursor:
            cursor.execute(_MAKE_METERS, {"ids": [account_id], "month": month.start, "now": now})
        if account.prepaid and bundle is not None and bundle.voided_at is None:
            altering.void(bundle, now, "Switched to prepaid", None)
        elif not account.prepaid and package.cap_octets is not None:
            monthly.ensure([account_id], month.start, now)
            if resizing and bundle is not None and (bundle.voided_at or bundle.package_id != package.pk):
                altering.resize_month(bundle, package.cap_octets, now, f"Package {package}", None)
        counting.count([account_id], now, since=month.start)


def _open_span(account: DataAccount, counts: str, now: datetime) -> None:
    """Have usage drawn from now on, and what was used before in the month, unless that was paid for otherwise."""
    starts = day_start(month_of(local_day(now)).start)
    last = MeteredSpan.objects.filter(data_account=account).order_by("since").last()
    if last is not None and last.until is None:
        if last.counts == counts:
            return
        _close_span(account.pk, now)
        starts = now
    elif last is not None and last.until is not None and last.until > starts:
        if last.counts == counts and not account.prepaid:
            MeteredSpan.objects.filter(pk=last.pk).update(until=None)
            return
        starts = last.until
    if account.prepaid and account.prepaid_since is not None:
        starts = max(starts, account.prepaid_since)
    MeteredSpan.objects.create(data_account=account, since=starts, counts=counts)


def _close_span(account_id: int, now: datetime) -> None:
    """Draw nothing from now on."""
    span = MeteredSpan.objects.filter(data_account=account_id, until__isnull=True).first()
    if span is None:
        return
    counting.count([account_id], now)
    if span.since >= now:
        span.delete()
    else:
        MeteredSpan.objects.filter(pk=span.pk).update(until=now)
        counting.count([account_id], now)
