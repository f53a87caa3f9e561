"""Customer groups, billing groups, categories, labels and high sites."""

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models.functions import Lower

from ispbilling.core.models import User

COLOURS = [
    (name, name.title())
    for name in ("blue", "azure", "green", "orange", "red", "purple", "cyan", "secondary")
]


class BillingGroup(models.Model):
    """Customers who are charged in the same run, usually on the same debit-order day ("Netcash Run 1")."""

    title = models.CharField(max_length=80)
    debit_day = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Day of the month, 1 to 28")

    class Meta:
        ordering = ["title", "id"]
        constraints = [
            models.UniqueConstraint(Lower("title"), name="groups_billinggroup_title_ci"),
            models.CheckConstraint(
                condition=models.Q(debit_day__isnull=True) | models.Q(debit_day__range=(1, 28)),
                name="groups_billinggroup_debit_day",
                violation_error_message="The debit day is 1 to 28, so that every month has it.",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class CustomerGroupQuerySet(models.QuerySet["CustomerGroup"]):
    def visible_to(self, user: User) -> "CustomerGroupQuerySet":
        return self if user.is_provider_staff else self.none()

    def live(self) -> "CustomerGroupQuerySet":
        return self.filter(deleted_at__isnull=True)


class CustomerGroup(models.Model):
    """Every customer is in exactly one (GRP-2); it carries defaults and a switch for all (GRP-15)."""

    title = models.CharField("group title", max_length=80)
    description = models.TextField("group description", blank=True)
    vip = models.BooleanField("VIP customers", default=False)
    auto_data_rollover = models.BooleanField(
        default=False,
        help_text="All unused data of the previous month rolls into the new month as a custom zero-rated top-up",
    )
    due_days = models.PositiveSmallIntegerField(
        "days till invoices due", null=True, blank=True, help_text="Empty: the billing settings decide"
    )
    sync_to_accounting = models.BooleanField("sync to accounting system", default=True)
    suspensions_disabled = models.BooleanField(default=False)
    enabled = models.BooleanField(
        default=True, help_text="Off: no data account of any member can authenticate"
    )
    sort_order = models.PositiveIntegerField(default=0)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = CustomerGroupQuerySet.as_manager()

    class Meta:
        ordering = ["sort_order", "title", "id"]
        constraints = [
            models.UniqueConstraint(
                Lower("title"),
                condition=models.Q(deleted_at__isnull=True),
                name="groups_customergroup_title_ci",
                violation_error_message="There is already a group with this title.",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Category(models.Model):
    """A tag for reports and filters; a customer may have many (GRP-2)."""

    title = models.CharField(max_length=60)
    colour = models.CharField(max_length=12, choices=COLOURS, default="blue")
    rollover_months = models.PositiveSmallIntegerField(
        "unused monthly data lasts",
        null=True,
        blank=True,
        validators=[MaxValueValidator(12)],
        help_text="Months; 0: it expires with its month. Empty: as group and settings say. A package beats it",
    )
    rollover_topup_months = models.PositiveSmallIntegerField(
        "unused top-ups last",
        null=True,
        blank=True,
        validators=[MaxValueValidator(12)],
        help_text="Months after the day they expire; 0: not at all",
    )

    class Meta:
        ordering = ["title"]
        verbose_name_plural = "categories"
        constraints = [
            models.UniqueConstraint(Lower("title"), name="groups_category_title_ci"),
            models.CheckConstraint(
                condition=(models.Q(rollover_months__isnull=True) | models.Q(rollover_months__lte=12))
                & (models.Q(rollover_topup_months__isnull=True) | models.Q(rollover_topup_months__lte=12)),
                name="groups_category_rollover",
                violation_error_message="Unused data lasts 12 months at most.",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Label(models.Model):
    """A free mark beside the categories (EDT-2)."""

    title = models.CharField(max_length=60)
    colour = models.CharField(max_length=12, choices=COLOURS, default="secondary")

    class Meta:
        ordering = ["title"]
        constraints = [models.UniqueConstraint(Lower("title"), name="groups_label_title_ci")]

    def __str__(self) -> str:
        return self.title


class HighSite(models.Model):
    """Where customers and NASes connect."""

    name = models.CharField(max_length=80)
    latitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("name"), name="groups_highsite_name_ci")]

    def __str__(self) -> str:
        return self.name
