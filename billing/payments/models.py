"""Payments, and which postings each of them made."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.urls import reverse

from billing.documents.models import Issuer, Party
from billing.ledger.models import Posting
from billing.ledger.posting import BANK, RECEIVED_INTO
from customers.models import Customer
from ispbilling.core.models import User


class Method(models.TextChoices):
    EFT = "eft", "EFT"
    CASH = "cash", "Cash"
    CARD = "card", "Card"
    DEBIT_ORDER = "debit_order", "Debit order"
    GATEWAY = "gateway", "Payment gateway"
    OTHER = "other", "Other"


class PaymentState(models.TextChoices):
    """Where the money of a payment is; read from the row, never stored."""

    CREDITED = "credited", "Credited"
    UNALLOCATED = "unallocated", "Unallocated"
    TAKEN_BACK = "taken_back", "Taken back"


#: The same as conditions on rows.
CREDITED = Q(payer__isnull=False, taken_back_on__isnull=True)
UNALLOCATED = Q(payer__isnull=True, taken_back_on__isnull=True)
TAKEN_BACK = Q(taken_back_on__isnull=False)


class PaymentQuerySet(models.QuerySet["Payment"]):
    def visible_to(self, user: User) -> "PaymentQuerySet":
        if user.is_provider_staff:
            return self
        return self.filter(payer__in=Customer.objects.visible_to(user))

    def listed(self) -> "PaymentQuerySet":
        """With who paid."""
        return self.select_related("payer")

    def unallocated(self) -> "PaymentQuerySet":
        """Money nobody was credited with yet: what lies in the suspense account."""
        return self.filter(UNALLOCATED)


class Payment(models.Model):
    """Money received. Written by `receiving` alone; PostgreSQL refuses to edit what was received.

    `payer` is empty while the money lies in suspense. A payment that was returned, or recorded by mistake, keeps
    its number and has `taken_back_on`. `into_account` is where the money lies: the bank, or what is still to be paid
    out to it. What the ledger says of it (`postings`) agrees with the row at COMMIT.
    """

    year = models.SmallIntegerField()
    number = models.IntegerField()
    receipt = models.CharField("receipt number", max_length=30)
    payer = models.ForeignKey(Customer, models.PROTECT, null=True, related_name="payments", db_index=False)
    # The payer as the receipt names it: since migration 0043, as it was when it was credited.
    party = models.ForeignKey(Party, models.PROTECT, null=True, related_name="+", db_index=False)
    method = models.CharField(max_length=12, choices=Method)
    received_on = models.DateField("received")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    reference = models.CharField(max_length=140, blank=True, help_text="As on the bank statement")
    note = models.CharField(max_length=300, blank=True)
    into_account = models.CharField(max_length=20, default=BANK, db_default=BANK)
    source_key = models.CharField(max_length=120, help_text="What it came from, which is recorded once")
    recorded_at = models.DateTimeField()
    taken_back_on = models.DateField("taken back", null=True)
    # Empty on what was received before it was kept; migration 0033 refuses it for what is received since.
    issuer = models.ForeignKey(Issuer, models.PROTECT, null=True, related_name="+", db_index=False)

    objects = PaymentQuerySet.as_manager()

    class Meta:
        ordering = ["-received_on", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["year", "number"], name="billing_payment_number"),
            models.UniqueConstraint(fields=["receipt"], name="billing_payment_receipt"),
            models.UniqueConstraint(fields=["source_key"], name="billing_payment_source_key"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="billing_payment_amount"),
            models.CheckConstraint(condition=Q(method__in=Method.values), name="billing_payment_method"),
            models.CheckConstraint(
                condition=Q(payer__isnull=False) | Q(party__isnull=True), name="billing_payment_party"
            ),
            models.CheckConstraint(
                condition=Q(into_account__in=RECEIVED_INTO), name="billing_payment_into_account"
            ),
            models.CheckConstraint(
                condition=Q(taken_back_on__isnull=True) | Q(taken_back_on__gte=F("received_on")),
                name="billing_payment_taken_back",
            ),
        ]
        indexes = [
            models.Index(fields=["-received_on", "-id"], name="billing_payment_received"),
            models.Index(fields=["payer", "-received_on"], name="billing_payment_payer"),
            # Read by the Unallocated list and its count.
            models.Index(fields=["received_on"], condition=UNALLOCATED, name="billing_payment_unallocated"),
            # Read by payments.finding.
            GinIndex(OpClass(Upper("reference"), name="gin_trgm_ops"), name="billing_payment_reference"),
        ]

    def __str__(self) -> str:
        return self.receipt

    def get_absolute_url(self) -> str:
        return reverse("billing:payment_detail", args=[self.pk])

    def delete(self, *args: object, **kwargs: object) -> tuple[int, dict[str, int]]:
        raise TypeError("A payment is never deleted; take it back.")

    @property
    def state(self) -> PaymentState:
        if self.taken_back_on is not None:
            return PaymentState.TAKEN_BACK
        return PaymentState.UNALLOCATED if self.payer_id is None else PaymentState.CREDITED


class PaymentPosting(models.Model):
    """One posting that a payment made: received, assigned, released or taken back. Append-only."""

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="postings")
    posting = models.OneToOneField(Posting, models.PROTECT, related_name="of_payment")

    class Meta:
        ordering = ["posting_id"]

    def __str__(self) -> str:
        return f"{self.payment} {self.posting}"
