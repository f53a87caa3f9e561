"""Reading what is known of each NAS, for the lights on its page, the list and the posture page (W-11)."""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    BinaryField,
    Count,
    DateTimeField,
    DurationField,
    Exists,
    F,
    FilteredRelation,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Cast, Coalesce

from ispbilling.core.clock import local_day
from ispbilling.core.secrets import SecretError, decrypt
from radius.nas.judging import DAYS, Facts, Finding, judge
from radius.nas.models import Nas, NasPosture, Stranger
from radius.nas.strength import UNREADABLE, Strength
from radius.nas.strength import judge as judge_secret

KEEP_DAYS, KEEP_STRANGERS_DAYS = 92, 30
_SUMS = ("access", "accounting", "unsigned", "duplicates", "repeated", "class_asked", "class_echoed")
# The interval of a session whose line is unknown, and what two missed updates are given to arrive.
UNKNOWN_INTERVAL, MISSED, GRACE_SECONDS = 1200, 2, 60


def findings(nases: Collection[Nas], now: datetime) -> dict[int, list[Finding]]:
    """The lights of each of these NASes; four queries however many they are."""
    ids = [nas.pk for nas in nases]
    strengths, days, sessions = _strengths(), _days(ids, now), _sessions(ids, now)
    return {
        nas.pk: judge(_facts(nas, strengths, days.get(nas.pk, []), sessions.get(nas.pk, (0, 0, 0))), now)
        for nas in nases
    }


def _facts(
    nas: Nas, strengths: dict[int, Strength], days: list[NasPosture], sessions: tuple[int, int, int]
) -> Facts:
    sums: dict[str, Any] = {name: sum(getattr(day, name) for day in days) for name in _SUMS}
    return Facts(
        setting=nas.message_authenticator,
        signed_since=nas.signed_since,
        enabled=nas.enabled,
        strength=strengths.get(nas.pk, UNREADABLE),
        drops=_total(day.drops for day in days),
        unknown=_total(day.unknown for day in days),
        skew=next((day.skew for day in days if day.skew is not None), None),
        worst_skew=max((day.worst_skew for day in days if day.worst_skew is not None), key=abs, default=None),
        access_at=max((day.access_at for day in days if day.access_at), default=None),
        accounting_at=max((day.accounting_at for day in days if day.accounting_at), default=None),
        open_sessions=sessions[0],
        late=sessions[1],
        anew=sessions[2],
        protected=nas.address is None,
        **sums,
    )


def _total(counters: Iterable[dict[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for counter in counters:
        total.update(counter)
    return total


def _days(ids: list[int], now: datetime) -> dict[int, list[NasPosture]]:
    """The last days of each NAS, the newest first."""
    found: dict[int, list[NasPosture]] = {}
    first = local_day(now) - timedelta(days=DAYS - 1)
    for day in NasPosture.objects.filter(nas__in=ids, day__gte=first).order_by("-day"):
        found.setdefault(day.nas_id, []).append(day)
    return found


def _sessions(ids: list[int], now: datetime) -> dict[int, tuple[int, int, int]]:
    """How many sessions of each NAS are open, how many of them have missed two Interim-Updates, and of how many the
    counters fell.
    """
    interval = Coalesce(F("live__data_account__package__interim_interval"), Value(UNKNOWN_INTERVAL))
    silence = Func(
        interval * MISSED + GRACE_SECONDS,
        template="make_interval(secs => %(expressions)s)",
        output_field=DurationField(),
    )
    rows = (
        Nas.objects.filter(pk__in=ids)
        .order_by()
        .annotate(live=FilteredRelation("sessions", condition=Q(sessions__stopped_at__isnull=True)))
        .annotate(
            count=Count("live"),
            late=Count("live", filter=Q(live__updated_at__lt=Value(now, DateTimeField()) - silence)),
            anew=Count("live", filter=Q(live__carried_at__isnull=False)),
        )
    )
    return {
        pk: (count, late, anew) for pk, count, late, anew in rows.values_list("pk", "count", "late", "anew")
    }


def _strengths() -> dict[int, Strength]:
    """The verdict on every secret that is used; the secrets themselves stay in here."""
    secrets: dict[int, str] = {}
    names: dict[str, list[tuple[int, str]]] = {}
    nases = Nas.objects.filter(address__isnull=False).order_by("name")
    for pk, name, sealed in nases.values_list("pk", "name", Cast("secret", BinaryField())):
        try:
            secrets[pk] = decrypt(sealed).decode()
        except SecretError:
            continue
        names.setdefault(secrets[pk], []).append((pk, name))
    return {
        pk: judge_secret(secret, [name for other, name in names[secret] if other != pk])
        for pk, secret in secrets.items()
    }


def strangers() -> QuerySet[Stranger]:
    """Addresses that send us RADIUS and are no NAS of ours, those that send most first.

    `nas_name` is set for those of a NAS that is disabled.
    """
    known = Nas.objects.filter(address=OuterRef("address"))
    return (
        Stranger.objects.exclude(Exists(known.filter(enabled=True)))
        .annotate(nas_name=Subquery(known.values("name")[:1]))
        .order_by("-packets", "address")
    )


def old_days(now: datetime) -> QuerySet[NasPosture]:
    """Days that have been kept for long enough."""
    return NasPosture.objects.filter(day__lt=local_day(now) - timedelta(days=KEEP_DAYS))


def old_strangers(now: datetime) -> QuerySet[Stranger]:
    """Strangers that have been silent for long enough."""
    return Stranger.objects.filter(last_at__lt=now - timedelta(days=KEEP_STRANGERS_DAYS))
