"""Package changes of lines, and how a new cap is reckoned."""

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from customers.models import Customer
from ispbilling.core.models import User
from radius.accounts.models import DataAccount
from radius.catalogue.models import Package


class ChangeState(models.TextChoices):
    """Where a change stands (2.8)."""

    SCHEDULED = "scheduled", "Scheduled"
    APPLIED = "applied", "Applied"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Failed"
    SUPERSEDED = "superseded", "Superseded"
    UNDONE = "undone", "Undone"


#: What holds, or will.
STANDING = (ChangeState.SCHEDULED, ChangeState.APPLIED)


class PackageChangeQuerySet(models.QuerySet["PackageChange"]):
    def visible_to(self, user: User) -> "PackageChangeQuerySet":
        if user.is_provider_staff:
            return self
        return self.filter(data_account__customer__in=Customer.objects.visible_to(user))

    def standing(self) -> "PackageChangeQuerySet":
        """Applied, or going to be."""
        return self.filter(state__in=STANDING)

    def scheduled(self) -> "PackageChangeQuerySet":
        return self.filter(state=ChangeState.SCHEDULED)


class PackageChange(models.Model):
    """From `activates_on` on the line has `to_package`; the network knows it from the instant `activates_at`.

    The two are one midnight for a change that was planned. A change of today takes effect when it is made, and one
    that is backdated as well: what was used before stays as it was used, and only money goes back.

    Prices: `monthly_price` becomes the line's custom price, else `package_price` clears it; with neither the line
    keeps what it has, a custom price or the usual one. `from_*` is what the line had before, so that it can be given
    back; of the changes of one day the last supersedes the others and begins where the first of them began.
    """

    data_account = models.ForeignKey(DataAccount, models.PROTECT, related_name="package_changes")
    from_package = models.ForeignKey(Package, models.PROTECT, related_name="+")
    from_price = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    from_topup_price = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    to_package = models.ForeignKey(Package, models.PROTECT, related_name="changes_to")
    monthly_price = models.DecimalField(
        max_digits=14, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(Decimal(0))]
    )
    package_price = models.BooleanField(
        default=False, help_text="On: the line's custom price goes, the package's holds"
    )
    topup_price = models.DecimalField(
        max_digits=14, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(Decimal(0))]
    )
    activates_on = models.DateField("activation date")
    activates_at = models.DateTimeField()
    comment = models.CharField(max_length=200, blank=True)
    state = models.CharField("status", max_length=10, choices=ChangeState, default=ChangeState.SCHEDULED)
    reason = models.CharField(
        max_length=300, blank=True, help_text="Why it failed, or was cancelled or undone"
    )
    supersedes = models.OneToOneField(
        "self", models.RESTRICT, null=True, blank=True, related_name="superseded_by"
    )
    source = models.CharField(
        max_length=80, blank=True, default="", editable=False, help_text="The form that made it, once"
    )
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    applied_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(
        null=True, help_text="When it was cancelled, failed, undone or superseded"
    )

    objects = PackageChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-activates_on", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=ChangeState.values), name="radius_packagechange_state"
            ),
            models.CheckConstraint(
                condition=~Q(from_package=F("to_package")) | Q(supersedes__isnull=False),
                name="radius_packagechange_differs",
                violation_error_message="It has this package already.",
            ),
            models.UniqueConstraint(
                fields=["data_account", "activates_on"],
                condition=Q(state__in=STANDING),
                name="radius_packagechange_one_a_day",
                violation_error_message="The line has a package change on that day.",
            ),
            models.UniqueConstraint(
                fields=["source"], condition=~Q(source=""), name="radius_packagechange_source"
            ),
            models.CheckConstraint(
                condition=Q(state=ChangeState.SCHEDULED, applied_at__isnull=True, closed_at__isnull=True)
                | Q(state=ChangeState.APPLIED, applied_at__isnull=False, closed_at__isnull=True)
                | Q(
                    state__in=[ChangeState.CANCELLED, ChangeState.FAILED],
                    applied_at__isnull=True,
                    closed_at__isnull=False,
                )
                | Q(state=ChangeState.UNDONE, applied_at__isnull=False, closed_at__isnull=False)
                | Q(state=ChangeState.SUPERSEDED, closed_at__isnull=False),
                name="radius_packagechange_instants",
            ),
            models.CheckConstraint(
                condition=~Q(state=ChangeState.FAILED) | ~Q(reason=""), name="radius_packagechange_reason"
            ),
            models.CheckConstraint(
                condition=(Q(monthly_price__isnull=True) | Q(monthly_price__gte=0, package_price=False))
                & (Q(topup_price__isnull=True) | Q(topup_price__gte=0)),
                name="radius_packagechange_prices",
                violation_error_message="A price is not negative, and is either the package's or its own.",
            ),
        ]
        indexes = [
            # Read by the sweep, and by the RADIUS service for what is due although it was not applied yet.
            models.Index(
                fields=["activates_at"],
                condition=Q(state=ChangeState.SCHEDULED),
                name="radius_packagechange_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.data_account}: {self.before} to {self.to_package} on {self.activates_on}"

    def get_absolute_url(self) -> str:
        return reverse("billing:package_change_detail", args=[self.pk])

    @property
    def before(self) -> Package:
        """The package it was changed from, for people: of the change that it superseded, the new one."""
        return self.supersedes.to_package if self.supersedes else self.from_package

    @property
    def to_price(self) -> Decimal | None:
        """The line's custom price after it; None: it has none."""
        if self.monthly_price is not None:
            return self.monthly_price
        return None if self.package_price else self.from_price

    @property
    def to_topup_price(self) -> Decimal | None:
        """The line's own price of a GB of top-ups after it; None: the top-ups cost what they cost."""
        return self.from_topup_price if self.topup_price is None else self.topup_price


class NewCap(models.TextChoices):
    """How much of a new cap there is in the month in which it comes."""

    FULL = "full", "All of it"
    PRORATED = "prorated", "By the days of the month with each package"


class ChangeSettings(models.Model):
    """How this provider changes packages. One row."""

    new_cap = models.CharField(
        "new cap in the month of a change",
        max_length=8,
        choices=NewCap,
        default=NewCap.FULL,
        help_text="Data that was used in the month already counts against it either way",
    )

    class Meta:
        verbose_name_plural = "package change settings"
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="radius_changesettings_one_row"),
            models.CheckConstraint(
                condition=Q(new_cap__in=NewCap.values), name="radius_changesettings_new_cap"
            ),
        ]

    def __str__(self) -> str:
        return "Package change settings"

    @classmethod
    def get(cls) -> "ChangeSettings":
        """The one row (made by a migration)."""
        return cls.objects.get(pk=1)
