"""Top-up groups and their types."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse

from ispbilling.core.clock import day_end, local_day, month_of
from ispbilling.core.models import User
from ispbilling.core.units import format_octets

MOST_DAYS = 3660


class TopupQuerySet(models.QuerySet[models.Model]):
    def visible_to(self, user: User) -> "TopupQuerySet":
        return self if user.is_provider_staff else self.none()


class TopupGroup(models.Model):
    """What is offered together; a package names the group that its lines may buy from (2.9)."""

    title = models.CharField(max_length=80)

    objects = TopupQuerySet.as_manager()

    class Meta:
        ordering = ["title"]
        verbose_name = "top-up group"
        constraints = [
            models.UniqueConstraint(
                Lower("title"),
                name="radius_topupgroup_title_ci",
                violation_error_message="Another group has this title.",
            )
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("radius:topup_list") + f"?group={self.pk}"


class TopupType(models.Model):
    """An amount of data with a price and a validity. What was sold keeps what it was when this changes."""

    group = models.ForeignKey(TopupGroup, models.PROTECT, related_name="types")
    title = models.CharField(max_length=80, help_text="What customers read on their invoice")
    octets = models.BigIntegerField("data", validators=[MinValueValidator(1)])
    price = models.DecimalField(max_digits=14, decimal_places=2, validators=[MinValueValidator(Decimal(0))])
    validity_days = models.PositiveSmallIntegerField(
        "valid for",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)],
        help_text="Days; empty: to the end of the calendar month",
    )
    promotional = models.BooleanField(
        default=False, help_text="On: given for an occasion; it neither rolls over nor is transferred"
    )
    in_portal = models.BooleanField("in the portal", default=True, help_text="Off: sold by staff only")
    active = models.BooleanField(default=True, help_text="Off: not sold any more")

    objects = TopupQuerySet.as_manager()

    class Meta:
        ordering = ["group", "octets", "price", "title"]
        verbose_name = "top-up type"
        constraints = [
            models.UniqueConstraint(
                "group",
                Lower("title"),
                name="radius_topuptype_title_ci",
                violation_error_message="Another top-up of this group has this title.",
            ),
            models.CheckConstraint(
                condition=Q(octets__gt=0),
                name="radius_topuptype_octets",
                violation_error_message="A top-up gives more than 0.",
            ),
            models.CheckConstraint(condition=Q(price__gte=0), name="radius_topuptype_price"),
            models.CheckConstraint(
                condition=Q(validity_days__isnull=True) | Q(validity_days__range=(1, MOST_DAYS)),
                name="radius_topuptype_validity",
                violation_error_message=f"A top-up is valid for 1 to {MOST_DAYS} days.",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return self.group.get_absolute_url()

    @property
    def data(self) -> str:
        return format_octets(self.octets)

    @property
    def validity(self) -> str:
        """`30 days`, or `to the end of the month`."""
        if self.validity_days is None:
            return "to the end of the month"
        return "1 day" if self.validity_days == 1 else f"{self.validity_days} days"

    def expires_at(self, begins: datetime) -> datetime:
        """The first instant at which a bundle that begins then is not valid any more; a day is 24 hours."""
        if self.validity_days is None:
            return day_end(month_of(local_day(begins)).last)
        return begins + timedelta(days=self.validity_days)
