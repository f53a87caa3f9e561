"""Mandates: the authority to collect from a bank account."""

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.urls import reverse

from customers.models import Customer
from ispbilling.core.models import User
from ispbilling.core.money import CENT
from ispbilling.core.secrets import LazySecretField

#: Of account references in the master file (Netcash field 101): more than four characters, at most 22.
REFERENCE_RULE = RegexValidator(r"^[A-Z0-9/_-]{5,22}$", "5 to 22 of A-Z, 0-9, - / _")
BRANCH_RULE = RegexValidator(r"^[0-9]{6}$", "Six digits")


class AccountType(models.TextChoices):
    CURRENT = "current", "Current (cheque)"
    SAVINGS = "savings", "Savings"
    TRANSMISSION = "transmission", "Transmission"


class MandateState(models.TextChoices):
    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"
    CANCELLED = "cancelled", "Cancelled"


class MandateQuerySet(models.QuerySet["Mandate"]):
    def visible_to(self, user: User) -> "MandateQuerySet":
        return self if user.is_authenticated and user.is_provider_staff else self.none()

    def standing(self) -> "MandateQuerySet":
        """Not cancelled; a customer has one at most."""
        return self.exclude(state=MandateState.CANCELLED)


class Mandate(models.Model):
    """A customer's authority to collect from its bank account. Written by `mandates` alone.

    The account number is encrypted; `ending` are its last three digits, by which people know it. The reference names
    the account in the master file of whoever collects, and is never given to another mandate.
    """

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="mandates")
    reference = models.CharField(max_length=22, validators=[REFERENCE_RULE])
    holder = models.CharField("account holder", max_length=60)
    bank = models.CharField(max_length=60)
    branch_code = models.CharField(max_length=6, validators=[BRANCH_RULE])
    account_number = LazySecretField()
    ending = models.CharField(max_length=3)
    account_type = models.CharField(max_length=12, choices=AccountType, default=AccountType.CURRENT)
    signed_on = models.DateField("signed")
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True, help_text="Empty: until it is cancelled")
    maximum = models.DecimalField(
        "most per collection",
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(CENT)],
        help_text="As the mandate says; empty: whatever is due",
    )
    state = models.CharField(max_length=10, choices=MandateState, default=MandateState.ACTIVE)
    reason = models.CharField(max_length=200, blank=True, help_text="Why it is paused or cancelled")
    created_at = models.DateTimeField()

    objects = MandateQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                Upper("reference"),
                name="billing_mandate_reference_ci",
                violation_error_message="Another mandate has this reference.",
            ),
            models.UniqueConstraint(
                fields=["customer"],
                condition=~Q(state="cancelled"),
                name="billing_mandate_one_standing",
                violation_error_message="The customer has a mandate already; cancel that first.",
            ),
            models.CheckConstraint(
                condition=Q(reference__regex=r"^[A-Z0-9/_-]{5,22}$"), name="billing_mandate_reference"
            ),
            models.CheckConstraint(
                condition=Q(branch_code__regex=r"^[0-9]{6}$"),
                name="billing_mandate_branch_code",
                violation_error_message="A branch code has six digits.",
            ),
            models.CheckConstraint(
                condition=Q(account_type__in=AccountType.values), name="billing_mandate_account_type"
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from")),
                name="billing_mandate_days",
                violation_error_message="The last day is before the first.",
            ),
            models.CheckConstraint(
                condition=Q(maximum__isnull=True) | Q(maximum__gt=0), name="billing_mandate_maximum"
            ),
            models.CheckConstraint(
                condition=Q(state="active") | Q(state__in=["paused", "cancelled"]) & ~Q(reason=""),
                name="billing_mandate_state",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        return reverse("billing:mandate_detail", args=[self.pk])

    @property
    def account(self) -> str:
        """The account as pages show it."""
        return f"{self.bank} •••{self.ending}" if self.ending else self.bank
