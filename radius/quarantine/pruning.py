"""Forgetting quarantined packets: after RADIUS_KEEP_REJECTS_DAYS, with the log-ins that were refused."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from radius.quarantine.models import QuarantinedPacket


def old(now: datetime) -> QuerySet[QuarantinedPacket]:
    """Packets that have been kept for long enough."""
    return QuarantinedPacket.objects.filter(at__lt=now - timedelta(days=settings.RADIUS_KEEP_REJECTS_DAYS))
