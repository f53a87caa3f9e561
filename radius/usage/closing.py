"""Ending sessions that no Stop will end: silent ones, those whose device has begun another one since, and those
their NAS has never heard of.

All are conclusions, not reports: an Interim-Update that arrives later reopens the session (see
`statement.sql`).
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import DateTimeField, DurationField, Exists, F, Func, OuterRef, QuerySet, Value
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce

from radius.usage.models import Session
from radius.usage.reports import STALE

# Three Interim-Updates missed, and a minute for the last one to arrive.
MISSED, GRACE_SECONDS = 3, 60
# The interval of a session whose line is unknown: generous, since nobody told its NAS one.
UNKNOWN_INTERVAL = 1200


def stale(now: datetime) -> QuerySet[Session]:
    """Open sessions whose Interim-Updates stopped coming."""
    return Session.objects.open().filter(updated_at__lt=heard_before(now, MISSED))


def heard_before(now: datetime, missed: int) -> CombinedExpression:
    """The instant (in SQL) since which a session's NAS must have been silent to have missed so many updates."""
    interval = Coalesce(F("data_account__package__interim_interval"), Value(UNKNOWN_INTERVAL))
    silence = Func(
        interval * missed + GRACE_SECONDS,
        template="make_interval(secs => %(expressions)s)",
        output_field=DurationField(),
    )
    return Value(now, DateTimeField()) - silence


def replaced() -> QuerySet[Session]:
    """Open sessions whose device has begun another one of the same line after they were last heard of."""
    newer = Session.objects.open().filter(
        data_account=OuterRef("data_account"),
        calling_station_id=OuterRef("calling_station_id"),
        started_at__gt=OuterRef("updated_at"),
    )
    return Session.objects.open().exclude(calling_station_id="").filter(Exists(newer))


def close_over(session_ids: Iterable[int], now: datetime) -> int:
    """Close those that are still silent or replaced, at the moment they were last heard of; how many."""
    ids = list(session_ids)
    over = {*stale(now).filter(pk__in=ids).values_list("pk", flat=True)}
    over |= {*replaced().filter(pk__in=ids).values_list("pk", flat=True)}
    return _close(over)


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
