"""Imported bank statements and their lines."""

from django.db import models
from django.db.models import Q
from django.urls import reverse

from billing.ledger.models import Posting
from billing.ledger.posting import DEBIT_CLEARING, GATEWAY_CLEARING
from billing.payments.models import Payment
from ispbilling.core.models import User
from ispbilling.core.money import ZERO
from ispbilling.core.secrets import SecretField


class BankImportState(models.TextChoices):
    PREVIEWED = "previewed", "Preview"
    POSTING = "posting", "Being posted"
    POSTED = "posted", "Posted"
    UNDOING = "undoing", "Being undone"
    UNDONE = "undone", "Undone"


class BankImportQuerySet(models.QuerySet["BankImport"]):
    def visible_to(self, user: User) -> "BankImportQuerySet":
        return self if user.is_authenticated and user.is_provider_staff else self.none()


class BankImport(models.Model):
    """One file of a bank. Nothing is posted before its preview is confirmed. Written by `importing` alone.

    `table` and `columns` are of a CSV file, as JSON; the table is forgotten once its lines are posted.
    """

    name = models.CharField("file", max_length=200)
    kind = models.CharField("format", max_length=10)
    state = models.CharField(max_length=10, choices=BankImportState, default=BankImportState.PREVIEWED)
    created_at = models.DateTimeField("uploaded")
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    table = SecretField(blank=True, default="")
    columns = models.JSONField(null=True)
    problems = models.JSONField(default=list)
    outgoing = models.IntegerField(
        "money out", default=0, help_text="Lines of money that went out, left alone"
    )

    objects = BankImportQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=BankImportState.values), name="billing_bankimport_state"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("billing:bank_import_detail", args=[self.pk])


class BankLineState(models.TextChoices):
    NEW = "new", "To be posted"
    KNOWN = "known", "Posted before"
    LEFT_OUT = "left_out", "Left out"
    POSTED = "posted", "Posted"
    REFUSED = "refused", "Refused"
    UNDONE = "undone", "Undone"


class BankLine(models.Model):
    """Money that came in, as the bank tells it. A line is posted once, whichever files it stands in.

    It becomes a payment, or with `payout_of` (the code of a clearing account) a posting of its own.
    """

    bank_import = models.ForeignKey(BankImport, models.CASCADE, related_name="lines")
    number = models.IntegerField("row")
    booked_on = models.DateField("date")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    reference = models.CharField(max_length=140, blank=True)
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=BankLineState, default=BankLineState.NEW)
    payment = models.OneToOneField(Payment, models.PROTECT, null=True, related_name="bank_line")
    payout_of = models.CharField("pay-out of", max_length=20, blank=True, default="", db_default="")
    payout_fee = models.DecimalField("fee", max_digits=14, decimal_places=2, default=ZERO, db_default=ZERO)
    posting = models.OneToOneField(Posting, models.PROTECT, null=True, related_name="of_bank_line")
    refusal = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["number", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["digest"], condition=Q(state="posted"), name="billing_bankline_posted_once"
            ),
            models.UniqueConstraint(fields=["bank_import", "digest"], name="billing_bankline_once_per_file"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="billing_bankline_amount"),
            models.CheckConstraint(
                condition=Q(state__in=BankLineState.values), name="billing_bankline_state"
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=["posted", "undone"], payment__isnull=False, posting__isnull=True, payout_of=""
                )
                | Q(state__in=["posted", "undone"], payment__isnull=True, posting__isnull=False)
                & ~Q(payout_of="")
                | Q(payment__isnull=True, posting__isnull=True) & ~Q(state__in=["posted", "undone"]),
                name="billing_bankline_payment",
            ),
            models.CheckConstraint(
                condition=Q(payout_of__in=["", GATEWAY_CLEARING, DEBIT_CLEARING]),
                name="billing_bankline_payout_of",
            ),
            models.CheckConstraint(
                condition=Q(payout_fee=0) | Q(payout_fee__gt=0) & ~Q(payout_of=""),
                name="billing_bankline_payout_fee",
            ),
        ]
        indexes = [models.Index(fields=["bank_import", "number"], name="billing_bankline_number")]

    def __str__(self) -> str:
        return f"{self.booked_on} {self.reference}"
