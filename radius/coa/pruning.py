"""Forgetting what NASes were asked: after RADIUS_KEEP_COA_DAYS. That somebody asked stays in the event log."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from radius.coa.models import CoaAttempt, CoaRequest

# Rows deleted in one transaction.
SPAN = 20_000


def old(now: datetime) -> dict[str, QuerySet[CoaAttempt] | QuerySet[CoaRequest]]:
    """What has been kept for long enough, by what it is called."""
    before = now - timedelta(days=settings.RADIUS_KEEP_COA_DAYS)
    return {
        "requests to NASes": CoaAttempt.objects.filter(at__lt=before),
        "requests of staff": CoaRequest.objects.filter(asked_at__lt=before),
    }


def prune(name: str, now: datetime) -> int:
    """Delete the first SPAN of them; how many there were."""
    rows = old(now)[name]
    deleted, _by_model = rows.filter(
        pk__in=list(rows.order_by("pk").values_list("pk", flat=True)[:SPAN])
    ).delete()
    return deleted
