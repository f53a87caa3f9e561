"""Lines whose usage is not wholly drawn: what the drawer was not told of, or died over."""

from datetime import date, datetime

from django.conf import settings
from django.db import connection

# Of a day within which a span began, what was counted after its mark. Numeric: a NAS may claim more for a day than the
# two directions of it could be added up to, and that is the affair of its line alone.
_BEHIND = """
SELECT u.data_account_id, min(u.day)
FROM radius_usageday u
JOIN radius_meteredspan s ON s.data_account_id = u.data_account_id AND s.until IS NULL
  AND s.since < (u.day + 1)::timestamp AT TIME ZONE %(zone)s
LEFT JOIN radius_usagemark k ON k.data_account_id = u.data_account_id AND k.at = s.since AND k.day = u.day
LEFT JOIN (
    SELECT data_account_id, day, sum(octets) AS octets FROM radius_draw WHERE day >= %(since)s GROUP BY 1, 2
) d ON d.data_account_id = u.data_account_id AND d.day = u.day
WHERE u.day >= %(since)s
  AND CASE s.counts WHEN 'download' THEN 0 ELSE u.upload_octets - COALESCE(k.upload_octets, 0) END::numeric
      + u.download_octets - COALESCE(k.download_octets, 0) <> COALESCE(d.octets, 0)
GROUP BY u.data_account_id ORDER BY 1
"""


def behind(since: date) -> dict[int, date]:
    """Lines of which usage since that day is not what was drawn, and the first such day."""
    with connection.cursor() as cursor:
        cursor.execute(_BEHIND, {"zone": settings.TIME_ZONE, "since": since})
        return dict(cursor.fetchall())


def due(now: datetime, most: int) -> list[int]:
    """Lines for which something began or ended by the clock since they were counted: a month, a bundle."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT data_account_id FROM radius_meter WHERE holds_until <= %s ORDER BY holds_until LIMIT %s",
            [now, most],
        )
        return [account_id for (account_id,) in cursor.fetchall()]
