"""Which sessions a line's octets of some days came from, to the octet.

A `UsageDay` is the sum of what its sessions moved on that day. What a session moved by each midnight stands in its
marks, and by now in the session itself: the differences are its days. Sessions are forgotten before usage days are
(RADIUS_KEEP_SESSIONS_MONTHS), so that what no session explains is shown as that.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import connection

from ispbilling.core.clock import Period, day_start


@dataclass(frozen=True, slots=True)
class Share:
    """What one session moved on some days. `whole` says that it moved nothing on others."""

    session_id: int
    acct_session_id: str
    nas: str
    started_at: datetime
    updated_at: datetime
    stopped_at: datetime | None
    upload: int
    download: int
    seconds: int
    whole: bool

    @property
    def total(self) -> int:
        return self.upload + self.download


def of_period(account_id: int, days: Period) -> list[Share]:
    """The sessions in which a line moved something on these local days, the latest first; one query."""
    return [Share(*row) for row in _asked(_SHARES, account_id, days)]


def by_day(account_id: int, days: Period) -> dict[date, int]:
    """Octets that kept sessions explain, by day; days without any are missing."""
    return dict(_asked(_DAYS, account_id, days))


def total(shares: Iterable[Share]) -> tuple[int, int]:
    """(upload, download) of shares together."""
    up = down = 0
    for one in shares:
        up, down = up + one.upload, down + one.download
    return up, down


def _asked(sql: str, account_id: int, days: Period) -> list[Any]:
    parameters = {
        "account": account_id,
        "since": day_start(days.start),
        "until": day_start(days.end),
        "first": days.start,
        "end": days.end,
        "zone": settings.TIME_ZONE,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


# Every session of the line that may have moved something on those days; its marks and its present totals as points
# in time; and the way from each point to the next, which is one day's.
_POINTS = """
WITH chosen AS (
    SELECT id, acct_session_id, nas_id, started_at, updated_at, stopped_at, upload_octets, download_octets, seconds
    FROM radius_session
    WHERE data_account_id = %(account)s AND started_at < %(until)s AND updated_at >= %(since)s
), points AS (
    SELECT session_id, day, upload_octets, download_octets, seconds, counted
    FROM radius_sessionmark WHERE session_id = ANY (ARRAY(SELECT id FROM chosen))
    UNION ALL
    SELECT id, (updated_at AT TIME ZONE %(zone)s)::date, upload_octets, download_octets, seconds, true FROM chosen
), ways AS (
    SELECT session_id, day, counted,
           upload_octets - lag(upload_octets, 1, 0::bigint) OVER s AS upload,
           download_octets - lag(download_octets, 1, 0::bigint) OVER s AS download,
           points.seconds - lag(points.seconds, 1, 0::bigint) OVER s AS seconds
    FROM points WINDOW s AS (PARTITION BY session_id ORDER BY day)
)
"""
_SHARES = f"""{_POINTS}
SELECT c.id, c.acct_session_id, COALESCE(n.name, ''), c.started_at, c.updated_at, c.stopped_at,
       w.upload, w.download, w.seconds, w.whole
FROM (
    SELECT session_id,
           (sum(upload) FILTER (WHERE asked))::bigint AS upload,
           (sum(download) FILTER (WHERE asked))::bigint AS download,
           (sum(seconds) FILTER (WHERE asked))::bigint AS seconds,
           bool_and(asked OR upload + download = 0) AS whole
    FROM (SELECT *, counted AND day >= %(first)s AND day < %(end)s AS asked FROM ways) w
    GROUP BY session_id
) w
JOIN chosen c ON c.id = w.session_id LEFT JOIN radius_nas n ON n.id = c.nas_id
WHERE w.upload + w.download > 0
ORDER BY c.started_at DESC, c.id DESC
"""  # noqa: S608 - the text above
_DAYS = f"""{_POINTS}
SELECT day, sum(upload + download)::bigint FROM ways
WHERE counted AND day >= %(first)s AND day < %(end)s
GROUP BY day HAVING sum(upload + download) > 0
"""  # noqa: S608 - the text above
