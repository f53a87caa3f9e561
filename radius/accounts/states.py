"""The `Radius Status` of a data account (D-21), as an expression that lists can show, filter and sort by.

The decision itself is `radius.policy`; this is its summary in one word for many rows at once, and a test
holds the two against each other.
"""

from datetime import datetime

from django.db import models
from django.db.models import Case, CharField, F, Q, Value, When

from customers.models import Gate, GateKind
from ispbilling.core.clock import local_day
from radius.accounts.models import DataAccount
from radius.catalogue.models import Authentication, CapKind, Service


class RadiusStatus(models.TextChoices):
    """What its line gets; the first that applies."""

    CANCELLED = "cancelled", "Cancelled"
    DISABLED = "disabled", "Disabled"
    SUSPENDED = "suspended", "Suspended"
    BLOCKED = "blocked", "Blocked"
    NOT_STARTED = "not_started", "Not Started"
    REJECTED = "rejected", "Service Rejects"
    PREPAID_EMPTY = "prepaid_empty", "Prepaid Empty"
    CAPPED = "capped", "Capped"
    TOPUP = "topup", "Over-usage Top-up"
    DEFAULT = "default", "Default Speed"


MEANINGS = {
    RadiusStatus.CANCELLED: "off",
    RadiusStatus.DISABLED: "off",
    RadiusStatus.SUSPENDED: "stopped",
    RadiusStatus.BLOCKED: "stopped",
    RadiusStatus.NOT_STARTED: "off",
    RadiusStatus.REJECTED: "stopped",
    RadiusStatus.PREPAID_EMPTY: "stopped",
    RadiusStatus.CAPPED: "attention",
    RadiusStatus.TOPUP: "working",
    RadiusStatus.DEFAULT: "working",
}


def without_data(now: datetime, prefix: str = "") -> Q:
    """Lines that have no data left at `now`: used up, or expired; `prefix` is the way to the data account."""
    over = Q(**{f"{prefix}meter__exhausted_since__lte": now}) | Q(
        **{f"{prefix}meter__covered_until__lte": now}
    )
    again = Q(
        **{f"{prefix}meter__exhausted_until__isnull": False, f"{prefix}meter__exhausted_until__lte": now}
    )
    return over & ~again


#: Lines that have used all of their month and live from top-ups (D-21).
ON_TOPUP = Q(prepaid=False, meter__remaining_octets__gt=0) & Q(
    meter__remaining_topup_octets=F("meter__remaining_octets")
)


def with_status(accounts: models.QuerySet[DataAccount], now: datetime) -> models.QuerySet[DataAccount]:
    """The accounts with `radius_status`, one of `RadiusStatus`."""
    today = local_day(now)

    def gate(*kinds: GateKind) -> Q:
        # Not correlated: PostgreSQL reads the closed gates once and hashes them, whatever the number of rows.
        return Q(customer__in=Gate.objects.closing(now).filter(kind__in=kinds).order_by().values("customer"))

    refusing = Q(package__service__authentication=Authentication.REJECT)
    refusing |= Q(package__service__expires_on__lt=today)
    refusing |= Q(package__service__in=Service.closed_by_band(now))
    return accounts.annotate(
        radius_status=Case(
            When(Q(ends_on__lt=today) | gate(GateKind.CANCELLED), then=Value(RadiusStatus.CANCELLED)),
            When(
                Q(customer__group__enabled=False) | gate(GateKind.DELETED, GateKind.DISABLED),
                then=Value(RadiusStatus.DISABLED),
            ),
            When(gate(GateKind.SUSPENDED), then=Value(RadiusStatus.SUSPENDED)),
            When(blocked=True, then=Value(RadiusStatus.BLOCKED)),
            When(starts_on__gt=today, then=Value(RadiusStatus.NOT_STARTED)),
            When(refusing, then=Value(RadiusStatus.REJECTED)),
            When(Q(prepaid=True) & without_data(now), then=Value(RadiusStatus.PREPAID_EMPTY)),
            When(~Q(package__cap_kind=CapKind.UNCAPPED) & without_data(now), then=Value(RadiusStatus.CAPPED)),
            When(~Q(package__cap_kind=CapKind.UNCAPPED) & ON_TOPUP, then=Value(RadiusStatus.TOPUP)),
            default=Value(RadiusStatus.DEFAULT),
            output_field=CharField(),
        )
    )
