"""Ending sessions that no Stop will end: silent ones, and those their NAS has never heard of.

Both are conclusions, not reports: an Interim-Update that arrives later reopens the session (see
`statement.sql`).
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import DateTimeField, DurationField, F, Func, QuerySet, Value
from django.db.models.functions import Coalesce

from radius.usage.models import Session
from radius.usage.reports import STALE

# Three Interim-Updates missed, and a minute for the last one to arrive.
MISSED, GRACE_SECONDS = 3, 60
# The interval of a session whose line is unknown: generous, since nobody told its NAS one.
UNKNOWN_INTERVAL = 1200


def stale(now: datetime) -> QuerySet[Session]:
    """Open sessions whose Interim-Updates stopped coming."""
    interval = Coalesce(F("data_account__package__interim_interval"), Value(UNKNOWN_INTERVAL))
    silence = Func(
        interval * MISSED + GRACE_SECONDS,
        template="make_interval(secs => %(expressions)s)",
        output_field=DurationField(),
    )
    return Session.objects.open().filter(updated_at__lt=Value(now, DateTimeField()) - silence)


def close_stale(session_ids: Iterable[int], now: datetime) -> int:
    """Close those that are still silent, at the moment they were last heard of; how many."""
    return _close(stale(now).filter(pk__in=list(session_ids)).values_list("pk", flat=True))


def close_disowned(session_ids: Iterable[int]) -> int:
    """Close sessions their NAS says it does not have (Error-Cause 503); how many."""
    return _close(list(session_ids))


def _close(session_ids: Iterable[int]) -> int:
    # Locked in the order in which accounting locks them, so that neither waits for the other in a circle.
    locked = (
        Session.objects.open()
        .filter(pk__in=list(session_ids))
        .order_by("key", "incarnation")
        .select_for_update()
        .values_list("pk", flat=True)
    )
    return Session.objects.filter(pk__in=list(locked)).update(
        stopped_at=F("updated_at"), terminate_cause=STALE
    )
