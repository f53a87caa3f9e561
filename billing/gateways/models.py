"""Accounts at gateways, checkouts, and every delivery of theirs."""

import uuid

from django.db import models
from django.db.models import Q
from django.urls import reverse

from billing.documents.models import Document
from billing.gateways.interface import Kind
from billing.payments.models import Payment
from customers.models import Customer
from ispbilling.core.models import User
from ispbilling.core.secrets import LazySecretField


class GatewayAccount(models.Model):
    """The provider's account at a gateway. Written by `accounts` alone; a row for each gateway there is."""

    name = models.CharField(max_length=20, unique=True)
    enabled = models.BooleanField("on", default=False)
    sandbox = models.BooleanField(default=True)
    merchant_id = models.CharField("merchant ID", max_length=20, blank=True, default="")
    merchant_key = LazySecretField(blank=True, default="")
    passphrase = LazySecretField(blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(enabled=False) | ~Q(merchant_id=""), name="billing_gatewayaccount_merchant"
            )
        ]

    def __str__(self) -> str:
        return self.name


class CheckoutState(models.TextChoices):
    OPEN = "open", "Waiting"
    PAID = "paid", "Paid"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Expired"


class CheckoutQuerySet(models.QuerySet["Checkout"]):
    def visible_to(self, user: User) -> "CheckoutQuerySet":
        return self if user.is_authenticated and user.is_provider_staff else self.none()


class Checkout(models.Model):
    """Somebody went to pay online. Written by `checkouts` alone.

    `token` is known to the payer and the gateway. Money that comes late still pays it, whatever the state was; PAID is
    final. `payment` is the first that came; whoever pays twice has another with the same payer.
    """

    token = models.UUIDField(unique=True, default=uuid.uuid4)
    gateway = models.CharField(max_length=20)
    sandbox = models.BooleanField()
    payer = models.ForeignKey(Customer, models.PROTECT, related_name="checkouts")
    document = models.ForeignKey(Document, models.PROTECT, null=True, related_name="+")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    state = models.CharField(max_length=10, choices=CheckoutState, default=CheckoutState.OPEN)
    created_at = models.DateTimeField("started")
    finished_at = models.DateTimeField("finished", null=True)
    payment = models.OneToOneField(Payment, models.PROTECT, null=True, related_name="checkout")

    objects = CheckoutQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "online payment"
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="billing_checkout_amount"),
            models.CheckConstraint(
                condition=Q(state__in=CheckoutState.values), name="billing_checkout_state"
            ),
            models.CheckConstraint(
                condition=Q(state="open", finished_at__isnull=True)
                | ~Q(state="open") & Q(finished_at__isnull=False),
                name="billing_checkout_finished",
            ),
            models.CheckConstraint(
                condition=Q(state="paid", payment__isnull=False) | ~Q(state="paid") & Q(payment__isnull=True),
                name="billing_checkout_payment",
            ),
        ]
        indexes = [
            # Read by the sweep that expires them.
            models.Index(fields=["created_at"], condition=Q(state="open"), name="billing_checkout_open"),
        ]

    def __str__(self) -> str:
        return f"Online payment {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("billing:checkout_detail", args=[self.pk])


class Outcome(models.TextChoices):
    """What became of a delivery."""

    POSTED = "posted", "Payment recorded"
    SUSPENSE = "suspense", "Unallocated"
    RETURNED = "returned", "Payment taken back"
    NOTED = "noted", "Noted"
    REPEATED = "repeated", "Came before"
    REFUSED = "refused", "Refused"
    LATER = "later", "To come again"


#: The outcomes that count an event; it is counted once, however often it is delivered.
COUNTED = (Outcome.POSTED, Outcome.SUSPENSE, Outcome.RETURNED, Outcome.NOTED)


class DeliveryQuerySet(models.QuerySet["GatewayDelivery"]):
    def visible_to(self, user: User) -> "DeliveryQuerySet":
        return self if user.is_authenticated and user.is_provider_staff else self.none()


class GatewayDelivery(models.Model):
    """One request that said to come from a gateway: what it told, what of it was verified, what became of it.

    Append-only; written by `callbacks`. `fields` and `checks` hold no secret and nothing personal.
    """

    gateway = models.CharField(max_length=20)
    received_at = models.DateTimeField("received")
    source = models.CharField("from", max_length=45)
    checkout = models.ForeignKey(Checkout, models.PROTECT, null=True, related_name="deliveries")
    payment = models.ForeignKey(Payment, models.PROTECT, null=True, related_name="deliveries")
    external_id = models.CharField("payment there", max_length=60, blank=True)
    status = models.CharField(max_length=30, blank=True)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.OTHER)
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    fee = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    fields = models.JSONField(default=dict)
    checks = models.JSONField(default=dict)
    outcome = models.CharField(max_length=10, choices=Outcome)
    reason = models.CharField(max_length=300, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "delivery"
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["gateway", "external_id", "status"],
                condition=Q(outcome__in=["posted", "suspense", "returned", "noted"]),
                name="billing_gatewaydelivery_counted_once",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=Outcome.values), name="billing_gatewaydelivery_outcome"
            ),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="billing_gatewaydelivery_kind"),
            models.CheckConstraint(
                condition=Q(payment__isnull=False) | ~Q(outcome__in=["posted", "suspense", "returned"]),
                name="billing_gatewaydelivery_payment",
            ),
        ]
        indexes = [
            # Read by the limit on what strangers can have us store, and by the count on the list.
            models.Index(
                fields=["received_at"], condition=Q(outcome="refused"), name="billing_gatewaydelivery_no"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.external_id} {self.status}".strip()

    def get_absolute_url(self) -> str:
        return reverse("billing:delivery_detail", args=[self.pk])
