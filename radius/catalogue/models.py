"""Services and packages, as the RADIUS guide groups them."""

from calendar import day_name
from datetime import date, datetime
from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse

from ispbilling.core.models import User
from ispbilling.core.units import format_kbps, format_octets
from radius.catalogue.labels import differences
from radius.policy.bands import Band, closing
from radius.topups.models import TopupGroup

WEEKDAYS = tuple(day_name)


class CatalogueQuerySet(models.QuerySet[models.Model]):
    def visible_to(self, user: User) -> "CatalogueQuerySet":
        return self if user.is_provider_staff else self.none()


class Authentication(models.TextChoices):
    ACCEPT = "accept", "Accept"
    REJECT = "reject", "Reject"


class LimitType(models.TextChoices):
    """What the hours of a time limit are for."""

    DAILY = "daily", "A day"
    MONTHLY = "monthly", "A calendar month"
    ONCE = "once", "Once: never again"


class Service(models.Model):
    """A RADIUS service: a speed, and when it may be used. Zero means zero; a reply carries the speed in the
    form its NAS understands.
    """

    code = models.CharField("service code", max_length=40)
    title = models.CharField(max_length=80)
    down_kbps = models.PositiveIntegerField("speed down", help_text="kbit/s")
    up_kbps = models.PositiveIntegerField("speed up", help_text="kbit/s")
    authentication = models.CharField(max_length=6, choices=Authentication, default=Authentication.ACCEPT)
    expires_on = models.DateField(
        "expiry date", null=True, blank=True, help_text="Last day on which it works; empty: never"
    )

    band_days = models.CharField(
        "closed on",
        max_length=7,
        blank=True,
        validators=[RegexValidator(r"^[1-7]*$", "Digits 1 (Monday) to 7 (Sunday).")],
        help_text="Weekdays on which it is closed for some hours, 1 (Monday) to 7 (Sunday)",
    )
    band_from = models.TimeField("closed from", null=True, blank=True)
    band_to = models.TimeField("closed until", null=True, blank=True)
    time_limit = models.PositiveIntegerField(
        default=0, validators=[MaxValueValidator(2**31 - 1)], help_text="Seconds online; 0: no limit"
    )
    limit_type = models.CharField("limit is for", max_length=7, choices=LimitType, default=LimitType.DAILY)

    objects = CatalogueQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(Lower("code"), name="radius_service_code_ci"),
            models.CheckConstraint(
                condition=models.Q(band_days="", band_from__isnull=True, band_to__isnull=True)
                | (~models.Q(band_days="") & models.Q(band_from__isnull=False, band_to__isnull=False)),
                name="radius_service_band",
                violation_error_message="Hours when it is closed need days, a beginning and an end.",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("radius:service_detail", args=[self.pk])

    @property
    def speed(self) -> str:
        """`20 Mb/s down, 10 Mb/s up`."""
        return f"{format_kbps(self.down_kbps)} down, {format_kbps(self.up_kbps)} up"

    @property
    def closed_hours(self) -> str:
        """`Mo Tu We 22:00 to 06:00`, empty for none."""
        if not self.band_days or self.band_from is None or self.band_to is None:
            return ""
        days = " ".join(WEEKDAYS[int(day) - 1][:2] for day in self.band_days)
        return f"{days} {self.band_from:%H:%M} to {self.band_to:%H:%M}"

    def expired(self, on: date) -> bool:
        return self.expires_on is not None and on > self.expires_on

    @property
    def bands(self) -> tuple[Band, ...]:
        """Its hours as the policy knows them."""
        if not self.band_days or self.band_from is None or self.band_to is None:
            return ()
        return (Band(self.band_days, self.band_from, self.band_to),)

    @classmethod
    def closed_by_band(cls, now: datetime) -> list[int]:
        """The ids of the services whose band is closed at `now`."""
        some = cls.objects.exclude(band_days="").order_by()
        return [one.pk for one in some if closing(one.bands, settings.TIME_ZONE, now) is not None]


class CapKind(models.TextChoices):
    """What happens at the cap (2.7)."""

    HARD = "hard", "Hard cap"
    SOFT = "soft", "Soft cap"
    UNCAPPED = "uncapped", "Uncapped"


class Counts(models.TextChoices):
    """What a cap counts."""

    BOTH = "both", "Download and upload"
    DOWNLOAD = "download", "Download only"


class BundleStarts(models.TextChoices):
    """When the validity of a bundle that a prepaid line bought begins (2.10)."""

    PURCHASE = "purchase", "When it is bought"
    FIRST_USE = "first_use", "When it is first used"


_MONTHS = [MinValueValidator(1), MaxValueValidator(12)]


def _months_or_none(name: str) -> models.Q:
    return models.Q(**{f"{name}__isnull": True}) | models.Q(**{f"{name}__range": (1, 12)})


def _rolls_if_months(name: str) -> models.Q:
    """Months without the switch belong to those who inherit it; where nothing rolls there are none."""
    rolls = models.Q(**{f"{name}__isnull": True}) | models.Q(**{name: True})
    return rolls | models.Q(**{f"{name}_months__isnull": True})


class Package(models.Model):
    """A data package: a cap and a price on a service. The name is only a label (D-17).

    The fields of rollover are null where the package leaves it to those above it: category, group, system (2.11).
    """

    title = models.CharField(max_length=80)
    service = models.ForeignKey(Service, models.PROTECT, related_name="packages")
    cap_kind = models.CharField(
        "kind of cap",
        max_length=8,
        choices=CapKind,
        default=CapKind.HARD,
        help_text="Hard: stops at the cap. Soft: goes on at the speed of the service once capped",
    )
    cap_octets = models.BigIntegerField(
        "monthly cap", null=True, blank=True, validators=[MinValueValidator(1)], help_text="Empty: uncapped"
    )
    service_once_capped = models.ForeignKey(
        Service,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="packages_once_capped",
        help_text="The speed after a soft cap",
    )
    counts = models.CharField("the cap counts", max_length=8, choices=Counts, default=Counts.BOTH)
    topup_group = models.ForeignKey(
        TopupGroup,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="packages",
        help_text="What may be bought on top; empty: nothing",
    )
    add_overusage_on_topup = models.BooleanField(
        default=False,
        help_text="On: what was used over the cap is added to a top-up, so all that is bought can be used",
    )
    bundle_starts = models.CharField(
        "prepaid bundles start", max_length=9, choices=BundleStarts, default=BundleStarts.PURCHASE
    )
    rollover_monthly = models.BooleanField("unused monthly data", null=True, blank=True)
    rollover_monthly_months = models.PositiveSmallIntegerField(
        "months until it expires", null=True, blank=True, validators=_MONTHS
    )
    rollover_topup = models.BooleanField("unused top-ups", null=True, blank=True)
    rollover_topup_months = models.PositiveSmallIntegerField(
        "months until they expire", null=True, blank=True, validators=_MONTHS
    )
    rollover_max_octets = models.BigIntegerField(
        "most that rolls over",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Octets that a line may hold of rolled over data; empty: any amount",
    )
    price = models.DecimalField(
        "monthly price", max_digits=14, decimal_places=2, validators=[MinValueValidator(Decimal(0))]
    )
    session_timeout = models.PositiveIntegerField(
        default=86_400, help_text="Seconds after which a session must log in again; 0: never"
    )
    interim_interval = models.PositiveIntegerField(
        default=300,
        validators=[MinValueValidator(60)],
        help_text="Seconds between accounting updates, at least 60",
    )
    framed_pool = models.CharField(
        "address pool",
        max_length=60,
        blank=True,
        help_text="The pool on the NAS that addresses are drawn from",
    )
    framed_ipv6_pool = models.CharField(
        "IPv6 pool", max_length=60, blank=True, help_text="The pool on the NAS for the link's own prefix"
    )
    delegated_ipv6_pool = models.CharField(
        "IPv6 delegation pool",
        max_length=60,
        blank=True,
        help_text="The pool on the NAS for the prefix that is delegated to the subscriber's router",
    )
    simultaneous_use = models.PositiveSmallIntegerField(
        default=1,
        help_text="Sessions one data account may have at once; 0: any number",
    )
    active = models.BooleanField(default=True, help_text="Off: not offered for new data accounts")

    objects = CatalogueQuerySet.as_manager()

    class Meta:
        ordering = ["title"]
        constraints = [
            models.UniqueConstraint(Lower("title"), name="radius_package_title_ci"),
            models.CheckConstraint(condition=models.Q(price__gte=0), name="radius_package_price"),
            models.CheckConstraint(
                condition=models.Q(cap_octets__isnull=True) | models.Q(cap_octets__gt=0),
                name="radius_package_cap",
                violation_error_message="A cap is more than 0.",
            ),
            models.CheckConstraint(
                condition=models.Q(cap_kind=CapKind.UNCAPPED, cap_octets__isnull=True)
                | models.Q(cap_kind__in=[CapKind.HARD, CapKind.SOFT], cap_octets__isnull=False),
                name="radius_package_cap_kind",
                violation_error_message="A hard or soft cap has an amount; uncapped has none.",
            ),
            models.CheckConstraint(
                condition=models.Q(cap_kind=CapKind.SOFT, service_once_capped__isnull=False)
                | (~models.Q(cap_kind=CapKind.SOFT) & models.Q(service_once_capped__isnull=True)),
                name="radius_package_once_capped",
                violation_error_message="A soft cap, and no other, has a service once capped.",
            ),
            models.CheckConstraint(
                condition=models.Q(counts__in=Counts.values), name="radius_package_counts"
            ),
            models.CheckConstraint(
                condition=models.Q(bundle_starts__in=BundleStarts.values), name="radius_package_bundle_starts"
            ),
            models.CheckConstraint(
                condition=_months_or_none("rollover_monthly_months")
                & _months_or_none("rollover_topup_months"),
                name="radius_package_rollover_months",
                violation_error_message="Rolled over data lasts 1 to 12 months.",
            ),
            models.CheckConstraint(
                condition=_rolls_if_months("rollover_monthly") & _rolls_if_months("rollover_topup"),
                name="radius_package_rollover",
                violation_error_message="What does not roll over has no months.",
            ),
            models.CheckConstraint(
                condition=models.Q(rollover_max_octets__isnull=True) | models.Q(rollover_max_octets__gt=0),
                name="radius_package_rollover_max",
                violation_error_message="The most that rolls over is more than 0.",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("radius:package_detail", args=[self.pk])

    @property
    def cap(self) -> str:
        return "Uncapped" if self.cap_octets is None else format_octets(self.cap_octets)

    @property
    def sells_topups(self) -> bool:
        """Whether top-ups are offered: whenever there is a cap and a top-up group (D-18)."""
        return self.cap_kind != CapKind.UNCAPPED and self.topup_group_id is not None

    @property
    def label_differences(self) -> list[str]:
        """What its name claims and it does not give (D-17); needs the service fetched."""
        return differences(self.title, self.service.down_kbps, self.service.up_kbps, self.cap_octets)
