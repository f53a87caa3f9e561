"""Batches with their rows and whoever was left out, and how this provider collects."""

from decimal import Decimal

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from billing.debiting.models.mandates import Mandate
from billing.payments.models import Payment
from customers.models import Customer
from groups.models import BillingGroup
from ispbilling.core.models import User
from ispbilling.core.money import CENT
from ispbilling.core.secrets import LazySecretField, SecretBytesField


class Service(models.TextChoices):
    """How fast the provider collects."""

    TWO_DAY = "two_day", "Two-day"
    SAME_DAY = "same_day", "Same-day"


class DebitSettings(models.Model):
    """How this provider collects. One row."""

    format = models.CharField("collected by", max_length=12, default="netcash")
    service_key = LazySecretField(
        blank=True, default="", help_text="Of the debit order service; stored encrypted"
    )
    vendor_key = models.CharField(
        "software vendor key",
        max_length=36,
        blank=True,
        default="",
        help_text="Only for software vendors registered with Netcash; empty: Netcash's default",
    )
    service = models.CharField(
        max_length=8, choices=Service, default=Service.TWO_DAY, help_text="What a new batch starts with"
    )
    forward = models.BooleanField(
        "move to a business day",
        default=True,
        help_text="An action day on which the banks are closed moves to the next business day; off: it is refused",
    )
    smallest = models.DecimalField(
        "smallest collection",
        max_digits=14,
        decimal_places=2,
        default=Decimal("1.00"),
        validators=[MinValueValidator(CENT)],
        help_text="Who owes less is left out",
    )
    collect_part = models.BooleanField(
        "collect up to the mandate's maximum",
        default=True,
        help_text="When more is due than the mandate allows; off: such a payer is left out",
    )
    fee = models.DecimalField(
        "fee for a returned debit order",
        max_digits=14,
        decimal_places=2,
        default=Decimal("0.00"),
        validators=[MinValueValidator(0)],
        help_text="Invoiced to the customer when the bank does not pay; 0.00: none",
    )

    class Meta:
        verbose_name_plural = "debit order settings"
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="billing_debitsettings_one_row"),
            models.CheckConstraint(
                condition=Q(service__in=Service.values), name="billing_debitsettings_service"
            ),
            models.CheckConstraint(
                condition=Q(smallest__gt=0, fee__gte=0), name="billing_debitsettings_amounts"
            ),
        ]

    def __str__(self) -> str:
        return "Debit order settings"

    @classmethod
    def get(cls) -> "DebitSettings":
        """The one row (made by a migration)."""
        return cls.objects.get(pk=1)


class BatchState(models.TextChoices):
    DRAFT = "draft", "Preview"
    APPROVED = "approved", "Approved"
    SENT = "sent", "Sent"
    DONE = "done", "Completed"
    CANCELLED = "cancelled", "Cancelled"


class DebitBatchQuerySet(models.QuerySet["DebitBatch"]):
    def visible_to(self, user: User) -> "DebitBatchQuerySet":
        return self if user.is_authenticated and user.is_provider_staff else self.none()


class DebitBatch(models.Model):
    """One collection from many payers on one day. Written by `batching` alone; PostgreSQL keeps its states in order.

    `considered` and `due` are of everybody who was looked at: the rows and whoever was left out add up to them. The
    file is stored when it is first made, encrypted, so that it is the same bytes whenever it is downloaded.
    """

    billing_group = models.ForeignKey(
        BillingGroup,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="debit_batches",
        help_text="Empty: everybody",
    )
    action_on = models.DateField("action day")
    asked_on = models.DateField("action day asked for")
    service = models.CharField(max_length=8, choices=Service)
    format = models.CharField("collected by", max_length=12)
    state = models.CharField(max_length=10, choices=BatchState, default=BatchState.DRAFT)
    considered = models.IntegerField(default=0)
    due = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    created_at = models.DateTimeField("prepared")
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField("approved", null=True)
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    sent_at = models.DateTimeField("sent", null=True)
    sent_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    cancelled_at = models.DateTimeField("cancelled", null=True)
    cancelled_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True, help_text="Why it was cancelled")
    file = SecretBytesField(default=b"", blank=True)
    digest = models.CharField(max_length=64, blank=True, default="", help_text="SHA-256 of the file")

    objects = DebitBatchQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "debit order batch", "debit order batches"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=BatchState.values), name="billing_debitbatch_state"),
            models.CheckConstraint(
                condition=Q(service__in=Service.values), name="billing_debitbatch_service"
            ),
            models.CheckConstraint(
                condition=Q(action_on__gte=F("asked_on")), name="billing_debitbatch_action_on"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["sent", "done"]) | Q(sent_at__isnull=False),
                name="billing_debitbatch_sent",
            ),
            models.CheckConstraint(
                condition=~Q(state="cancelled") | Q(cancelled_at__isnull=False) & ~Q(reason=""),
                name="billing_debitbatch_cancelled",
            ),
        ]

    def __str__(self) -> str:
        return self.name_of(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("billing:debit_batch_detail", args=[self.pk])

    @staticmethod
    def name_of(pk: int) -> str:
        """What people and the provider call a batch."""
        return f"DEB-{pk:06}"


class RowState(models.TextChoices):
    DRAFT = "draft", "To be sent"
    SENT = "sent", "Sent"
    ACCEPTED = "accepted", "Accepted"
    REJECTED = "rejected", "Rejected"
    RETURNED = "returned", "Returned"
    CANCELLED = "cancelled", "Taken out"


#: Rows whose money may still come: a payer has one at most.
LIVE = (RowState.DRAFT, RowState.SENT)


class DebitRowQuerySet(models.QuerySet["DebitRow"]):
    def visible_to(self, user: User) -> "DebitRowQuerySet":
        if user.is_authenticated and user.is_provider_staff:
            return self
        return self.filter(payer__in=Customer.objects.visible_to(user))

    def listed(self) -> "DebitRowQuerySet":
        """With what lists show."""
        return self.select_related("payer", "mandate", "batch", "payment").defer(
            "mandate__account_number", "batch__file"
        )

    def live(self) -> "DebitRowQuerySet":
        """Those whose money may still come."""
        return self.filter(state__in=LIVE)


class DebitRow(models.Model):
    """One collection from one payer. Written by `batching` and `settling`; PostgreSQL keeps its states in order.

    An accepted row has its payment. `due` is what was due when it was planned; `note` says why less is collected.
    """

    batch = models.ForeignKey(DebitBatch, models.CASCADE, related_name="rows", db_index=False)
    payer = models.ForeignKey(Customer, models.PROTECT, related_name="debit_rows")
    mandate = models.ForeignKey(Mandate, models.PROTECT, related_name="rows")
    due = models.DecimalField(max_digits=14, decimal_places=2)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    note = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=RowState, default=RowState.DRAFT)
    code = models.CharField("reason code", max_length=10, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    decided_on = models.DateField("result of", null=True, help_text="The day of the result")
    payment = models.OneToOneField(Payment, models.PROTECT, null=True, related_name="debit_row")

    objects = DebitRowQuerySet.as_manager()

    class Meta:
        ordering = ["-batch_id", "id"]
        constraints = [
            # No debt is collected twice: the next row of a payer waits for the result of this one.
            models.UniqueConstraint(
                fields=["payer"], condition=Q(state__in=["draft", "sent"]), name="billing_debitrow_one_live"
            ),
            models.UniqueConstraint(fields=["batch", "payer"], name="billing_debitrow_once_per_batch"),
            models.CheckConstraint(condition=Q(state__in=RowState.values), name="billing_debitrow_state"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, amount__lte=F("due")), name="billing_debitrow_amount"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["accepted", "returned"], payment__isnull=False)
                | ~Q(state__in=["accepted", "returned"]) & Q(payment__isnull=True),
                name="billing_debitrow_payment",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["rejected", "returned", "cancelled"]) | ~Q(reason=""),
                name="billing_debitrow_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-batch"], name="billing_debitrow_waiting"),
        ]

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        return f"{reverse('billing:debit_row_list')}?state=all&q={self.reference}"

    @property
    def reference(self) -> str:
        """What the row is called in files, for ever unique; `results` reads it back."""
        return f"D{self.pk:09}"

    @property
    def source_key(self) -> str:
        """What its payment came from."""
        return f"debit:{self.pk}"


class DebitSkip(models.Model):
    """Somebody a batch leaves out, and why."""

    pk = models.CompositePrimaryKey("batch", "payer")
    batch = models.ForeignKey(DebitBatch, models.CASCADE, related_name="skips", db_index=False)
    payer = models.ForeignKey(Customer, models.PROTECT, related_name="+")
    due = models.DecimalField(max_digits=14, decimal_places=2)
    reason = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason="") & Q(due__gte=0), name="billing_debitskip_reason")
        ]

    def __str__(self) -> str:
        return self.reason
