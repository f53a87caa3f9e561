"""Adds up the month of every line, for lists to sort and filter by. The only writer of `UsageMonth`."""

from datetime import date, datetime

from django.db import connection
from django.db.models import F

from ispbilling.core.clock import Period, add_months, local_day, month_of, zone
from radius.accounts.models import DataAccount
from radius.consumption import limits
from radius.consumption.models import UsageMonth
from radius.usage import totals

#: So many months before the present one are listed.
BACK = 24
#: For so many days a month that is over is added up as often as the present one: accounting comes late.
LATE_DAYS = 3

# Rows that are as they were are left alone. Octets times 100 stay below 2^63 for any cap there may be.
_STORE = """
INSERT INTO radius_usagemonth AS kept (month, data_account_id, used_octets, percent)
SELECT %s, id, used, CASE WHEN total > 0 THEN counted * 100 / total END
FROM ({rows}) AS line (id, used, counted, total)
ON CONFLICT (month, data_account_id) DO UPDATE SET used_octets = EXCLUDED.used_octets, percent = EXCLUDED.percent
WHERE (kept.used_octets, kept.percent) IS DISTINCT FROM (EXCLUDED.used_octets, EXCLUDED.percent)
"""


def due(now: datetime) -> list[Period]:
    """The present month, the last one while accounting of it comes in, and each earlier one once a day."""
    this = month_of(local_day(now)).start
    local = now.astimezone(zone())
    found = {this}
    if local.day <= LATE_DAYS:
        found.add(add_months(this, -1))
    if local.minute < 5:
        found.add(add_months(this, -1 - local.hour))
    return [month_of(first) for first in sorted(found)]


def store(month: Period) -> int:
    """Add up the month for every line that was in service; how many rows changed."""
    mine = totals.in_service(DataAccount.objects.order_by(), month)
    rows = limits.with_limits(totals.with_usage(mine, month), month)
    total = F("limit_monthly") + F("limit_topup") + F("limit_rollover")
    sql, params = (
        rows.annotate(total=total).values_list("pk", "used", "counted", "total").query.sql_with_params()
    )
    with connection.cursor() as cursor:
        cursor.execute(_STORE.format(rows=sql), [month.start, *params])
        return int(cursor.rowcount)


def kept(month: date) -> bool:
    """Whether the month was added up."""
    # In the order of an index: for any row of a month PostgreSQL would look through those of the years before.
    first = UsageMonth.objects.filter(month=month).order_by("used_octets").values_list("used_octets")[:1]
    return bool(first)
