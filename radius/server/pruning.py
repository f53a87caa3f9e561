"""Forgetting log-ins: personal data that nobody asks about after a while."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max, Min, QuerySet

from radius.server.models import AuthAttempt, DecisionFacts, UnknownSurplus

# Identifiers a step spans: few enough for a short transaction.
SPAN = 10_000

Block = tuple[int, int]


def old(now: datetime) -> QuerySet[AuthAttempt]:
    """Attempts that have been kept for RADIUS_KEEP_REJECTS_DAYS."""
    return AuthAttempt.objects.filter(at__lt=_begin(now))


def old_surplus(now: datetime) -> QuerySet[UnknownSurplus]:
    """Counts of what was not kept, as old."""
    return UnknownSurplus.objects.filter(at__lt=_begin(now))


def _begin(now: datetime) -> datetime:
    return now - timedelta(days=settings.RADIUS_KEEP_REJECTS_DAYS)


def blocks(now: datetime, span: int = SPAN) -> list[Block]:
    """The identifiers among which all old attempts are, in blocks (first, last)."""
    found = old(now).aggregate(first=Min("id"), last=Max("id"))
    if found["first"] is None:
        return []
    return [(n, min(n + span - 1, found["last"])) for n in range(found["first"], found["last"] + 1, span)]


def prune(block: Block, now: datetime) -> int:
    """Delete the old attempts of a block; how many."""
    return old(now).filter(pk__range=block).delete()[0]


def unused(now: datetime) -> QuerySet[DecisionFacts]:
    """What no attempt that is kept was decided from: last seen a whole day before the oldest of them."""
    return DecisionFacts.objects.filter(
        day__lt=(now - timedelta(days=settings.RADIUS_KEEP_REJECTS_DAYS + 1)).date()
    )


def prune_facts(now: datetime) -> int:
    """Delete a block of it; how many."""
    return DecisionFacts.objects.filter(pk__in=unused(now).values("pk")[:SPAN]).delete()[0]
