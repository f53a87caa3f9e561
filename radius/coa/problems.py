"""What is wrong with sessions: one reason each, the worst first, and what to do about it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    DateTimeField,
    Exists,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)

from radius.coa import comparing
from radius.coa.models import CoaAttempt, Outcome
from radius.nas.models import Nas
from radius.usage import closing
from radius.usage.models import LIVE, Session
from radius.usage.reports import STALE

# How long a session that was closed for its silence is shown.
RECENT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Problem:
    """`advice` is what to do; `meaning` colours it."""

    label: str
    advice: str
    meaning: str = "attention"


PROBLEMS = {
    "unwanted": Problem(
        "Should be disconnected",
        "Sent again until it ends. If it never does, check the NAS's CoA port.",
        "stopped",
    ),
    "unreachable": Problem(
        "NAS cannot be told",
        "Should be disconnected, but its NAS is gone, disabled or has no address: RadSec alone carries no CoA. "
        "Give the NAS the address where it takes CoA; else it ends with its Session-Timeout.",
        "stopped",
    ),
    "refused": Problem("NAS refused", "The NAS refused what was sent last: see the answer on the session."),
    "unanswered": Problem(
        "NAS did not answer", "Check its address, secret and CoA port, and whether it accepts CoA from us."
    ),
    "stranger": Problem(
        "Line unknown", "Nobody's data account has this username: was it let in by another server?"
    ),
    "double": Problem(
        "More than one session", "The line is online twice: shared password, or a Stop that was lost."
    ),
    "silent": Problem(
        "Updates missing", "The NAS stopped reporting it; closed when three updates are missed."
    ),
    "stale": Problem("Closed as stale", "Its updates stopped coming, or the NAS had no such session.", "off"),
}


def sessions(now: datetime) -> QuerySet[Session]:
    """Sessions with a problem, each with its worst one as `problem` and the last answer as `answer`."""
    unwanted = [one.live.pk for one in comparing.unwanted(now)]
    last = CoaAttempt.objects.filter(session=OuterRef("pk")).order_by("-id")
    others = Session.objects.open().filter(data_account=OuterRef("data_account")).exclude(pk=OuterRef("pk"))
    running = Q(stopped_at__isnull=True)
    reached = Exists(Nas.objects.filter(pk=OuterRef("nas"), enabled=True, address__isnull=False))
    return (
        Session.objects.filter(month=LIVE)
        .filter(running | Q(terminate_cause=STALE, stopped_at__gt=now - RECENT))
        .annotate(
            last_outcome=Subquery(last.values("outcome")[:1]),
            answer=Subquery(last.values("detail")[:1]),
            asked_at=Subquery(last.values("at")[:1], output_field=DateTimeField()),
        )
        .annotate(
            problem=Case(
                When(running & Q(pk__in=unwanted) & ~reached, then=Value("unreachable")),
                When(running & Q(pk__in=unwanted), then=Value("unwanted")),
                When(running & Q(last_outcome=Outcome.NAK), then=Value("refused")),
                When(running & Q(last_outcome=Outcome.TIMEOUT), then=Value("unanswered")),
                When(running & Q(data_account__isnull=True), then=Value("stranger")),
                When(running & Exists(others), then=Value("double")),
                When(running & Q(updated_at__lt=closing.heard_before(now, 1)), then=Value("silent")),
                When(terminate_cause=STALE, then=Value("stale")),
                default=Value(""),
                output_field=CharField(),
            )
        )
        .exclude(problem="")
    )


def counts(rows: QuerySet[Any]) -> dict[str, int]:
    """How many of each, in the order of `PROBLEMS`, those that occur."""
    found = dict(rows.order_by().values_list("problem").annotate(n=Count("pk")))
    return {name: found[name] for name in PROBLEMS if name in found}
