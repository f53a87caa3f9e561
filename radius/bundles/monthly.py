"""The monthly bundles of capped lines, granted for many at once and as often as anybody likes."""

from collections.abc import Collection
from datetime import date, datetime

from django.db import connection

from ispbilling.core.clock import day_end, day_start, month_of
from radius.bundles.models import BundleKind

# The cap of the line's package, at what the line costs a month; not for a month outside its days of service. A line
# that was switched back from prepaid has its own act (`granting.set_monthly`).
_ENSURE = """
INSERT INTO radius_databundle (
    data_account_id, kind, title, octets, price, promotional, month, package_id, starts_at, expires_at, draws_from,
    origin_at, source, rolled_count, voided_reason, created_at
)
SELECT a.id, %(kind)s, %(title)s, p.cap_octets, COALESCE(a.custom_price, p.price), false, %(month)s, p.id, %(starts)s,
       %(ends)s, %(starts)s, %(starts)s, 'monthly:' || a.id || %(suffix)s, 0, '', %(now)s
FROM radius_dataaccount a
JOIN radius_package p ON p.id = a.package_id
WHERE (%(everybody)s OR a.id = ANY(%(ids)s::bigint[])) AND p.cap_octets IS NOT NULL AND NOT a.prepaid
  AND a.starts_on <= %(last)s AND (a.ends_on IS NULL OR a.ends_on >= %(month)s)
ORDER BY a.id
ON CONFLICT DO NOTHING
"""


def source(account_id: int, month: date) -> str:
    """What names the monthly bundle of a line and month: `monthly:7:2026-12`."""
    return f"monthly:{account_id}{_suffix(month)}"


def title(month: date) -> str:
    """What the monthly bundle of a month is called: `Monthly data December 2026`."""
    return f"Monthly data {month:%B %Y}"


def ensure(account_ids: Collection[int] | None, month: date, now: datetime) -> int:
    """Grant the month (its first day) to those capped lines that have no bundle of it, None: to all; how many."""
    period = month_of(month)
    with connection.cursor() as cursor:
        cursor.execute(
            _ENSURE,
            {
                "kind": BundleKind.MONTHLY,
                "title": title(month),
                "month": period.start,
                "last": period.last,
                "starts": day_start(period.start),
                "ends": day_end(period.last),
                "suffix": _suffix(month),
                "now": now,
                "everybody": account_ids is None,
                "ids": list(account_ids or ()),
            },
        )
        return int(cursor.rowcount)


def _suffix(month: date) -> str:
    return f":{month:%Y-%m}"
