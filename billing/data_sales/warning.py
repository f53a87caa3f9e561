"""Warns a day before what a prepaid line bought expires with something left of it (2.10); each bundle once."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, F, OuterRef, QuerySet

from ispbilling.core import events
from ispbilling.core.models import Event
from ispbilling.core.plans import Plan, Step
from radius.models import DataBundle

BEFORE = timedelta(hours=24)
KIND = "bundle.expiring"


def expiring(now: datetime) -> QuerySet[DataBundle]:
    """Bundles of prepaid lines that end within a day, have something left and were not warned of. What lasts no longer
    than that from its beginning is not warned of: whoever bought it knows."""
    warned = Event.objects.filter(
        kind=KIND, subject_type=ContentType.objects.get_for_model(DataBundle), subject_id=OuterRef("pk")
    )
    rows = DataBundle.objects.live(now).filter(
        ~Exists(warned),
        data_account__prepaid=True,
        expires_at__lte=now + BEFORE,
        expires_at__gt=F("starts_at") + BEFORE,
        drawn_octets__lt=F("octets"),
    )
    return rows.select_related("data_account__customer").order_by("pk")


def plan(now: datetime) -> Plan:
    """Every bundle to warn of."""
    steps = [
        Step(bundle.pk, str(bundle.data_account), f"warn of {bundle}", f"it expires at {bundle.expires_at}")
        for bundle in expiring(now)
    ]
    return Plan("expiring_bundles", steps, _warn, chunk=500)


def _warn(steps: Sequence[Step], now: datetime) -> int:
    done = 0
    locked = DataBundle.objects.filter(pk__in=[step.key for step in steps])
    keys = list(locked.select_for_update(no_key=True).values_list("pk", flat=True))
    for bundle in expiring(now).filter(pk__in=keys):
        events.record(
            KIND,
            bundle,
            about=bundle.data_account.customer,
            at=now,
            line=str(bundle.data_account),
            title=bundle.title,
            left=bundle.left_octets,
            expires_at=bundle.expires_at,
        )
        done += 1
    return done
