"""What the provider and its customers chose about unused data, notices, transfers and use out of bundle."""

from datetime import date

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from customers.models import Customer
from ispbilling.core.models import User
from ispbilling.core.units import format_octets
from radius.accounts.models import DataAccount
from radius.bundles.models import DataBundle
from radius.rolling.regulation import LEVELS

MOST_MONTHS = 12
#: On which regulation 8A as substituted in 2026 takes effect.
EFFECTIVE = date(2027, 1, 23)


def _months(*names: str) -> Q:
    found = Q()
    for name in names:
        found &= Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__lte": MOST_MONTHS})
    return found


class DataSettings(models.Model):
    """What holds for data where package, category, group and customer say nothing (SET-1). One row."""

    rollover_months = models.PositiveSmallIntegerField(
        "unused monthly data lasts",
        default=0,
        validators=[MaxValueValidator(MOST_MONTHS)],
        help_text="Months after the month it was given for; 0: it expires with its month. Packages, categories, "
        "groups and customers may say otherwise",
    )
    rollover_topup_months = models.PositiveSmallIntegerField(
        "unused top-ups last",
        default=0,
        validators=[MaxValueValidator(MOST_MONTHS)],
        help_text="Months after the day they expire; 0: they expire on that day",
    )
    group_months = models.PositiveSmallIntegerField(
        "groups with Auto Data Rollover",
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_MONTHS)],
        help_text="Months for which unused data of their customers lasts",
    )
    rollover_soft_capped = models.BooleanField(
        "soft caps roll over",
        default=False,
        help_text="Off: what is left of a soft cap expires, whatever package, category or group say",
    )
    transfer_zero_rated = models.BooleanField(
        "zero-rated data may be transferred", default=False, help_text="What was given for nothing"
    )
    transfers_in_portal = models.BooleanField(
        "customers transfer data in the portal", default=True, help_text="Off: staff do it for them"
    )
    regulation_from = models.DateField(
        "ICASA regulation 8A holds from",
        null=True,
        blank=True,
        default=EFFECTIVE,
        help_text="From that day unused bundles of more than 7 days roll over at least once, whatever is chosen "
        "elsewhere. Empty: never, for a provider outside South Africa",
    )
    rolled_until = models.DateTimeField(
        null=True, editable=False, help_text="All that ended until then has rolled over"
    )

    class Meta:
        verbose_name = verbose_name_plural = "data settings"
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="radius_datasettings_one_row"),
            models.CheckConstraint(
                condition=_months("rollover_months", "rollover_topup_months", "group_months")
                & Q(group_months__gte=1),
                name="radius_datasettings_months",
                violation_error_message="Unused data lasts 12 months at most.",
            ),
        ]

    def __str__(self) -> str:
        return "Data settings"

    @classmethod
    def get(cls) -> "DataSettings":
        """The one row (made by a migration)."""
        return cls.objects.get(pk=1)


class CustomerDataExpiry(models.Model):
    """After how long a customer's unused data expires (SET-1); beats every other choice. Empty: as everybody."""

    customer = models.OneToOneField(Customer, models.PROTECT, primary_key=True, related_name="data_expiry")
    monthly_months = models.PositiveSmallIntegerField(
        "unused monthly data",
        null=True,
        blank=True,
        validators=[MaxValueValidator(MOST_MONTHS)],
    )
    topup_months = models.PositiveSmallIntegerField(
        "unused top-ups", null=True, blank=True, validators=[MaxValueValidator(MOST_MONTHS)]
    )

    class Meta:
        verbose_name_plural = "customer data expiries"
        constraints = [
            models.CheckConstraint(
                condition=_months("monthly_months", "topup_months"),
                name="radius_customerdataexpiry_months",
                violation_error_message="Unused data lasts 12 months at most.",
            )
        ]

    def __str__(self) -> str:
        return f"Data expiry of {self.customer}"


class NoticeChoice(models.Model):
    """Which notices of used bundles a customer wants; without a row all of them (reg. 8A(1), 8A(2)(a))."""

    customer = models.OneToOneField(Customer, models.PROTECT, primary_key=True, related_name="notice_choice")
    at_50 = models.BooleanField("at 50 %", default=True)
    at_80 = models.BooleanField("at 80 %", default=True)
    at_100 = models.BooleanField("at 100 %", default=True)

    def __str__(self) -> str:
        return f"Notices of {self.customer}"

    @property
    def wanted(self) -> tuple[int, ...]:
        """The levels it wants to be told of."""
        return tuple(level for level in LEVELS if getattr(self, f"at_{level}"))


class BundleNotice(models.Model):
    """A bundle reached a level of use (reg. 8A(1)): noted once, whether or not its customer was told.

    `told` is off where the customer does not want it, or where a higher level was reached at the same time.
    """

    bundle = models.ForeignKey(DataBundle, models.CASCADE, related_name="notices", db_index=False)
    level = models.PositiveSmallIntegerField(help_text="Percent")
    at = models.DateTimeField(db_index=True)
    told = models.BooleanField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["bundle", "level"], name="radius_bundlenotice_once"),
            models.CheckConstraint(condition=Q(level__in=LEVELS), name="radius_bundlenotice_level"),
        ]

    def __str__(self) -> str:
        return f"{self.bundle} at {self.level} %"


class Door(models.TextChoices):
    """Where somebody said it."""

    PORTAL = "portal", "In the portal"
    STAFF = "staff", "To staff"
    SMS = "sms", "By SMS"


class OutOfBundleConsent(models.Model):
    """Somebody agreed to, or refused, paying for data beyond the bundles of a line (reg. 8A(2)(c), 8A(3)).

    The log: rows are never changed or deleted, PostgreSQL sees to it; the newest of a line stands.
    """

    data_account = models.ForeignKey(DataAccount, models.PROTECT, related_name="consents", db_index=False)
    given = models.BooleanField(help_text="Off: withdrawn")
    at = models.DateTimeField()
    door = models.CharField(max_length=6, choices=Door)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    words = models.TextField(help_text="What was agreed to, as it was shown")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(door__in=Door.values), name="radius_outofbundleconsent_door_known"
            )
        ]
        indexes = [models.Index(fields=["data_account", "-id"], name="radius_consent_line")]

    def __str__(self) -> str:
        return f"{self.data_account}: {'given' if self.given else 'withdrawn'} {self.at:%Y-%m-%d %H:%M} UTC"


class DataTransferQuerySet(models.QuerySet["DataTransfer"]):
    def visible_to(self, user: User) -> "DataTransferQuerySet":
        return self if user.is_provider_staff else self.none()


class DataTransfer(models.Model):
    """Data that a line gave to another (reg. 8A(7)): the bundle it came from holds so much less, the one it became
    has the same terms. Taken back only while nothing of it was used.
    """

    token = models.UUIDField(
        unique=True, editable=False, help_text="Of the form: a double click transfers once"
    )
    from_bundle = models.ForeignKey(DataBundle, models.PROTECT, related_name="given")
    to_bundle = models.OneToOneField(DataBundle, models.PROTECT, related_name="transfer")
    octets = models.BigIntegerField("data")
    at = models.DateTimeField(db_index=True)
    door = models.CharField(max_length=6, choices=Door)
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)
    note = models.CharField(max_length=200, blank=True)
    undone_at = models.DateTimeField(null=True, editable=False)
    undone_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", db_index=False, editable=False
    )

    objects = DataTransferQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(octets__gt=0), name="radius_datatransfer_octets"),
            models.CheckConstraint(
                condition=~Q(from_bundle=F("to_bundle")), name="radius_datatransfer_not_to_itself"
            ),
            models.CheckConstraint(condition=Q(door__in=Door.values), name="radius_datatransfer_door_known"),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=False) | Q(undone_by__isnull=True),
                name="radius_datatransfer_undone",
            ),
        ]

    def __str__(self) -> str:
        return f"{format_octets(self.octets)} of {self.from_bundle.title}"

    def get_absolute_url(self) -> str:
        return reverse("radius:transfer_list")
