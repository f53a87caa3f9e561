"""Bundles, what was drawn from them on which day, and what a line has left.

Written by `radius.bundles.granting` (bundles, marks, spans) and `radius.bundles.counting` (draws, meters, the sum of
draws on a bundle) alone; drawing itself is the pure function of `radius.bundles.drawing`.
"""

from datetime import datetime
from decimal import Decimal

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField, DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Func, Q, Value
from django.urls import reverse

from ispbilling.core.models import User
from ispbilling.core.units import format_octets
from radius.accounts.models import DataAccount
from radius.catalogue.models import Counts, Package


class BundleKind(models.TextChoices):
    """Where the data of a bundle comes from."""

    MONTHLY = "monthly", "Monthly"
    TOPUP = "topup", "Top-up"
    ROLLOVER = "rollover", "Rollover"
    ADHOC = "adhoc", "Ad hoc"
    TRANSFER = "transfer", "Transfer"


class DataBundleQuerySet(models.QuerySet["DataBundle"]):
    def visible_to(self, user: User) -> "DataBundleQuerySet":
        return self.filter(data_account__in=DataAccount.objects.visible_to(user))

    def live(self, now: datetime) -> "DataBundleQuerySet":
        """Those from which data may still be drawn, now or later."""
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now), voided_at__isnull=True)

    def in_month(self, starts: datetime, ends: datetime) -> "DataBundleQuerySet":
        """Those that could be used at some time from `starts` up to `ends`."""
        begun = Q(starts_at__isnull=True, created_at__lt=ends) | Q(starts_at__lt=ends)
        return self.filter(begun, Q(expires_at__isnull=True) | Q(expires_at__gt=starts))

    def in_order(self) -> "DataBundleQuerySet":
        """In the order in which data is drawn: earliest expiry first, of those the oldest data."""
        return self.order_by(F("expires_at").asc(nulls_last=True), "origin_at", "pk")


#: The states of a bundle in words, with their meaning.
STATES = {
    "waiting": ("Starts when used", "info"),
    "later": ("Starts later", "info"),
    "active": ("Active", "working"),
    "used": ("Used up", "off"),
    "expired": ("Expired", "off"),
    "void": ("Taken back", "stopped"),
}


class DataBundle(models.Model):
    """An amount of data that a line holds for some time (2.11).

    `starts_at` is null until the first use of a bundle that begins with it; `valid_seconds` then says for how long.
    `expires_at` null: never. Usage since `draws_from` may be drawn from it: normally `starts_at`; earlier where what
    was used over the cap before is to be covered, and before `starts_at` it covers that alone. `origin_at` is when its
    data was first granted: the older of two that expire together is drawn first. `month` is the first day of a
    monthly bundle's month. `source` names what it was granted for, so that nothing is granted twice.
    `drawn_octets` is the sum of its draws. A bundle that was taken back ended at `voided_at`: what had been drawn
    stays drawn.
    """

    data_account = models.ForeignKey(DataAccount, models.PROTECT, related_name="bundles", db_index=False)
    kind = models.CharField(max_length=8, choices=BundleKind)
    title = models.CharField(max_length=120)
    octets = models.BigIntegerField("data")
    drawn_octets = models.BigIntegerField("drawn", default=0, db_default=0)
    price = models.DecimalField(max_digits=14, decimal_places=2, default=Decimal("0.00"))
    promotional = models.BooleanField(default=False)
    month = models.DateField(null=True, blank=True)
    package = models.ForeignKey(
        Package,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="The package whose cap a monthly bundle is",
    )
    starts_at = models.DateTimeField(null=True, blank=True)
    valid_seconds = models.BigIntegerField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    draws_from = models.DateTimeField(null=True, blank=True)
    origin_at = models.DateTimeField()
    source = models.CharField(max_length=200, unique=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    rolled_count = models.PositiveSmallIntegerField(default=0)
    voided_at = models.DateTimeField(null=True, blank=True)
    voided_reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")

    objects = DataBundleQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=BundleKind.values), name="radius_databundle_kind"),
            models.CheckConstraint(condition=Q(octets__gt=0), name="radius_databundle_octets"),
            models.CheckConstraint(
                condition=Q(drawn_octets__gte=0, drawn_octets__lte=F("octets")),
                name="radius_databundle_drawn",
            ),
            models.CheckConstraint(condition=Q(price__gte=0), name="radius_databundle_price"),
            models.CheckConstraint(
                condition=Q(kind=BundleKind.MONTHLY, month__isnull=False, month__day=1)
                | (~Q(kind=BundleKind.MONTHLY) & Q(month__isnull=True)),
                name="radius_databundle_month",
            ),
            models.UniqueConstraint(
                fields=["data_account", "month"],
                condition=Q(kind=BundleKind.MONTHLY, voided_at__isnull=True),
                name="radius_databundle_one_a_month",
            ),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=False, draws_from__isnull=False, draws_from__lte=F("starts_at"))
                | Q(
                    starts_at__isnull=True,
                    draws_from__isnull=True,
                    expires_at__isnull=True,
                    valid_seconds__isnull=False,
                    drawn_octets=0,
                ),
                name="radius_databundle_start",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gte=F("starts_at")),
                name="radius_databundle_expiry",
            ),
            models.CheckConstraint(
                condition=Q(valid_seconds__isnull=True) | Q(valid_seconds__gt=0),
                name="radius_databundle_validity",
            ),
            models.CheckConstraint(condition=~Q(source=""), name="radius_databundle_source"),
            models.CheckConstraint(
                condition=~Q(kind=BundleKind.ROLLOVER) | Q(parent__isnull=False),
                name="radius_databundle_parent",
            ),
            models.CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("id")), name="radius_databundle_own_parent"
            ),
            models.UniqueConstraint(
                fields=["parent"],
                condition=Q(kind=BundleKind.ROLLOVER),
                name="radius_databundle_rolled_once",
            ),
            models.CheckConstraint(
                condition=Q(voided_at__isnull=True, voided_reason="")
                | (Q(voided_at__isnull=False) & ~Q(voided_reason="")),
                name="radius_databundle_void",
            ),
        ]
        indexes = [
            # Read by the drawer: what of a line can still be drawn from.
            models.Index(fields=["data_account", "expires_at"], name="radius_databundle_account"),
            # Read by lists of what expires soon, and by rollover.
            models.Index(fields=["expires_at"], name="radius_databundle_expires"),
        ]

    def __str__(self) -> str:
        return f"{self.title} {format_octets(self.octets)}"

    def get_absolute_url(self) -> str:
        return reverse("radius:bundle_detail", args=[self.pk])

    @property
    def left_octets(self) -> int:
        """What was not drawn; nothing of it can be used once the bundle is over."""
        return self.octets - self.drawn_octets

    @property
    def ends_at(self) -> datetime | None:
        """When it is over: its expiry, or when it was taken back; None: never, or not begun."""
        return min(filter(None, (self.expires_at, self.voided_at)), default=None)

    def state(self, now: datetime) -> str:
        """`waiting`, `later`, `active`, `used`, `expired` or `void`."""
        if self.voided_at is not None:
            return "void"
        if self.starts_at is None:
            return "waiting"
        if self.drawn_octets >= self.octets:
            return "used"
        if self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return "active" if self.starts_at <= now else "later"


class Draw(models.Model):
    """Octets of a line on a local day that were drawn from a bundle; without a bundle: over the cap, or outside
    any bundle of a prepaid line.

    Partitioned by month of `day`, as `UsageDay`. The draws of a line and day are what its usage of that day was
    distributed to: lines that are uncapped have none.
    """

    data_account = models.ForeignKey(
        DataAccount, models.DO_NOTHING, db_constraint=False, related_name="draws", db_index=False
    )
    day = models.DateField()
    bundle = models.ForeignKey(DataBundle, models.DO_NOTHING, null=True, related_name="draws", db_index=False)
    octets = models.BigIntegerField()

    class Meta:
        ordering = ["-day"]
        constraints = [
            models.UniqueConstraint(
                fields=["data_account", "day", "bundle"],
                name="radius_draw_account_day_bundle",
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=Q(octets__gt=0), name="radius_draw_octets"),
        ]
        indexes = [
            # Read by the page of a bundle.
            models.Index(fields=["bundle", "day"], name="radius_draw_bundle"),
            BrinIndex("day", name="radius_draw_day", autosummarize=True, pages_per_range=32),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.data_account_id} {self.octets}"


class UsageMark(models.Model):
    """By the instant `at` the line had counted so many octets on its local day `day`.

    Written when something of a line begins or ends within a day: a day's usage alone does not say what came
    before it and what after.
    """

    # Without a constraint: counting takes no lock on lines.
    data_account = models.ForeignKey(
        DataAccount, models.DO_NOTHING, db_constraint=False, related_name="usage_marks", db_index=False
    )
    at = models.DateTimeField()
    day = models.DateField()
    upload_octets = models.BigIntegerField()
    download_octets = models.BigIntegerField()

    class Meta:
        ordering = ["at"]
        constraints = [
            models.UniqueConstraint(fields=["data_account", "at"], name="radius_usagemark_account_at"),
            models.CheckConstraint(
                condition=Q(upload_octets__gte=0, download_octets__gte=0), name="radius_usagemark_octets"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.data_account_id} at {self.at}"

    @property
    def octets(self) -> int:
        return self.upload_octets + self.download_octets


class Span(Func):
    """From one instant up to another, as a range of PostgreSQL."""

    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class Alone(Func):
    """The range that holds one number alone: ranges are indexed together with others without an extension."""

    template = "INT8RANGE(%(expressions)s, %(expressions)s, '[]')"
    output_field = BigIntegerRangeField()


class MeteredSpan(models.Model):
    """A time in which the usage of a line is drawn from bundles, because its package is capped or it is prepaid, and
    what is counted; open while `until` is null.

    The spans of a line never overlap. Who becomes capped within a month is so for all of it: what was used before is
    kept against the cap (2.8).
    """

    data_account = models.ForeignKey(
        DataAccount, models.PROTECT, related_name="metered_spans", db_index=False
    )
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    counts = models.CharField(max_length=8, choices=Counts, default=Counts.BOTH)

    class Meta:
        ordering = ["since"]
        indexes = [
            # Read with every batch that is drawn; the constraint's index answers only who asks for ranges.
            models.Index(fields=["data_account", "since"], name="radius_meteredspan_account"),
        ]
        constraints = [
            ExclusionConstraint(
                name="radius_meteredspan_apart",
                expressions=[
                    (Alone("data_account"), RangeOperators.OVERLAPS),
                    (Span("since", "until", Value("[)")), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=F("since")), name="radius_meteredspan_span"
            ),
            models.CheckConstraint(condition=Q(counts__in=Counts.values), name="radius_meteredspan_counts"),
        ]

    def __str__(self) -> str:
        return f"{self.data_account_id} {self.since} to {self.until or 'now'}"


class Meter(models.Model):
    """What a capped or prepaid line has used and has left in the month: what lists and access read.

    One row a line; the drawer locks it before it counts. Octets of the limit are those that bundles give for this
    month: of a bundle that lasts longer, what earlier months left of it. Right until `holds_until`, when by the clock
    alone something begins or ends; `radius.bundles.remaining` reads past that. Access needs no more than this row and
    the clock: a line has no data from `exhausted_since` on, or from `covered_until` on, when what is left expires,
    until `exhausted_until`, when data begins by itself (null: never).
    """

    data_account = models.OneToOneField(DataAccount, models.PROTECT, primary_key=True, related_name="meter")
    month = models.DateField()
    limit_monthly_octets = models.BigIntegerField(default=0)
    limit_topup_octets = models.BigIntegerField(default=0)
    limit_rollover_octets = models.BigIntegerField(default=0)
    limit_octets = models.GeneratedField(
        expression=F("limit_monthly_octets") + F("limit_topup_octets") + F("limit_rollover_octets"),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    used_octets = models.BigIntegerField(default=0, help_text="Of the month, what is over the cap too")
    over_octets = models.BigIntegerField(default=0, help_text="Of the month, over the cap")
    remaining_octets = models.BigIntegerField(default=0)
    remaining_topup_octets = models.BigIntegerField(
        default=0, help_text="What of it is top-ups and not of the monthly cap or rolled over"
    )
    exhausted_since = models.DateTimeField(null=True, blank=True)
    covered_until = models.DateTimeField(null=True, blank=True)
    exhausted_until = models.DateTimeField(null=True, blank=True)
    holds_until = models.DateTimeField(null=True, blank=True)
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    limit_monthly_octets__gte=0,
                    limit_topup_octets__gte=0,
                    limit_rollover_octets__gte=0,
                    used_octets__gte=0,
                    over_octets__gte=0,
                    over_octets__lte=F("used_octets"),
                    remaining_octets__gte=F("remaining_topup_octets"),
                    remaining_topup_octets__gte=0,
                ),
                name="radius_meter_octets",
            ),
            models.CheckConstraint(
                condition=Q(exhausted_since__isnull=True) | Q(remaining_octets=0),
                name="radius_meter_exhausted",
            ),
        ]
        indexes = [
            # Read by reconcile, the drawer and lists of who has nothing left: few rows.
            models.Index(
                fields=["exhausted_since"],
                condition=Q(exhausted_since__isnull=False),
                name="radius_meter_run_out",
            ),
            models.Index(
                fields=["covered_until"],
                condition=Q(covered_until__isnull=False),
                name="radius_meter_covered",
            ),
            models.Index(fields=["holds_until"], name="radius_meter_holds"),
        ]

    def __str__(self) -> str:
        return f"{format_octets(self.used_octets)} of {format_octets(self.limit_octets)}"
