"""Top-ups that were sold, automatic top-ups, switches to prepaid and back, and how the provider sells data."""

from decimal import Decimal
from typing import TypeVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.urls import reverse

from billing.documents.models import Document
from billing.gateways.models import Checkout, CheckoutState
from billing.recurring.models import RecurringLine
from customers.models import Customer
from ispbilling.core.clock import local_day
from ispbilling.core.models import User
from ispbilling.core.units import format_octets
from radius.models import DataAccount, DataBundle, OutOfBundleConsent, TopupType

MOST_DAYS = 366


class BilledWhen(models.TextChoices):
    """When a top-up on account is charged."""

    AT_ONCE = "at_once", "With an invoice at once"
    NEXT_RUN = "next_run", "With the next month-end run"


class UnusedDays(models.TextChoices):
    """What becomes of days that were billed when a line becomes prepaid."""

    CREDITED = "credited", "Credited to the account"
    FORFEITED = "forfeited", "Forfeited"


class DataSalesSettings(models.Model):
    """How this provider sells data. One row."""

    billed = models.CharField(
        "top-ups on account are charged",
        max_length=8,
        choices=BilledWhen,
        default=BilledWhen.AT_ONCE,
        help_text="Of monthly lines; what a prepaid line buys is always invoiced at once",
    )
    portal_on_account = models.BooleanField(
        "customers may buy on account",
        default=True,
        help_text="In the portal, for monthly lines while nothing is overdue. Off: what is not in credit is paid first",
    )
    unused_days = models.CharField(
        "days paid for and not used",
        max_length=9,
        choices=UnusedDays,
        default=UnusedDays.CREDITED,
        help_text="When a line becomes prepaid within a period that was billed",
    )
    leftover_days = models.PositiveSmallIntegerField(
        "unused data lasts",
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)],
        help_text="Days for which a line that becomes prepaid keeps what is left of its monthly data",
    )
    grace_octets = models.BigIntegerField(
        "grace top-up",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Data that a prepaid line may take once after its last purchase when it has none left; empty: off",
    )
    grace_hours = models.PositiveSmallIntegerField(
        "grace lasts",
        default=24,
        validators=[MinValueValidator(1), MaxValueValidator(24 * MOST_DAYS)],
        help_text="Hours",
    )

    class Meta:
        verbose_name = verbose_name_plural = "data sales settings"
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="billing_datasalessettings_one_row"),
            models.CheckConstraint(
                condition=Q(billed__in=BilledWhen.values, unused_days__in=UnusedDays.values),
                name="billing_datasalessettings_choices",
            ),
            models.CheckConstraint(
                condition=Q(leftover_days__range=(1, MOST_DAYS), grace_hours__gte=1)
                & (Q(grace_octets__isnull=True) | Q(grace_octets__gt=0)),
                name="billing_datasalessettings_days",
            ),
        ]

    def __str__(self) -> str:
        return "Data sales settings"

    @classmethod
    def get(cls) -> "DataSalesSettings":
        """The one row (made by a migration)."""
        return cls.objects.get(pk=1)


class SaleWay(models.TextChoices):
    """By which door a top-up was bought."""

    STAFF = "staff", "Staff"
    PORTAL = "portal", "Portal"
    AUTOMATIC = "automatic", "Automatic"
    GRACE = "grace", "Grace"


class SaleState(models.TextChoices):
    WAITING = "waiting", "Waiting for payment"
    SOLD = "sold", "Sold"
    UNDONE = "undone", "Undone"
    FAILED = "failed", "Failed"


Row = TypeVar("Row", bound=models.Model)


class OfCustomers(models.QuerySet[Row]):
    """Rows of data accounts: staff see all, others those of their customers."""

    def visible_to(self, user: User) -> "OfCustomers[Row]":
        if user.is_provider_staff:
            return self
        return self.filter(data_account__customer__in=Customer.objects.visible_to(user))


class TopupSale(models.Model):
    """A top-up that somebody bought, or is paying for online. Written by `selling` alone.

    What was sold is copied in, so that it stays when the type changes. `total` is what it costs, VAT in it; it is
    charged by `document`, or by `recurring_line`, which the next run charges once. `source` names the form or the
    occasion, which sells once.
    """

    data_account = models.ForeignKey(DataAccount, models.PROTECT, related_name="topup_sales")
    topup_type = models.ForeignKey(TopupType, models.PROTECT, null=True, related_name="sales")
    title = models.CharField(max_length=80)
    octets = models.BigIntegerField("data")
    total = models.DecimalField("price", max_digits=14, decimal_places=2)
    way = models.CharField("sold by", max_length=9, choices=SaleWay)
    state = models.CharField(max_length=7, choices=SaleState, default=SaleState.SOLD)
    reason = models.CharField(max_length=200, blank=True, help_text="Why it failed or was undone")
    source = models.CharField(max_length=120, unique=True)
    bundle = models.OneToOneField(DataBundle, models.PROTECT, null=True, related_name="sale")
    document = models.ForeignKey(Document, models.PROTECT, null=True, related_name="topup_sales")
    recurring_line = models.ForeignKey(RecurringLine, models.SET_NULL, null=True, related_name="topup_sales")
    checkout = models.OneToOneField(Checkout, models.PROTECT, null=True, related_name="topup_sale")
    asked_at = models.DateTimeField("when")
    asked_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    sold_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    objects = OfCustomers.as_manager()

    class Meta:
        ordering = ["-asked_at", "-id"]
        verbose_name = "top-up sale"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=SaleState.values, way__in=SaleWay.values),
                name="billing_topupsale_choices",
            ),
            models.CheckConstraint(
                condition=Q(octets__gt=0, total__gte=0) & ~Q(source=""), name="billing_topupsale_amounts"
            ),
            # What is sold was granted; what is not waits for an online payment, or ended without being granted.
            models.CheckConstraint(
                condition=Q(state__in=["sold", "undone"], bundle__isnull=False, sold_at__isnull=False)
                | Q(state__in=["waiting", "failed"], bundle__isnull=True, sold_at__isnull=True)
                & Q(checkout__isnull=False),
                name="billing_topupsale_granted",
            ),
            models.CheckConstraint(
                condition=Q(state="undone", undone_at__isnull=False)
                | ~Q(state="undone") & Q(undone_at__isnull=True),
                name="billing_topupsale_undone",
            ),
            # Nothing is given away by forgetting to charge it, and nothing is charged twice.
            models.CheckConstraint(
                condition=~Q(state="sold")
                | Q(total=0, document__isnull=True, recurring_line__isnull=True)
                | Q(total__gt=0, document__isnull=False, recurring_line__isnull=True)
                | Q(total__gt=0, document__isnull=True, recurring_line__isnull=False),
                name="billing_topupsale_charged_once",
            ),
        ]
        indexes = [
            # Read by the sweep that gives out what was paid for.
            models.Index(fields=["checkout"], condition=Q(state="waiting"), name="billing_topupsale_waiting"),
            # Read by the limit of automatic top-ups, and by the list of a line.
            models.Index(fields=["data_account", "-asked_at"], name="billing_topupsale_line"),
        ]

    def __str__(self) -> str:
        return f"{self.title} for {self.data_account}"

    def get_absolute_url(self) -> str:
        return reverse("billing:topup_sale_detail", args=[self.pk])

    @property
    def data(self) -> str:
        return format_octets(self.octets)

    @property
    def refunded(self) -> bool:
        """Whether what was paid online for it was given back."""
        payment = self.checkout.payment if self.checkout else None
        return payment is not None and payment.taken_back_on is not None

    @property
    def status(self) -> str:
        """The state in words: what waits for a payment that did not come is not paid."""
        if self.state == SaleState.WAITING and self.checkout and self.checkout.state != CheckoutState.OPEN:
            return "Paid" if self.checkout.state == CheckoutState.PAID else "Not paid"
        return str(self.get_state_display())


class AutoTopupQuerySet(OfCustomers["AutoTopup"]):
    def agreed(self) -> "AutoTopupQuerySet":
        """Each with `consent`: whether the newest word in the log of consents is that it may be charged for."""
        log = OutOfBundleConsent.objects.filter(data_account=OuterRef("pk")).order_by("-id")
        return self.annotate(consent=Coalesce(Subquery(log.values("given")[:1]), Value(False)))

    def buying(self) -> "AutoTopupQuerySet":
        """Those that buy: on, and agreed to."""
        return self.agreed().filter(Q(active=True, consent=True))


class AutoTopup(models.Model):
    """A line that buys a top-up by itself when its data runs low: its owner agreed to pay for data out of bundle.

    Written by `automatic` alone. `limit` is the most that is bought so in a calendar month, VAT in it. Who agreed to
    what is in the log of consents; `stopped_reason` says why it is off when nobody switched it off.
    """

    data_account = models.OneToOneField(
        DataAccount, models.PROTECT, primary_key=True, related_name="auto_topup"
    )
    topup_type = models.ForeignKey(
        TopupType, models.PROTECT, related_name="automatic", verbose_name="increment"
    )
    when_left_octets = models.BigIntegerField("when less is left than", default=0)
    limit = models.DecimalField("limit a month", max_digits=14, decimal_places=2)
    agreed_price = models.DecimalField(
        max_digits=14, decimal_places=2, help_text="Of one, VAT in it; no dearer"
    )
    active = models.BooleanField("on", default=True)
    stopped_reason = models.CharField(max_length=200, blank=True)
    limit_told_for = models.DateField(
        null=True, help_text="Month of which it was told that the limit is reached"
    )

    objects = AutoTopupQuerySet.as_manager()

    class Meta:
        ordering = ["data_account__username"]
        verbose_name = "automatic top-up"
        constraints = [
            models.CheckConstraint(
                condition=Q(limit__gt=0, when_left_octets__gte=0), name="billing_autotopup_amounts"
            ),
            models.CheckConstraint(
                condition=Q(active=False) | Q(stopped_reason=""), name="billing_autotopup_stopped"
            ),
        ]
        indexes = [
            # Read by the sweep.
            models.Index(fields=["data_account"], condition=Q(active=True), name="billing_autotopup_on"),
        ]

    def __str__(self) -> str:
        return f"Automatic top-up of {self.data_account}"

    def get_absolute_url(self) -> str:
        return self.data_account.get_absolute_url()


class SwitchState(models.TextChoices):
    SCHEDULED = "scheduled", "Scheduled"
    APPLIED = "applied", "Applied"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Failed"


class PrepaidSwitch(models.Model):
    """A line that becomes prepaid, or monthly again, on a day: its first as what it becomes. Written by `switching`
    alone.

    `ended_lines` are the recurring lines that ended with it and go on when it is monthly again. `leftover` is the
    bundle that its unused monthly data became, `credited` what came back of the days that were billed.
    """

    data_account = models.ForeignKey(DataAccount, models.PROTECT, related_name="prepaid_switches")
    to_prepaid = models.BooleanField()
    effective_on = models.DateField("from")
    comment = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=9, choices=SwitchState, default=SwitchState.SCHEDULED)
    reason = models.CharField(max_length=200, blank=True, help_text="Why it failed or was cancelled")
    source = models.CharField(max_length=120, unique=True)
    ended_lines = models.ManyToManyField(RecurringLine, related_name="+", blank=True)
    leftover = models.OneToOneField(DataBundle, models.PROTECT, null=True, related_name="left_by")
    credited = models.DecimalField(max_digits=14, decimal_places=2, default=Decimal("0.00"))
    created_at = models.DateTimeField("asked")
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)

    objects = OfCustomers.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "switch"
        verbose_name_plural = "switches"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=SwitchState.values), name="billing_prepaidswitch_state"
            ),
            models.CheckConstraint(
                condition=Q(state="scheduled", closed_at__isnull=True)
                | ~Q(state="scheduled") & Q(closed_at__isnull=False),
                name="billing_prepaidswitch_closed",
            ),
            models.UniqueConstraint(
                fields=["data_account"],
                condition=Q(state="scheduled"),
                name="billing_prepaidswitch_one_to_come",
                violation_error_message="The line has a switch to come already; cancel that first.",
            ),
            models.CheckConstraint(condition=Q(credited__gte=0), name="billing_prepaidswitch_credited"),
        ]
        indexes = [
            # Read by the sweep.
            models.Index(
                fields=["effective_on"], condition=Q(state="scheduled"), name="billing_prepaidswitch_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.data_account} {self.words} from {self.effective_on}"

    def get_absolute_url(self) -> str:
        return self.data_account.get_absolute_url()

    @property
    def at_once(self) -> bool:
        """Whether it took effect on the day it was asked for, and not as it was planned, with its day."""
        return self.effective_on == local_day(self.created_at)

    @property
    def words(self) -> str:
        return "prepaid" if self.to_prepaid else "monthly"
