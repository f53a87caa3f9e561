"""Results of speed tests."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from customers.models import Customer
from ispbilling.core.models import User
from ispbilling.core.units import format_kbps
from radius.accounts.models import DataAccount

#: Beyond it a result is not of this world: 100 Gb/s, and a minute there and back.
MOST_KBPS, MOST_LATENCY_MS = 100_000_000, Decimal(60_000)


class SpeedTestQuerySet(models.QuerySet["SpeedTest"]):
    def visible_to(self, user: User) -> "SpeedTestQuerySet":
        if user.is_provider_staff:
            return self
        return self.filter(customer__in=Customer.objects.visible_to(user))


class SpeedTest(models.Model):
    """One measurement from a customer's browser to our server and back (PRO-9, 2.20). Append-only.

    `sold_down_kbps` and `sold_up_kbps` are the speed of the line's package when it was made. `over_line` says that
    the browser came from the address the line had then: without it, it may have been somewhere else.
    """

    token = models.UUIDField(unique=True, editable=False)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="speed_tests")
    data_account = models.ForeignKey(DataAccount, models.PROTECT, null=True, related_name="speed_tests")
    at = models.DateTimeField()
    latency_ms = models.DecimalField("latency", max_digits=7, decimal_places=1)
    down_kbps = models.PositiveIntegerField("download")
    up_kbps = models.PositiveIntegerField("upload")
    down_octets = models.PositiveIntegerField(help_text="What was sent to measure it")
    up_octets = models.PositiveIntegerField(help_text="What was sent to measure it")
    sold_down_kbps = models.PositiveIntegerField(null=True)
    sold_up_kbps = models.PositiveIntegerField(null=True)
    over_line = models.BooleanField(default=False)

    objects = SpeedTestQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(latency_ms__gte=0, latency_ms__lte=MOST_LATENCY_MS),
                name="radius_speedtest_latency",
            ),
            models.CheckConstraint(
                condition=Q(down_kbps__lte=MOST_KBPS, up_kbps__lte=MOST_KBPS), name="radius_speedtest_speed"
            ),
            models.CheckConstraint(
                condition=Q(data_account__isnull=False)
                | Q(sold_down_kbps__isnull=True, sold_up_kbps__isnull=True, over_line=False),
                name="radius_speedtest_line",
            ),
        ]
        indexes = [
            models.Index(F("at").desc(), name="radius_speedtest_at"),
            models.Index("customer", F("at").desc(), name="radius_speedtest_customer"),
        ]

    def __str__(self) -> str:
        return f"{format_kbps(self.down_kbps)} down, {format_kbps(self.up_kbps)} up"

    @property
    def percent(self) -> int | None:
        """Download in percent of what was sold."""
        return self.down_kbps * 100 // self.sold_down_kbps if self.sold_down_kbps else None

    @property
    def share(self) -> str:
        """`62 % of 20 Mb/s`; empty where nothing was sold."""
        return f"{self.percent} % of {format_kbps(self.sold_down_kbps)}" if self.sold_down_kbps else ""
