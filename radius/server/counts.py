"""How many log-ins were refused of late, and what never became a log-in."""

from collections import Counter
from datetime import datetime, timedelta

from django.db.models import Count, Sum

from ispbilling.core.clock import local_day
from radius.nas.models import NasPosture, Stranger
from radius.policy.codes import sentence
from radius.server.models import AuthAttempt, UnknownSurplus

DAY = timedelta(days=1)
UNKNOWN = "UNKNOWN_USER"
# The reason the wire gives for it.
UNSIGNED = "message_authenticator_missing"


def by_reason(now: datetime) -> list[tuple[str, str, int]]:
    """(code, sentence, rejects) of the last 24 hours, most first; answered from an index."""
    recent = AuthAttempt.objects.filter(accepted=False, at__gte=now - DAY).order_by()
    found = Counter(dict(recent.values_list("code").annotate(count=Count("*"))))
    found[UNKNOWN] += surplus(now - DAY)
    rows = sorted((-count, code) for code, count in found.items() if count)
    return [(code, sentence(code), -count) for count, code in rows]


def surplus(since: datetime) -> int:
    """Log-ins with usernames nobody has that were counted and not kept."""
    return UnknownSurplus.objects.filter(at__gte=since).aggregate(sum=Sum("count"))["sum"] or 0


def strangers(now: datetime) -> int:
    """Addresses that are no NAS of ours and sent something in the last 24 hours (NAS_UNKNOWN)."""
    return Stranger.objects.filter(last_at__gte=now - DAY).count()


def dropped(now: datetime) -> int:
    """Requests of today that were dropped for want of a Message-Authenticator (MA_MISSING)."""
    today = NasPosture.objects.filter(day=local_day(now), drops__has_key=UNSIGNED)
    return sum(int(drops.get(UNSIGNED, 0)) for drops in today.values_list("drops", flat=True))
